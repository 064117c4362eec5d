//! `tapedeck doctor` at a server: what it says of itself to anybody.

use std::process::ExitCode;

use serde::Deserialize;
use serde_json::json;

use super::Remote;
use crate::cli::Output;

#[derive(Debug, Deserialize)]
struct Version {
    version: String,
    log_epoch: String,
}

#[derive(Debug, Deserialize)]
struct Readiness {
    status: String,
    checks: Vec<Check>,
}

#[derive(Debug, Deserialize)]
struct Check {
    name: String,
    ok: bool,
    duration_ms: f64,
    error: Option<String>,
}

/// Shows which program serves which log, and whether what it needs answers; fails when something does not.
pub async fn examine(remote: &Remote, output: &Output) -> anyhow::Result<ExitCode> {
    let version = remote.look(&["version"]).await?;
    let readiness = remote.look(&["health", "ready"]).await?;
    let (told, ready): (Version, Readiness) = (version.read()?, readiness.read()?);
    let is_ready = ready.status == "ready";
    output.show(&json!({ "version": version.data, "readiness": readiness.data }), |_| {
        let server = remote.server().name();
        let first = format!("tapedeck {} at {server} serves the log {}", told.version, told.log_epoch);
        let checks = ready.checks.iter().map(|check| match (&check.error, check.ok) {
            (None, true) => format!("ok       {:9} answers in {:.1} ms", check.name, check.duration_ms),
            (error, _) => format!("FAILED   {:9} {}", check.name, error.as_deref().unwrap_or_default()),
        });
        std::iter::once(first).chain(checks).collect::<Vec<_>>().join("\n")
    })?;
    Ok(if is_ready { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
