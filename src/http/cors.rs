//! Which web pages of other origins may call the API.

use std::time::Duration;

use axum::http::{HeaderName, Method, header};
use tower_http::cors::CorsLayer;

use super::idempotency::IDEMPOTENCY_KEY;
use super::position::X_TAPE_POSITION;
use super::request_id::X_REQUEST_ID;
use super::sse::LAST_EVENT_ID;
use crate::config::Origin;

/// How long browsers may remember what they were told.
const REMEMBERED: Duration = Duration::from_secs(600);

/// Pages of these origins, with cookies; nobody else. Nothing where there are none.
pub(super) fn layer(origins: &[Origin]) -> Option<CorsLayer> {
    let origins: Vec<_> = origins.iter().filter_map(Origin::header).collect();
    if origins.is_empty() {
        return None;
    }
    let layer = CorsLayer::new()
        .allow_origin(origins)
        .allow_credentials(true)
        .allow_methods([Method::GET, Method::HEAD, Method::POST, Method::PUT, Method::PATCH, Method::DELETE])
        .allow_headers([
            header::AUTHORIZATION,
            header::CONTENT_TYPE,
            header::IF_MATCH,
            header::IF_NONE_MATCH,
            HeaderName::from_static("x-csrf-token"),
            IDEMPOTENCY_KEY,
            LAST_EVENT_ID,
            X_REQUEST_ID,
            X_TAPE_POSITION,
        ])
        .expose_headers([
            header::ETAG,
            header::LOCATION,
            header::RETRY_AFTER,
            HeaderName::from_static("ratelimit-limit"),
            HeaderName::from_static("ratelimit-remaining"),
            HeaderName::from_static("ratelimit-reset"),
            X_REQUEST_ID,
            X_TAPE_POSITION,
        ])
        .max_age(REMEMBERED);
    Some(layer)
}
