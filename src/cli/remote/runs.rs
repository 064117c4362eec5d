//! `tapedeck run` at a server.

use std::process::ExitCode;
use std::time::Duration;

use ::events::RunId;
use reqwest::Method;
use serde::Deserialize;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::{Answered, Remote};
use crate::cli::Output;
use crate::cli::output::table;
use crate::cli::replay::{Replay, Shown};

/// Between two questions about a run that goes on: a user may ask a hundred times a minute.
const ASK_EVERY: Duration = Duration::from_secs(1);

/// A run that is wanted, as the API takes it.
#[derive(Debug)]
pub struct Wanted {
    /// What to execute.
    pub model: WantedModel,
    /// Range, interval, symbols and cash.
    pub terms: Value,
}

/// What a run is to execute.
#[derive(Debug)]
pub enum WantedModel {
    /// A model that there is.
    Known(String),
    /// A model to be made, or found where it was made before.
    ByPolicy(Value),
}

/// What is shown of a run.
#[derive(Debug, Deserialize)]
struct Run {
    run_id: String,
    model_name: String,
    run_number: u32,
    policy: String,
    status: String,
    reason: Option<String>,
    interval: String,
    first_bar_at: String,
    last_bar_at: String,
    initial_cash: String,
    bars_total: u32,
    bars_done: u32,
    value: String,
    figures: Option<Figures>,
}

#[derive(Debug, Deserialize)]
struct Figures {
    total_return: f64,
    max_drawdown: f64,
    buys: u64,
    sells: u64,
    refusals: u64,
}

#[derive(Debug, Deserialize)]
struct Named {
    model_id: String,
}

#[derive(Debug, Deserialize)]
struct Started {
    run_id: String,
    run_number: u32,
}

/// Starts a run and waits for it.
pub async fn start(remote: &Remote, wanted: Wanted, output: &Output) -> anyhow::Result<ExitCode> {
    let model = match wanted.model {
        WantedModel::Known(model) => model,
        WantedModel::ByPolicy(draft) => made(remote, &draft).await?,
    };
    let answered = remote.send(Method::POST, &["models", &model, "runs"], Some(&wanted.terms)).await?;
    let Started { run_id, run_number } = answered.read()?;
    output.say(format_args!("run {run_id} (number {run_number} of its model)"));
    let progress = output.progress(0, "bars");
    progress.set_message("running");
    loop {
        let answered = asked(remote, &run_id, answered.position).await?;
        let run: Run = answered.read()?;
        progress.set_length(u64::from(run.bars_total));
        progress.set_position(u64::from(run.bars_done));
        if !matches!(run.status.as_str(), "pending" | "running") {
            progress.finish_and_clear();
            return shown(&answered, output);
        }
        tokio::time::sleep(ASK_EVERY).await;
    }
}

/// The model of these settings: the same settings are the same model, because the request has the same key.
async fn made(remote: &Remote, draft: &Value) -> anyhow::Result<String> {
    let digest: String = Sha256::digest(draft.to_string()).iter().map(|byte| format!("{byte:02x}")).collect();
    let answered = remote.ask(Method::POST, &["models"], |request| {
        request.header("idempotency-key", format!("by-settings-{digest}")).json(draft)
    });
    let Named { model_id } = answered.await?.read()?;
    Ok(model_id)
}

/// Lists runs, newest first.
pub async fn list(remote: &Remote, limit: u16, output: &Output) -> anyhow::Result<ExitCode> {
    let answered = remote.get(&["runs"], &[("limit", limit.to_string())]).await?;
    let runs: Vec<Run> = answered.read()?;
    output.show(&answered.data, |_| {
        let header = ["run", "model", "policy", "status", "bars", "value"];
        table(&header, 4, runs.iter().map(row_of))
    })?;
    Ok(ExitCode::SUCCESS)
}

/// Shows one run.
pub async fn show(remote: &Remote, run: RunId, output: &Output) -> anyhow::Result<ExitCode> {
    shown(&asked(remote, &run.to_string(), None).await?, output)
}

/// Stops a run.
pub async fn cancel(remote: &Remote, run: RunId, reason: &str, output: &Output) -> anyhow::Result<ExitCode> {
    let path = ["runs", &run.to_string(), "cancel"];
    let answered = remote.send(Method::POST, &path, Some(&json!({ "reason": reason }))).await?;
    let position = answered.position.unwrap_or_default();
    output.show(&answered.data, |_| format!("run {run} is cancelled (position {position})"))?;
    Ok(ExitCode::SUCCESS)
}

/// Folds a run again, and shows its account as it was.
pub async fn replay(remote: &Remote, asked: &Replay, output: &Output) -> anyhow::Result<ExitCode> {
    let position = asked.position.map(|position| ("position", position.to_string()));
    let instant = asked.recorded_at.map(|instant| ("recorded_at", instant.to_string()));
    let query: Vec<_> = position.into_iter().chain(instant).collect();
    let answered = remote.get(&["runs", &asked.run.to_string(), "replay"], &query).await?;
    let shown: Shown = answered.read()?;
    output.show(&answered.data, |_| shown.text())?;
    Ok(ExitCode::SUCCESS)
}

async fn asked(remote: &Remote, run: &str, at_least: Option<i64>) -> anyhow::Result<Answered> {
    let at_least = at_least.map(|position| ("min_position", position.to_string()));
    remote.get(&["runs", run], at_least.as_slice()).await
}

fn shown(answered: &Answered, output: &Output) -> anyhow::Result<ExitCode> {
    let run: Run = answered.read()?;
    output.show(&answered.data, |_| text(&run))?;
    Ok(if run.status == "failed" { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

fn row_of(run: &Run) -> Vec<String> {
    vec![
        run.run_id.clone(),
        format!("{} #{}", run.model_name, run.run_number),
        run.policy.clone(),
        run.status.clone(),
        format!("{}/{}", run.bars_done, run.bars_total),
        run.value.clone(),
    ]
}

fn text(run: &Run) -> String {
    let reason = run.reason.as_ref().map_or_else(String::new, |why| format!(": {why}"));
    let mut lines = vec![
        format!("run        {}", run.run_id),
        format!("model      {} #{} ({})", run.model_name, run.run_number, run.policy),
        format!("status     {}{reason}", run.status),
        format!("bars       {} of {} ({})", run.bars_done, run.bars_total, run.interval),
        format!("range      {} to {}", run.first_bar_at, run.last_bar_at),
        format!("value      {} (from {})", run.value, run.initial_cash),
    ];
    if let Some(figures) = &run.figures {
        lines.push(format!("return     {:+.2} %", figures.total_return * 100.0));
        lines.push(format!("trades     {} buys, {} sells", figures.buys, figures.sells));
        lines.push(format!("refused    {}", figures.refusals));
        lines.push(format!("drawdown   -{:.2} %", figures.max_drawdown * 100.0));
    }
    lines.join("\n")
}
