//! `tapedeck run`

use std::process::ExitCode;
use std::time::Duration;

use ::events::log::Filter;
use ::events::model::ModelDraft;
use ::events::policy::PolicySpec;
use ::events::run::{RunCommand, RunEvent, RunStatus};
use ::events::time::TradingDay;
use ::events::{Cash, CommandId, Interval, Metadata, ModelId, Principal, Rate, RunId, Symbol};
use actors::CommandEnvelope;
use anyhow::Context;
use clap::{Args, Subcommand};
use projections::runs::{self, RunFilter, RunSummary};
use rust_decimal::Decimal;

use super::Output;
use super::output::table;
use super::remote::runs::{Wanted, WantedModel};
use super::remote::{self, Place, Remote};
use crate::app::{App, Role, RunningApp};
use crate::config::Config;
use crate::create_model::{create_model, settings_and_id};
use crate::start_run::{CommandContext, StartRun};

/// How long reads wait for the read models to catch up.
const PATIENCE: Duration = Duration::from_secs(60);

/// What can be done with runs.
#[derive(Debug, Subcommand)]
pub enum RunVerb {
    /// Start a backtest and wait for it
    Start(Start),
    /// List runs, newest first
    List {
        /// How many at most
        #[arg(long, default_value_t = 50)]
        limit: u16,
    },
    /// Show one run
    Show {
        /// The run
        run: RunId,
    },
    /// Stop a run; what it did stays
    Cancel {
        /// The run
        run: RunId,
        /// Why
        #[arg(long, default_value = "cancelled from the command line")]
        reason: String,
    },
}

/// What to run.
#[derive(Debug, Args)]
pub struct Start {
    /// The model to execute; with --policy, by that policy instead of its own
    #[arg(long, required_unless_present = "policy")]
    model: Option<ModelId>,
    /// A policy, such as builtin/sma-cross; without --model, a model is made for it
    #[arg(long)]
    policy: Option<String>,
    /// Parameters of the policy as JSON, such as '{"fast": 20, "slow": 50}'
    #[arg(long, requires = "policy", default_value = "{}")]
    parameters: String,
    /// First day
    #[arg(long)]
    from: TradingDay,
    /// Last day
    #[arg(long)]
    to: TradingDay,
    /// Symbols, separated by commas [default: the model's]
    #[arg(long, value_delimiter = ',')]
    symbols: Option<Vec<Symbol>>,
    /// Length of a bar
    #[arg(long, default_value = "1d")]
    interval: Interval,
    /// Cash at the start [default: the model's]
    #[arg(long)]
    cash: Option<Cash>,
}

/// Starts, lists, shows or cancels.
pub async fn run(verb: RunVerb, config: Config, output: &Output) -> anyhow::Result<ExitCode> {
    if let Place::There(remote) = Place::of(&config)? {
        return at(&remote, verb, output).await;
    }
    let roles = match verb {
        RunVerb::Start(_) => [Role::Projector, Role::Worker].into(),
        RunVerb::List { .. } | RunVerb::Show { .. } | RunVerb::Cancel { .. } => [Role::Projector].into(),
    };
    let running = RunningApp::start(config, &roles).await?;
    let outcome = match verb {
        RunVerb::Start(start) => begin(&running.app, start, output).await,
        RunVerb::List { limit } => list(&running.app, limit, output).await,
        RunVerb::Show { run } => show(&running.app, run, output).await,
        RunVerb::Cancel { run, reason } => cancel(&running.app, run, reason, output).await,
    };
    running.stop().await?;
    outcome
}

async fn at(remote: &Remote, verb: RunVerb, output: &Output) -> anyhow::Result<ExitCode> {
    match verb {
        RunVerb::Start(start) => remote::runs::start(remote, wanted(start)?, output).await,
        RunVerb::List { limit } => remote::runs::list(remote, limit, output).await,
        RunVerb::Show { run } => remote::runs::show(remote, run, output).await,
        RunVerb::Cancel { run, reason } => remote::runs::cancel(remote, run, &reason, output).await,
    }
}

