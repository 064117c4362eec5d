//! `GET /health/ready`

use std::future::Future;
use std::time::Duration;

use axum::extract::State;
use axum::http::StatusCode;
use bytes::Bytes;
use serde::Serialize;
use serde_json::Value;
use tokio::time::Instant;
use utoipa::ToSchema;

use crate::http::answer::{Answer, Envelope};
use crate::http::caller::Asked;
use crate::http::state::Api;
use events::causes::whole_chain;

/// How long a dependency may take.
const PATIENCE: Duration = Duration::from_secs(2);

/// Whether requests can be served now.
#[derive(Debug, Serialize, ToSchema)]
pub struct Readiness {
    /// `ready`, or `not_ready`.
    #[schema(example = "ready")]
    status: &'static str,
    /// What was asked.
    checks: Vec<Check>,
}

/// One dependency.
#[derive(Debug, Serialize, ToSchema)]
pub struct Check {
    /// `postgres` or `nats`.
    #[schema(example = "postgres")]
    name: &'static str,
    /// Whether it answered.
    ok: bool,
    /// How long it took.
    #[schema(example = 0.8)]
    duration_ms: f64,
    /// What is wrong with it.
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
}

/// Whether requests can be served: asks Postgres for the head of the log and NATS for its JetStream account.
#[utoipa::path(get, path = "/api/v1/health/ready", tag = "health", operation_id = "health_ready",
    extensions(("x-access" = json!("public"))), responses(
    (status = 200, description = "Everything answers", body = Envelope<Readiness>),
    (status = 503, description = "Something does not answer; `checks` says what", body = Envelope<Readiness>)))]
pub async fn ready(State(api): State<Api>, asked: Asked) -> Answer<Readiness> {
    let checks = <[Check; 2]>::from(tokio::join!(
        check("postgres", async { api.log().head().await.map(drop).map_err(|error| whole_chain(&error)) }),
        check("nats", async { jetstream(&api).await }),
    ));
    let (status, word) = match checks.iter().all(|check| check.ok) {
        true => (StatusCode::OK, "ready"),
        false => (StatusCode::SERVICE_UNAVAILABLE, "not_ready"),
    };
    Answer::ok(&asked, Readiness { status: word, checks: checks.into() }).status(status)
}

async fn jetstream(api: &Api) -> Result<(), String> {
    let asked = api.nats().request("$JS.API.INFO", Bytes::new()).await;
    let answer = asked.map_err(|error| whole_chain(&error))?;
    let account: Value = serde_json::from_slice(&answer.payload).map_err(|error| error.to_string())?;
    match account.get("error") {
        Some(error) => Err(error.to_string()),
        None => Ok(()),
    }
}

async fn check(name: &'static str, probe: impl Future<Output = Result<(), String>>) -> Check {
    let begin = Instant::now();
    let outcome = tokio::time::timeout(PATIENCE, probe).await;
    let error = match outcome {
        Ok(Ok(())) => None,
        Ok(Err(error)) => Some(error),
        Err(_) => Some(format!("no answer within {} ms", PATIENCE.as_millis())),
    };
    Check { name, ok: error.is_none(), duration_ms: begin.elapsed().as_secs_f64() * 1_000.0, error }
}
