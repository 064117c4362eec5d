//! `GET /metrics`

use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};

use super::client_address::ClientAddress;
use super::error::ApiError;
use super::state::Api;

const OPEN_METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// Tells Prometheus how the process does; for the networks of `telemetry.metrics_from` only.
pub(super) async fn show(State(api): State<Api>, address: ClientAddress) -> Result<Response, ApiError> {
    let networks = &api.app().config.telemetry.metrics_from;
    // What a proxy on this machine passes on comes from elsewhere, even where its word is not believed.
    let is_near = !address.ip.is_loopback() || address.is_local;
    if !(is_near && networks.iter().any(|network| network.contains(&address.ip))) {
        return Err(ApiError::Status(axum::http::StatusCode::NOT_FOUND));
    }
    let text = api
        .metrics()
        .exposition(api.app())
        .await
        .map_err(|source| ApiError::Internal { operation: "writing the metrics", source: source.into() })?;
    Ok(([(header::CONTENT_TYPE, OPEN_METRICS)], text).into_response())
}