/// The same wish as the API takes it; the server checks it.
fn wanted(start: Start) -> anyhow::Result<Wanted> {
    let mut policy = None;
    let model = match (start.model, start.policy) {
        (Some(model), name) => {
            if let Some(name) = name {
                let parameters = parameters_of(&start.parameters)?;
                policy = Some(serde_json::json!({ "name": name, "parameters": parameters }));
            }
            WantedModel::Known(model.to_string())
        }
        (None, Some(name)) => {
            let parameters = parameters_of(&start.parameters)?;
            let named = format!("{name} {parameters}");
            let policy = serde_json::json!({ "name": name, "parameters": parameters });
            WantedModel::ByPolicy(serde_json::json!({ "name": named, "policy": policy }))
        }
        (None, None) => anyhow::bail!("name a model or a policy"),
    };
    let terms = serde_json::json!({
        "start_date": start.from,
        "end_date": start.to,
        "interval": start.interval,
        "symbols": start.symbols,
        "policy": policy,
        "initial_cash": start.cash,
    });
    Ok(Wanted { model, terms })
}

fn parameters_of(text: &str) -> anyhow::Result<serde_json::Value> {
    serde_json::from_str(text).context("--parameters is not valid JSON")
}

async fn begin(app: &App, start: Start, output: &Output) -> anyhow::Result<ExitCode> {
    let draft = match (start.model, &start.policy) {
        (Some(_), _) => None,
        (None, Some(name)) => Some(draft_for(name, &start.parameters)?),
        (None, None) => anyhow::bail!("name a model or a policy"),
    };
    let policy = match (start.model, &start.policy) {
        (Some(_), Some(name)) => draft_for(name, &start.parameters)?.policy,
        (Some(_) | None, _) => None,
    };
    let of_draft = draft.as_ref().map(settings_and_id).transpose()?;
    let Some(model_id) = start.model.or(of_draft.as_ref().map(|(_, model_id)| *model_id)) else {
        anyhow::bail!("name a model or a policy")
    };
    let request = StartRun {
        model_id,
        start_date: start.from,
        end_date: start.to,
        interval: Some(start.interval),
        symbols: start.symbols,
        policy,
        initial_cash: start.cash,
        fill_rule: None,
    };
    if let (Some(draft), Some((settings, _))) = (draft, of_draft) {
        // A run that is refused leaves no model behind.
        app.starter.check(&settings, request.clone()).await?;
        create_model(app, draft).await?;
    }
    let metadata = Metadata::new(Principal::local_owner(), None);
    let context = CommandContext { command_id: CommandId::generate(), request_hash: None, metadata };
    let started = app.starter.start(request, context).await?;
    output.say(format_args!("run {} (number {} of its model)", started.run_id, started.run_number));
    follow(app, started.run_id, output).await?;
    show(app, started.run_id, output).await
}

/// A model for a policy that was asked for by name; the same policy and parameters are the same model.
fn draft_for(name: &str, parameters: &str) -> anyhow::Result<ModelDraft> {
    let parameters = parameters_of(parameters)?;
    let named = serde_json::json!({ "name": name, "parameters": parameters });
    let policy: PolicySpec = serde_json::from_value(named)?;
    let name = format!("{name} {parameters}");
    Ok(ModelDraft { name, policy: Some(policy), ..ModelDraft::default() })
}

/// Shows the progress of a run until it is over.
pub(super) async fn follow(app: &App, run: RunId, output: &Output) -> anyhow::Result<()> {
    let stream = app.runs.stream(run);
    let mut events = app.log.subscribe(::events::Position::START, Filter::stream(stream), 1_000);
    let progress = output.progress(0, "bars");
    progress.set_message("running");
    loop {
        for recorded in events.next().await?.events {
            for event in recorded.decode::<RunEvent>()? {
                match event {
                    RunEvent::RunRequested(requested) => {
                        progress.set_length(u64::from(requested.snapshot.run_bars()));
                    }
                    RunEvent::BarsClosed(closed) => progress.inc(closed.value.len() as u64),
                    RunEvent::RunCompleted(_) | RunEvent::RunCancelled(_) | RunEvent::RunFailed(_) => {
                        progress.finish_and_clear();
                        return Ok(());
                    }
                    _ => {}
                }
            }
        }
    }
}

