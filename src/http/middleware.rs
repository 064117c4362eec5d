//! What surrounds every request: a span and a line in the log, a time limit, and headers that keep browsers careful.

use std::any::Any;

use axum::extract::{MatchedPath, Request, State};
use axum::http::{HeaderName, HeaderValue, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use events::RequestId;
use tokio::time::Instant;
use tracing::Instrument;

use super::error::ApiError;
use super::state::Api;
use crate::telemetry::metrics::{RouteLabels, method_name};

/// One span a request, named by its route, and one line when its answer begins.
pub async fn trace(State(api): State<Api>, request: Request, next: Next) -> Response {
    let id = request.extensions().get().copied().unwrap_or_else(RequestId::generate);
    let route = request.extensions().get::<MatchedPath>().map_or("", MatchedPath::as_str).to_owned();
    let method = request.method().clone();
    let span = tracing::info_span!("request", request.id = %id, http.method = %method, http.route = route);
    async move {
        let begin = Instant::now();
        let underway = Underway::begin(&api);
        let response = next.run(request).await;
        drop(underway);
        let status = response.status().as_u16();
        let took = begin.elapsed();
        let labels = RouteLabels { route: route.clone(), method: method_name(&method) };
        api.metrics().answered(labels, status, took);
        let ms = took.as_secs_f64() * 1_000.0;
        tracing::info!(
            http.status = status,
            duration_ms = ms,
            "{method} {route} answered {status} in {ms:.1} ms"
        );
        response
    }
    .instrument(span)
    .await
}

/// A request without an answer; over when this is dropped, also by a client that went away.
struct Underway(Api);

impl Underway {
    fn begin(api: &Api) -> Self {
        api.metrics().began();
        Self(api.clone())
    }
}

impl Drop for Underway {
    fn drop(&mut self) {
        self.0.metrics().ended();
    }
}

/// Uploads are as long as they are; each piece of one must come in time instead.
const UPLOADS: &str = "/api/v1/imports/";

/// Gives up requests whose answer does not begin in time; an event stream begins at once and may then last.
pub async fn time_limit(State(api): State<Api>, request: Request, next: Next) -> Response {
    if request.uri().path().starts_with(UPLOADS) {
        return next.run(request).await;
    }
    let limit = api.config().request_timeout();
    match tokio::time::timeout(limit, next.run(request)).await {
        Ok(response) => response,
        Err(_) => ApiError::Timeout(limit).into_response(),
    }
}

/// What a handler that panicked answers.
pub fn panicked(panic: Box<dyn Any + Send + 'static>) -> Response {
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    let text = text.or_else(|| panic.downcast_ref::<String>().cloned());
    ApiError::Panicked(text.unwrap_or_else(|| "without a message".to_owned())).into_response()
}

/// Where the documentation's pages are; they bring scripts and styles of their own.
const DOCS: &str = "/docs";

/// Tells browsers to load nothing from elsewhere, not to guess types, and not to show us in frames.
pub async fn security_headers(State(api): State<Api>, request: Request, next: Next) -> Response {
    let is_docs = request.uri().path().starts_with(DOCS);
    let mut response = next.run(request).await;
    let policy = if is_docs {
        "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; frame-ancestors 'none'"
    } else {
        "default-src 'none'; frame-ancestors 'none'"
    };
    let headers = response.headers_mut();
    for (name, value) in [
        (header::CONTENT_SECURITY_POLICY, policy),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::X_FRAME_OPTIONS, "DENY"),
        (header::REFERRER_POLICY, "no-referrer"),
        (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
        (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
        (HeaderName::from_static("permissions-policy"), "camera=(), geolocation=(), microphone=()"),
    ] {
        headers.entry(name).or_insert(HeaderValue::from_static(value));
    }
    if api.config().behind_tls {
        let year = HeaderValue::from_static("max-age=31536000; includeSubDomains");
        headers.entry(header::STRICT_TRANSPORT_SECURITY).or_insert(year);
    }
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    response
}
