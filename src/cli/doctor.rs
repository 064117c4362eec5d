//! `tapedeck doctor`

use std::process::ExitCode;

use super::Output;
use crate::config::Config;
use crate::doctor::{Status, examine};

/// Examines this machine and the configuration; fails when something is missing.
pub async fn run(config: &Config, output: &Output) -> anyhow::Result<ExitCode> {
    let report = examine(config).await;
    output.show(&report, |report| report.render())?;
    Ok(if report.status() == Status::Failed { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}
