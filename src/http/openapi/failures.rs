//! The failures that the conventions give every operation: described once, and added to each by code.

use serde_json::{Value, json};

use super::members;
use super::security::is_public;
use crate::http::problem::PROBLEM_JSON;

/// A failure, and which operations can answer with it.
struct Failure {
    name: &'static str,
    status: &'static str,
    code: &'static str,
    title: &'static str,
    description: &'static str,
    /// Headers beside those of every answer.
    headers: &'static [&'static str],
    of: fn(&Operation) -> bool,
}

/// What decides which failures an operation has.
struct Operation {
    /// Nobody calls it without an account, or its body holds what proves who asks.
    asks_who: bool,
    /// The path or the body names something that need not exist.
    names_something: bool,
    has_body: bool,
    is_read: bool,
    is_conditional: bool,
    checks_its_input: bool,
}

/// Headers of every answer.
const ALWAYS: &[&str] = &["X-Request-Id", "RateLimit-Limit", "RateLimit-Remaining", "RateLimit-Reset"];

/// Name, type and meaning of headers.
const HEADERS: &[(&str, &str, &str)] = &[
    ("X-Request-Id", "string", "The request, as in the logs and in the events it caused"),
    ("RateLimit-Limit", "integer", "Requests a minute"),
    ("RateLimit-Remaining", "integer", "Requests that are left now"),
    ("RateLimit-Reset", "integer", "Seconds until all of them are there again"),
    ("Retry-After", "integer", "Seconds after which to try again"),
];

const FAILURES: &[Failure] = &[
    Failure {
        name: "Malformed",
        status: "400",
        code: "malformed_json",
        title: "The body is not JSON",
        description: "The body is not JSON, or ended early",
        headers: &[],
        of: |operation| operation.has_body,
    },
    Failure {
        name: "NotSignedIn",
        status: "401",
        code: "not_signed_in",
        title: "You are not signed in",
        description: "Nothing says who asks, or what says so is wrong, has expired or was revoked",
        headers: &[],
        of: |operation| operation.asks_who,
    },
    Failure {
        name: "NotAllowed",
        status: "403",
        code: "role_needed",
        title: "Your role is not enough",
        description: "You may not do this: `code` says whether role, scope, invitation, link or CSRF token is missing",
        headers: &[],
        of: |operation| operation.asks_who,
    },
    Failure {
        name: "NotFound",
        status: "404",
        code: "not_found",
        title: "There is no such thing",
        description: "There is no such thing",
        headers: &[],
        of: |operation| operation.names_something,
    },
    Failure {
        name: "NotAcceptable",
        status: "406",
        code: "not_acceptable",
        title: "There is no answer in that form",
        description: "`Accept` names nothing in which this is answered",
        headers: &[],
        of: |_| true,
    },
    Failure {
        name: "SlowBody",
        status: "408",
        code: "body_too_slow",
        title: "The body came too slowly",
        description: "The body did not arrive in time",
        headers: &[],
        of: |operation| operation.has_body,
    },
    Failure {
        name: "Conflict",
        status: "409",
        code: "conflict",
        title: "It changed at the same time",
        description: "It changed at the same time, or its state forbids this",
        headers: &[],
        of: |operation| !operation.is_read,
    },
    Failure {
        name: "OtherVersion",
        status: "412",
        code: "version_mismatch",
        title: "It has changed since you read it",
        description: "It has another version than `If-Match` says",
        headers: &[],
        of: |operation| operation.is_conditional,
    },
    Failure {
        name: "TooLarge",
        status: "413",
        code: "body_too_large",
        title: "The body is too large",
        description: "The body is too large",
        headers: &[],
        of: |operation| !operation.is_read,
    },
    Failure {
        name: "QueryTooLong",
        status: "414",
        code: "query_too_long",
        title: "The query is too long",
        description: "The query is too long",
        headers: &[],
        of: |_| true,
    },
    Failure {
        name: "NotJson",
        status: "415",
        code: "unsupported_media_type",
        title: "The body must be JSON, or a form",
        description: "The body is not declared as what the operation takes: JSON, or a form",
        headers: &[],
        of: |operation| !operation.is_read,
    },
    Failure {
        name: "Invalid",
        status: "422",
        code: "validation_failed",
        title: "The request is not valid",
        description: "Fields, parameters or headers break rules; `errors` lists all of them",
        headers: &[],
        of: |operation| operation.checks_its_input,
    },
    Failure {
        name: "TooMany",
        status: "429",
        code: "rate_limited",
        title: "Too many requests in too short a time",
        description: "You ask too often, or too much is waiting; `Retry-After` says when to try again",
        headers: &["Retry-After"],
        of: |_| true,
    },
    Failure {
        name: "HeadersTooLarge",
        status: "431",
        code: "headers_too_large",
        title: "The headers are too large",
        description: "The headers are too many or too large",
        headers: &[],
        of: |_| true,
    },
    Failure {
        name: "Internal",
        status: "500",
        code: "internal",
        title: "Something failed on our side",
        description: "Something failed on our side; it is in the log under the request's id",
        headers: &[],
        of: |_| true,
    },
    Failure {
        name: "Unavailable",
        status: "503",
        code: "unavailable",
        title: "The database is not available",
        description: "A dependency, a read model or a place for the stream is missing; `Retry-After` says when to try \
            again",
        headers: &["Retry-After"],
        of: |_| true,
    },
    Failure {
        name: "Timeout",
        status: "504",
        code: "timeout",
        title: "There was no answer in time",
        description: "There was no answer in time",
        headers: &["Retry-After"],
        of: |_| true,
    },
];

