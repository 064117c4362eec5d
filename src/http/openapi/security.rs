//! With what operations are asked: an access token or an API key, unless anybody may call them.

use serde_json::{Value, json};

use super::members;
use crate::http::access::DECLARATION;

/// Says of every operation what it wants to be shown, so that the documentation's page can send it.
pub(super) fn add(document: &mut Value) {
    if let Some(components) = document.get_mut("components").and_then(Value::as_object_mut) {
        components.insert("securitySchemes".to_owned(), schemes());
    }
    for (_, operations) in members(document.get_mut("paths")) {
        for (_, operation) in members(Some(operations)) {
            let wanted = match is_public(operation) {
                true => json!([]),
                false => json!([{ "access_token": [] }, { "api_key": [] }]),
            };
            if let Some(operation) = operation.as_object_mut() {
                operation.insert("security".to_owned(), wanted);
            }
        }
    }
}

/// Whether anybody may call an operation.
pub(super) fn is_public(operation: &Value) -> bool {
    operation.get(DECLARATION).is_some_and(|access| access == "public")
}

fn schemes() -> Value {
    json!({
        "access_token": {
            "type": "http",
            "scheme": "bearer",
            "description": "The `access_token` that signing in answered with",
        },
        "api_key": {
            "type": "apiKey",
            "in": "header",
            "name": "X-API-Key",
            "description": "A key of `POST /auth/api-keys`, for programs",
        },
    })
}
