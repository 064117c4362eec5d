//! `tapedeck audit`

use std::process::ExitCode;

use ::events::{RunId, StreamName};
use clap::Subcommand;
use reqwest::Method;
use serde_json::Value;

use super::Output;
use super::remote::{self, Place};
use crate::app::{Role, RunningApp};
use crate::audit::{AuditReport, audit_run, chain};
use crate::config::Config;
use crate::market::Market;
use crate::tape::Tape;

/// What can be audited.
#[derive(Debug, Subcommand)]
pub enum Audit {
    /// A run: its hash chain, its fold, its read models, every fill and every decision
    Run {
        /// The run
        run: RunId,
    },
    /// A stream: its hash chain
    Stream {
        /// The stream, such as model-0198c5a2-…
        stream: StreamName,
    },
    /// The hash chain of every stream
    Log,
}

/// Audits; fails when anything is wrong.
pub async fn run(audit: Audit, config: Config, output: &Output) -> anyhow::Result<ExitCode> {
    if let Place::There(remote) = Place::of(&config)? {
        let path = match &audit {
            Audit::Run { run } => ["runs", &run.to_string(), "audit"].map(str::to_owned),
            Audit::Stream { stream } => ["streams", &stream.to_string(), "audit"].map(str::to_owned),
            Audit::Log => return remote::audit::log(&remote, output).await?.show(output),
        };
        let answered = remote.send(Method::POST, &path.each_ref().map(String::as_str), None).await?;
        return show(&answered.read()?, output);
    }
    match audit {
        Audit::Run { run } => {
            let running = RunningApp::start(config, &[Role::Projector].into()).await?;
            let outcome = whole_run(&running, run).await;
            running.stop().await?;
            show(&outcome?, output)
        }
        Audit::Stream { stream } => {
            let tape = Tape::open(config).await?;
            let checked = chain(&tape.log, &stream).await;
            tape.close().await?;
            show(&AuditReport::of(stream, checked?), output)
        }
        Audit::Log => {
            let tape = Tape::open(config).await?;
            let outcome = whole_log(&tape, output).await;
            tape.close().await?;
            outcome?.show(output)
        }
    }
}

async fn whole_run(running: &RunningApp, run: RunId) -> anyhow::Result<AuditReport> {
    const PATIENCE: std::time::Duration = std::time::Duration::from_secs(60);
    let app = &running.app;
    let head = app.log.head().await?;
    app.watermarks.wait_for_all(&["runs", "equity", "ledger"], head, PATIENCE).await?;
    let market = Market::new(app.reads.clone());
    Ok(audit_run(&app.log, &market, run).await?)
}

/// What was found in all streams of a log.
#[derive(Debug, Default)]
pub struct WholeLog {
    /// Streams.
    pub streams: u64,
    /// Their events.
    pub events: u64,
    /// What is wrong, for programs.
    pub bad: Vec<Value>,
    /// What is wrong, for people.
    pub faults: Vec<String>,
}

impl WholeLog {
    /// Shows it; fails when anything is wrong.
    fn show(&self, output: &Output) -> anyhow::Result<ExitCode> {
        let Self { streams, events, bad, faults } = self;
        let value = serde_json::json!({ "streams": streams, "events": events, "bad": bad });
        output.show(&value, |_| {
            let mut lines = vec![format!("{events} events in {streams} streams verified")];
            lines.extend(faults.iter().map(|fault| format!("  {fault}")));
            lines.push(match faults.len() {
                0 => "nothing was changed".to_owned(),
                1 => "1 stream differs".to_owned(),
                several => format!("{several} streams differ"),
            });
            lines.join("\n")
        })?;
        Ok(if bad.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    }
}

async fn whole_log(tape: &Tape, output: &Output) -> anyhow::Result<WholeLog> {
    let streams = tape.log.streams().await?;
    let progress = output.progress(streams.len() as u64, "streams");
    progress.set_message("verifying");
    let mut whole = WholeLog { streams: streams.len() as u64, ..WholeLog::default() };
    for stream in &streams {
        let verified = tape.log.verify_stream(stream).await?;
        whole.events += verified.events;
        if let Some(fault) = &verified.fault {
            whole.faults.push(format!("{}: {fault}", verified.stream));
            whole.bad.push(serde_json::to_value(&verified)?);
        }
        progress.inc(1);
    }
    progress.finish_and_clear();
    Ok(whole)
}

fn show(report: &AuditReport, output: &Output) -> anyhow::Result<ExitCode> {
    output.show(report, text)?;
    Ok(if report.passed { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// An audit for people.
pub fn text(report: &AuditReport) -> String {
    let mut lines = vec![format!("audit of {}", report.stream)];
    for check in &report.checks {
        let (mark, detail) = match (&check.difference, &check.skipped_because) {
            (Some(difference), _) => ("DIFFERS", difference.as_str()),
            (None, Some(because)) => ("skipped", because.as_str()),
            (None, None) => ("ok", check.looked_at.as_str()),
        };
        lines.push(format!("  {mark:8} {:16} {detail}", check.name));
    }
    lines.push(match report.checks.iter().find(|check| !check.is_fine()) {
        None => "every check passed".to_owned(),
        Some(check) => match check.first_bad_version {
            Some(version) => format!("first bad event: {version} of {}", report.stream),
            None => format!("the check of {} failed", check.name),
        },
    });
    lines.join("\n")
}
