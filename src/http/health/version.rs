//! `GET /version`

use axum::extract::State;
use events::EpochId;
use serde::Serialize;
use utoipa::ToSchema;

use crate::http::answer::{Answer, Envelope};
use crate::http::caller::Asked;
use crate::http::state::Api;

/// What is running.
#[derive(Debug, Serialize, ToSchema)]
pub struct Version {
    /// The program.
    #[schema(example = "tapedeck")]
    name: &'static str,
    /// Its version.
    #[schema(example = "0.1.0")]
    version: &'static str,
    /// The life of the event log that it serves.
    #[schema(value_type = String, format = Uuid)]
    log_epoch: EpochId,
}

/// What is running, and over which log.
#[utoipa::path(get, path = "/api/v1/version", tag = "health", operation_id = "version",
    extensions(("x-access" = json!("public"))),
    responses((status = 200, description = "What is running", body = Envelope<Version>)))]
pub async fn version(State(api): State<Api>, asked: Asked) -> Answer<Version> {
    let log_epoch = api.log().epoch();
    Answer::ok(
        &asked,
        Version { name: env!("CARGO_PKG_NAME"), version: env!("CARGO_PKG_VERSION"), log_epoch },
    )
}
