//! The description of the API: made from the code, served as a document and as pages that work offline.

use std::collections::BTreeMap;

use axum::response::IntoResponse;
use axum::{Json, Router};
use serde_json::{Value, json};
use utoipa::OpenApi;
use utoipa_swagger_ui::{Config, SwaggerUi};

use super::answer::Meta;
use super::problem::{PROBLEM_JSON, Problem};
use super::state::Api;

/// Where the document is.
pub const PATH: &str = "/api/v1/openapi.json";
/// Where the pages are.
const PAGES: &str = "/docs";

#[derive(OpenApi)]
#[openapi(
    info(
        title = "tapedeck",
        description = "An event-sourced backend for portfolios and AI trading strategies: every number can be \
            replayed and explained.\n\nMoney, prices and quantities are decimal strings; statistics are numbers, and \
            null with a reason where they cannot be computed; ratios are fractions. Instants are RFC 3339 in UTC. \
            Every failure is a problem document (RFC 9457) with a stable `code`.",
        license(name = "MIT")
    ),
    tags(
        (name = "models", description = "Trading models: what trades, with what, under which rules"),
        (name = "runs", description = "Runs: a model executed over a range of bars"),
        (name = "market", description = "Prices"),
        (name = "events", description = "The event log"),
        (name = "streams", description = "The event log by what it is about"),
        (name = "operations", description = "Read models and actors"),
        (name = "health", description = "Whether the process lives and can serve"),
    ),
    components(schemas(Problem, Meta))
)]
struct Frame;

/// The document without its paths.
pub(super) fn frame() -> utoipa::openapi::OpenApi {
    Frame::openapi()
}

/// The whole document. Failures that the conventions give every operation are added here, once, instead of beside
/// every handler.
pub fn document() -> Value {
    let document = super::routes().into_openapi();
    // A document made of derived parts always serializes.
    let mut document = serde_json::to_value(document).unwrap_or_default();
    refer(&mut document);
    for (path, operations) in members(document.get_mut("paths")) {
        for (method, operation) in members(Some(operations)) {
            let kinds = kinds_of(path, method, operation);
            if let Some(responses) = operation.get_mut("responses").and_then(Value::as_object_mut) {
                for (status, description) in kinds {
                    responses.entry(status).or_insert_with(|| problem(description));
                }
            }
        }
    }
    document
}

/// Lets envelopes refer to the schemas that they carry, which the derivation copies into each of them.
fn refer(document: &mut Value) {
    let Some(schemas) = document.pointer_mut("/components/schemas").and_then(Value::as_object_mut) else {
        return;
    };
    let known: Vec<String> = schemas.keys().cloned().collect();
    for (name, envelope) in schemas {
        let Some(carried) = name.strip_prefix("Envelope_") else { continue };
        let (carried, place) = match carried.strip_prefix("Vec_") {
            Some(item) => (item, "/properties/data/items"),
            None => (carried, "/properties/data"),
        };
        if known.iter().any(|name| name == carried)
            && let Some(copy) = envelope.pointer_mut(place)
        {
            *copy = json!({ "$ref": format!("#/components/schemas/{carried}") });
        }
    }
}

fn members(value: Option<&mut Value>) -> impl Iterator<Item = (&String, &mut Value)> {
    value.and_then(Value::as_object_mut).into_iter().flatten()
}

/// Which failures an operation can answer with.
fn kinds_of(path: &str, method: &str, operation: &Value) -> BTreeMap<&'static str, &'static str> {
    let mut kinds = BTreeMap::from([
        ("500", "Something failed on our side; it is in the log under the request's id"),
        (
            "503",
            "A dependency, a read model or a place for the stream is missing; `Retry-After` says when to try again",
        ),
        ("504", "There was no answer in time"),
    ]);
    if path.contains('{') {
        kinds.insert("404", "There is no such thing");
    }
    if !path.starts_with("/api/v1/health") {
        kinds.insert("422", "Fields, parameters or headers break rules; `errors` lists all of them");
    }
    if operation.get("requestBody").is_some() {
        kinds.insert("400", "The body is not JSON");
        kinds.insert("413", "The body is too large");
        kinds.insert("415", "The body is not declared as JSON");
    }
    if method != "get" {
        kinds.insert("409", "It changed at the same time, or its state forbids this");
        kinds.insert("429", "Too much is waiting; `Retry-After` says when to try again");
    }
    kinds
}

fn problem(description: &str) -> Value {
    json!({
        "description": description,
        "content": { PROBLEM_JSON: { "schema": { "$ref": "#/components/schemas/Problem" } } }
    })
}

/// `GET /api/v1/openapi.json`
pub(super) async fn serve() -> impl IntoResponse {
    Json(document())
}

/// `GET /docs`
pub(super) fn pages() -> Router<Api> {
    SwaggerUi::new(PAGES).config(Config::from(PATH)).into()
}