pub(super) async fn caught_up(app: &App) -> anyhow::Result<()> {
    let head = app.log.head().await?;
    app.watermarks.wait_for("runs", head, PATIENCE).await?;
    Ok(())
}

async fn list(app: &App, limit: u16, output: &Output) -> anyhow::Result<ExitCode> {
    caught_up(app).await?;
    let client = app.reads.get().await?;
    let page = runs::list(&client, &RunFilter::default(), None, limit).await?;
    output.show(&page.items, |runs| {
        let header = ["run", "model", "policy", "status", "bars", "value"];
        table(&header, 4, runs.iter().map(row_of))
    })?;
    Ok(ExitCode::SUCCESS)
}

fn row_of(run: &RunSummary) -> Vec<String> {
    vec![
        run.run_id.to_string(),
        format!("{} #{}", run.model_name, run.run_number),
        run.policy.clone(),
        run.status.to_string(),
        format!("{}/{}", run.bars_done, run.bars_total),
        run.value.to_string(),
    ]
}

async fn show(app: &App, run: RunId, output: &Output) -> anyhow::Result<ExitCode> {
    caught_up(app).await?;
    let client = app.reads.get().await?;
    let Some(found) = runs::find(&client, run).await? else {
        anyhow::bail!("there is no run {run}; `tapedeck run list` shows those there are");
    };
    output.show(&found, |found| text(&found.run))?;
    Ok(if found.run.status == RunStatus::Failed { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

fn text(run: &RunSummary) -> String {
    let mut lines = vec![
        format!("run        {}", run.run_id),
        format!("model      {} #{} ({})", run.model_name, run.run_number, run.policy),
        format!(
            "status     {}{}",
            run.status,
            run.reason.as_ref().map_or_else(String::new, |why| format!(": {why}"))
        ),
        format!("bars       {} of {} ({})", run.bars_done, run.bars_total, run.interval),
        format!("range      {:.0} to {:.0}", run.first_bar_at, run.last_bar_at),
        format!("value      {} (from {})", run.value, run.initial_cash),
    ];
    if let Some(figures) = &run.figures {
        lines.push(format!("return     {}", percent(figures.total_return)));
        lines.push(format!("trades     {} buys, {} sells", figures.counts.buys, figures.counts.sells));
        lines.push(format!("refused    {}", figures.counts.refusals));
        let drawdown = figures.max_drawdown.map_or_else(
            || "none".to_owned(),
            |fall| format!("-{}", percent(fall.rate()).trim_start_matches('+')),
        );
        lines.push(format!("drawdown   {drawdown}"));
    }
    lines.join("\n")
}

/// A fraction in percent, with its sign.
fn percent(rate: Rate) -> String {
    let percent = (rate.to_decimal() * Decimal::ONE_HUNDRED).round_dp(2);
    format!("{percent:+.2} %")
}

async fn cancel(app: &App, run: RunId, reason: String, output: &Output) -> anyhow::Result<ExitCode> {
    let metadata = Metadata::new(Principal::local_owner(), None);
    let envelope = CommandEnvelope::new(RunCommand::Cancel { reason }, CommandId::generate())
        .in_lane(::events::log::Lane::Control)
        .with_metadata(metadata);
    let receipt = app.runs.execute(run, envelope).await?;
    let value = serde_json::json!({ "run_id": run, "position": receipt.position });
    output.show(&value, |_| format!("run {run} is cancelled (position {})", receipt.position))?;
    Ok(ExitCode::SUCCESS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fractions_are_shown_in_percent_with_their_sign() {
        for (fraction, shown) in
            [("2.3571554", "+235.72 %"), ("-0.20458863", "-20.46 %"), ("0", "+0.00 %"), ("0.1", "+10.00 %")]
        {
            let rate: Rate = serde_json::from_value(fraction.into()).unwrap();
            assert_eq!(percent(rate), shown);
        }
    }
}