/// Adds to every operation what it shares with others: failures, the answer to who has it already, headers.
pub(super) fn add(document: &mut Value) {
    if let Some(components) = document.get_mut("components").and_then(Value::as_object_mut) {
        let mut responses: Value =
            FAILURES.iter().map(|failure| (failure.name.to_owned(), shown(failure))).collect();
        if let Some(responses) = responses.as_object_mut() {
            let description = "It is as the `ETag` says that you have";
            let not_modified = json!({ "description": description, "headers": references(ALWAYS) });
            responses.insert("NotModified".to_owned(), not_modified);
        }
        components.insert("responses".to_owned(), responses);
        components.insert("headers".to_owned(), HEADERS.iter().map(header).collect());
    }
    for (path, operations) in members(document.get_mut("paths")) {
        for (method, operation) in members(Some(operations)) {
            complete(path, method, operation);
        }
    }
}

fn complete(path: &str, method: &str, operation: &mut Value) {
    let is_conditional = named(operation, "If-Match");
    let facts = Operation {
        asks_who: !is_public(operation) || path.starts_with("/api/v1/auth/"),
        names_something: path.contains('{') || path.ends_with("/impersonations"),
        has_body: operation.get("requestBody").is_some(),
        is_read: method == "get",
        is_conditional,
        checks_its_input: !path.starts_with("/api/v1/health"),
    };
    let Some(responses) = operation.get_mut("responses").and_then(Value::as_object_mut) else { return };
    let streams =
        responses.values().any(|response| response.pointer("/content/text~1event-stream").is_some());
    for response in responses.values_mut().filter_map(Value::as_object_mut) {
        let headers = response.entry("headers").or_insert_with(|| json!({}));
        for (name, reference) in members(Some(&mut references(ALWAYS))) {
            if let Some(headers) = headers.as_object_mut() {
                headers.entry(name.clone()).or_insert_with(|| reference.clone());
            }
        }
    }
    for failure in FAILURES.iter().filter(|failure| (failure.of)(&facts)) {
        responses.entry(failure.status).or_insert_with(|| reference("responses", failure.name));
    }
    if facts.is_read && !streams {
        responses.entry("304").or_insert_with(|| reference("responses", "NotModified"));
        let parameters = operation.as_object_mut().map(|operation| operation.entry("parameters"));
        if let Some(Value::Array(parameters)) = parameters.map(|entry| entry.or_insert_with(|| json!([]))) {
            parameters.push(reference("parameters", "IfNoneMatch"));
        }
    }
}

/// The parameters that operations share.
pub(super) fn parameters() -> Value {
    json!({ "IfNoneMatch": {
        "name": "If-None-Match",
        "in": "header",
        "description": "The `ETag` of an answer that you have; if nothing has changed since, the answer is 304 without a body.",
        "required": false,
        "schema": { "type": "string" },
        "example": "\"3\"",
    } })
}

fn named(operation: &Value, parameter: &str) -> bool {
    let parameters = operation.get("parameters").and_then(Value::as_array);
    parameters.into_iter().flatten().any(|one| one.get("name").is_some_and(|name| name == parameter))
}

fn reference(kind: &str, name: &str) -> Value {
    json!({ "$ref": format!("#/components/{kind}/{name}") })
}

fn references(headers: &[&str]) -> Value {
    headers.iter().map(|name| ((*name).to_owned(), reference("headers", name))).collect()
}

fn header((name, kind, description): &(&str, &str, &str)) -> (String, Value) {
    let required = ALWAYS.contains(name);
    let shown = json!({ "description": description, "required": required, "schema": { "type": kind } });
    ((*name).to_owned(), shown)
}

fn shown(Failure { status, code, title, description, headers, .. }: &Failure) -> Value {
    let status: u16 = status.parse().unwrap_or_default();
    let example = json!({
        "type": format!("urn:tapedeck:problem:{code}"),
        "title": title,
        "status": status,
        "detail": description,
        "instance": "/api/v1/models",
        "code": code,
        "request_id": "01988d2f-6c3b-7f10-9d5e-3c1b6a1f0e77",
    });
    json!({
        "description": description,
        "headers": references(&[ALWAYS, headers].concat()),
        "content": { PROBLEM_JSON: {
            "schema": { "$ref": "#/components/schemas/Problem" },
            "example": example,
        } }
    })
}
