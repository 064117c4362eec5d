//! Failures as problem documents (RFC 9457): one place writes every one of them, and logs those that are our fault.

use axum::body::Body;
use axum::extract::Request;
use axum::http::{HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use events::RequestId;
use events::causes::whole_chain;
use events::policy::FieldError;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::error::ApiError;

/// The media type of problem documents.
pub const PROBLEM_JSON: &str = "application/problem+json";

/// Why a request failed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Problem {
    /// A name for this kind of problem: `urn:tapedeck:problem:` and the code.
    #[serde(rename = "type")]
    #[schema(example = "urn:tapedeck:problem:validation_failed")]
    pub kind: String,
    /// The kind of problem in words; the same for every occurrence.
    #[schema(example = "The request is not valid")]
    pub title: String,
    /// The HTTP status.
    #[schema(example = 422)]
    pub status: u16,
    /// What went wrong this time.
    #[schema(example = "2 fields are not valid")]
    pub detail: String,
    /// The path that was asked for.
    #[schema(example = "/api/v1/models")]
    pub instance: String,
    /// The kind of problem for programs; never changes.
    #[schema(example = "validation_failed")]
    pub code: String,
    /// The request, as in the logs.
    #[schema(value_type = String, example = "01988d2f-6c3b-7f10-9d5e-3c1b6a1f0e77")]
    pub request_id: RequestId,
    /// Everything that is wrong with the request, not only the first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<FieldProblem>,
}

/// One thing that is wrong with a request.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct FieldProblem {
    /// The field of the body, the parameter or the header: `policy.parameters.fast`.
    #[schema(example = "initial_cash")]
    pub field: String,
    /// The broken rule for programs: `required`, `unknown`, `invalid`, `out_of_range`, `too_long`, …
    #[schema(example = "out_of_range")]
    pub code: String,
    /// The broken rule for people.
    #[schema(example = "must be above 0 and at most 1000000000000, not -5")]
    pub message: String,
    /// The row, counted from 1, where the field is one of many.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub row: Option<u64>,
    /// What was sent, where the field is the cell of a table.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<String>,
    /// The number of the broken rule in the list of import rules (`ERR_POS_…`, `ERR_CSV_…`), where it has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rule: Option<String>,
}

impl FieldProblem {
    /// A broken rule of `field`.
    pub fn new(field: impl Into<String>, code: &str, message: impl ToString) -> Self {
        Self { field: field.into(), code: code.to_owned(), message: message.to_string(), ..Self::default() }
    }
}

impl From<FieldError> for FieldProblem {
    fn from(error: FieldError) -> Self {
        // People count from 1.
        let row = error.row.and_then(|row| u64::try_from(row).ok()).map(|row| row.saturating_add(1));
        Self { field: error.field, code: error.code, message: error.message, row, ..Self::default() }
    }
}

/// A failure on its way to [`write`], which knows the request.
#[derive(Debug, Clone)]
struct Failed(std::sync::Arc<ApiError>);

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let mut response = self.description().status.into_response();
        response.extensions_mut().insert(Failed(std::sync::Arc::new(self)));
        response
    }
}

/// Turns every failure into a problem document, whoever answered it: a handler, an extractor, the router.
pub async fn write(request: Request, next: Next) -> Response {
    let instance = request.uri().path().to_owned();
    let request_id = request.extensions().get().copied().unwrap_or_else(RequestId::generate);
    let response = next.run(request).await;
    let status = response.status();
    let failure = match response.extensions().get::<Failed>() {
        Some(Failed(failure)) => failure.clone(),
        None if !(status.is_client_error() || status.is_server_error()) => return response,
        // A handler that answers in full says enough: what is ready, and what is not.
        None if is_json(&response) => return response,
        None => ApiError::Status(status).into(),
    };
    let description = failure.description();
    let chain = whole_chain(&*failure);
    match description.status {
        // Somebody should act.
        StatusCode::INTERNAL_SERVER_ERROR => {
            tracing::error!(request.id = %request_id, http.path = instance, code = description.code, "{chain}");
        }
        // It passes by itself, unless it does not.
        status if status.is_server_error() => {
            tracing::warn!(request.id = %request_id, http.path = instance, code = description.code, "{chain}");
        }
        _ => {}
    }
    let problem = Problem {
        kind: format!("urn:tapedeck:problem:{}", description.code),
        title: description.title.to_owned(),
        status: description.status.as_u16(),
        detail: failure.detail(),
        instance,
        code: description.code.to_owned(),
        request_id,
        errors: failure.fields(),
    };
    finish(response, description.status, failure.retry_after_s(), &problem)
}

fn is_json(response: &Response) -> bool {
    response.headers().get(header::CONTENT_TYPE).is_some_and(|kind| kind == "application/json")
}

fn finish(response: Response, status: StatusCode, retry_after_s: Option<u64>, problem: &Problem) -> Response {
    let (mut parts, _) = response.into_parts();
    parts.status = status;
    // What the router says beside the body stays: `Allow` with a 405.
    parts.headers.remove(header::CONTENT_LENGTH);
    parts.headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(PROBLEM_JSON));
    if matches!(status, StatusCode::PAYLOAD_TOO_LARGE | StatusCode::REQUEST_TIMEOUT) {
        // The body was not read to its end, so the next request over this connection would run into what is left of it.
        parts.headers.insert(header::CONNECTION, HeaderValue::from_static("close"));
    }
    if status == StatusCode::UNAUTHORIZED {
        parts.headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
    }
    if let Some(seconds) = retry_after_s {
        parts.headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    }
    // A document of texts and numbers always serializes.
    let body = serde_json::to_vec(problem).unwrap_or_default();
    Response::from_parts(parts, Body::from(body))
}
