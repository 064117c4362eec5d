//! Request ids: accepted from the caller or made, echoed in header, body, logs and in the metadata of events.

use axum::extract::Request;
use axum::http::{HeaderName, HeaderValue};
use axum::middleware::Next;
use axum::response::Response;
use events::RequestId;

/// The header that carries the id, both ways.
pub const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Gives the request an id and the response the same one. One that cannot be an id ([`RequestId`] says which can) is
/// replaced: it would be written into logs.
pub async fn assign(mut request: Request, next: Next) -> Response {
    let given = request.headers().get(X_REQUEST_ID).and_then(|value| value.to_str().ok()?.parse().ok());
    let id = given.unwrap_or_else(RequestId::generate);
    request.extensions_mut().insert(id);
    let mut response = next.run(request).await;
    if let Ok(value) = HeaderValue::from_str(&id.to_string()) {
        response.headers_mut().insert(X_REQUEST_ID, value);
    }
    response
}
