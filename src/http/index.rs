//! `GET /`

use axum::Json;
use serde::Serialize;

use super::openapi;

/// Where to go from here.
#[derive(Debug, Serialize)]
pub struct Index {
    name: &'static str,
    version: &'static str,
    links: Links,
}

#[derive(Debug, Serialize)]
struct Links {
    documentation: &'static str,
    openapi: &'static str,
    health: &'static str,
    models: &'static str,
    runs: &'static str,
    leaderboard: &'static str,
    symbols: &'static str,
    events: &'static str,
}

/// Says where to go from here.
pub async fn index() -> Json<Index> {
    Json(Index {
        name: env!("CARGO_PKG_NAME"),
        version: env!("CARGO_PKG_VERSION"),
        links: Links {
            documentation: "/docs/",
            openapi: openapi::PATH,
            health: "/api/v1/health/ready",
            models: "/api/v1/models",
            runs: "/api/v1/runs",
            leaderboard: "/api/v1/leaderboard",
            symbols: "/api/v1/symbols",
            events: "/api/v1/events",
        },
    })
}
