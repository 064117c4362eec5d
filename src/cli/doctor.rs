//! `tapedeck doctor`

use std::process::ExitCode;

use super::Output;
use super::remote::{self, Place};
use crate::config::Config;
use crate::doctor::{Status, examine};

/// Examines this machine and the configuration; fails when something is missing.
pub async fn run(config: &Config, output: &Output) -> anyhow::Result<ExitCode> {
    if let Place::There(remote) = Place::of(config)? {
        return remote::doctor::examine(&remote, output).await;
    }
    let report = examine(config).await;
    output.show(&report, |report| report.render())?;
    Ok(if report.status() == Status::Failed { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}
