//! `tapedeck demo`: real prices, five strategies, a worker that is killed on the way, a ranking, an audit, a report; and
//! portfolios with what they risk.

mod page;
mod portfolios;
mod progress;
mod workers;

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use ::events::log::Log;
use ::events::model::ModelDraft;
use ::events::policy::PolicySpec;
use ::events::{Cash, CommandId, ModelId, Position, RunId, Symbol};
use anyhow::{Context, ensure};
use bytes::Bytes;
use clap::Args;
use tokio_util::sync::CancellationToken;

use super::Output;
use crate::app::{App, Role, RunningApp};
use crate::audit::audit_run;
use crate::config::Config;
use crate::create_model::create_model;
use crate::market::import::{ImportOptions, Imported, Strictness, import_path};
use crate::start_run::StartRun;
use crate::worker::RUN_COMMANDS;
use workers::WorkerProcess;

/// Shows what tapedeck does, with the prices in `data/`.
#[derive(Debug, Args)]
pub struct Demo {
    /// Keep serving the API afterwards
    #[arg(long)]
    serve: bool,
    /// Where to write the report
    #[arg(long, default_value = "demo-report.html", value_name = "FILE")]
    report: PathBuf,
    /// Folder of the price files
    #[arg(long, default_value = "data/prices", value_name = "DIR")]
    data: PathBuf,
}

const FILES: [&str; 3] = ["sp500_20.csv.gz", "sp500_index.csv.gz", "factor_etfs.csv.gz"];
const BENCHMARK: &str = "SP500";
/// Long enough for a slow, busy machine; the demo takes a few seconds on an idle one.
const PATIENCE: Duration = Duration::from_secs(300);

/// One strategy of the demo.
#[derive(Debug, Clone)]
pub struct Contestant {
    /// The name of its model.
    pub name: String,
    /// Its run.
    pub run_id: RunId,
}

/// Plays the demo.
pub async fn run(demo: Demo, config: Config, output: &Output) -> anyhow::Result<ExitCode> {
    let roles = if demo.serve { [Role::Api, Role::Projector].into() } else { [Role::Projector].into() };
    let running = RunningApp::start(config, &roles).await?;
    let outcome = play(&demo, &running, output).await;
    let code = match outcome {
        Ok(()) if demo.serve => {
            let shutdown = CancellationToken::new();
            let stopping = shutdown.clone();
            tokio::spawn(async move {
                // Without a signal handler the process simply ends.
                let _ = tokio::signal::ctrl_c().await;
                stopping.cancel();
            });
            super::serve::until_stopped(&running, &roles, &shutdown, output).await.map(|()| ExitCode::SUCCESS)
        }
        Ok(()) => Ok(ExitCode::SUCCESS),
        Err(error) => Err(error),
    };
    running.stop().await?;
    code
}

async fn play(demo: &Demo, running: &RunningApp, output: &Output) -> anyhow::Result<()> {
    let started = Instant::now();
    let app = &running.app;
    output.say("1. Importing 33 years of daily closes");
    import(demo, &app.log, output).await?;
    output.say("2. Creating five models");
    let models = create_models(app).await?;
    output.say("3. Starting their runs over 1990 to 2022 through the work queue");
    let before = app.log.head().await?;
    let contestants = publish(app, &models).await?;
    let killed = race(running, &contestants, before, output).await?;
    output.say(killed);
    output.say("4. The leaderboard");
    caught_up(app).await?;
    let board = page::Board::read(app, &contestants, BENCHMARK).await?;
    output.say(board.text());
    output.say("5. Auditing the winner");
    let winner = board.winner().context("no run was completed")?;
    let audit = audit_run(&app.log, &app.market, winner).await?;
    let audit_text = super::audit::text(&audit);
    output.say(&audit_text);
    ensure!(audit.passed, "the audit found a difference");
    std::fs::write(&demo.report, board.report(audit_text))
        .with_context(|| format!("writing {} failed", demo.report.display()))?;
    output.say("6. Opening portfolios, and what one of them risks");
    let data = demo.data.parent().unwrap_or(&demo.data);
    let shown = portfolios::show(data, running, &stock_symbols(app).await?, output).await?;
    let mut summary = board.json(winner, &demo.report, started.elapsed());
    if let Some(members) = summary.as_object_mut() {
        members.insert("portfolios".to_owned(), shown.json());
    }
    if output.is_json() {
        output.show(&summary, |_| String::new())?;
    }
    output.say(closing_words(demo, winner, app));
    Ok(())
}

async fn import(demo: &Demo, log: &Log, output: &Output) -> anyhow::Result<()> {
    let mut client = log.connector().connect().await?;
    for file in FILES {
        let path = demo.data.join(file);
        let imported = import_path(
            &mut client,
            &path,
            ImportOptions::default(),
            Strictness::Strict,
            ::events::time::now(),
        )
        .await
        .with_context(|| format!("importing {} failed; is this the project's folder?", path.display()))?;
        output.say(match imported {
            Imported::Before(_) => format!("   {file}: imported before, nothing changed"),
            Imported::Now { stored, report } => {
                format!(
                    "   {file}: {} bars of {} symbol{}",
                    stored.added,
                    report.symbols,
                    if report.symbols == 1 { "" } else { "s" }
                )
            }
        });
    }
    Ok(())
}

/// The strategies, by name.
fn strategies() -> anyhow::Result<Vec<(&'static str, PolicySpec)>> {
    let spec = |name: &str, parameters: serde_json::Value| -> anyhow::Result<PolicySpec> {
        Ok(serde_json::from_value(serde_json::json!({ "name": name, "parameters": parameters }))?)
    };
    Ok(vec![
        ("Buy and hold", spec("builtin/buy-and-hold", serde_json::json!({}))?),
        ("Equal weight, monthly", spec("builtin/equal-weight", serde_json::json!({ "rebalance_bars": 21 }))?),
        (
            "Moving averages 20/100",
            spec("builtin/sma-cross", serde_json::json!({ "fast": 20, "slow": 100 }))?,
        ),
        ("Momentum, best five", spec("builtin/momentum", serde_json::json!({ "top": 5 }))?),
        ("Mean reversion", spec("builtin/mean-reversion", serde_json::json!({}))?),
    ])
}

async fn create_models(app: &App) -> anyhow::Result<Vec<(String, ModelId)>> {
    let symbols = stock_symbols(app).await?;
    let mut models = Vec::new();
    for (name, policy) in strategies()? {
        let draft = ModelDraft {
            name: name.to_owned(),
            description: Some("Made by `tapedeck demo`".to_owned()),
            policy: Some(policy),
            symbols: Some(symbols.clone()),
            initial_cash: Cash::whole(100_000),
            benchmark: Some(BENCHMARK.parse()?),
            ..ModelDraft::default()
        };
        models.push((name.to_owned(), create_model(app, draft).await?));
    }
    Ok(models)
}

/// The stocks of the demo: everything that was traded from 1990 on, but the index.
async fn stock_symbols(app: &App) -> anyhow::Result<Vec<Symbol>> {
    let client = app.reads.get().await?;
    let covered = projections::bars::coverage(&client, None, Some(::events::Interval::Day), None).await?;
    let from: jiff::Timestamp = "1990-01-02T00:00:00Z".parse()?;
    let stocks: Vec<Symbol> = covered
        .into_iter()
        .filter(|covered| covered.first_start == from && covered.symbol.as_str() != BENCHMARK)
        .map(|covered| covered.symbol)
        .collect();
    ensure!(!stocks.is_empty(), "the price files hold no stocks");
    Ok(stocks)
}

/// Puts a command per model on the work queue; the run's id follows from the command's.
async fn publish(app: &App, models: &[(String, ModelId)]) -> anyhow::Result<Vec<Contestant>> {
    let publisher = app.publisher();
    let mut contestants = Vec::new();
    for (name, model_id) in models {
        let command_id = CommandId::generate();
        let request = StartRun {
            model_id: *model_id,
            start_date: jiff::civil::date(1990, 1, 1),
            end_date: jiff::civil::date(2022, 12, 31),
            interval: None,
            symbols: None,
            policy: None,
            initial_cash: None,
            fill_rule: None,
        };
        let payload = Bytes::from(serde_json::to_vec(&request)?);
        publisher.publish(RUN_COMMANDS, &model_id.to_string(), command_id, payload).await?;
        contestants.push(Contestant { name: name.clone(), run_id: crate::start_run::run_id_of(command_id) });
    }
    Ok(contestants)
}

/// Has a worker drive the runs, kills it in the middle, and has another finish.
async fn race(
    running: &RunningApp,
    contestants: &[Contestant],
    before: Position,
    output: &Output,
) -> anyhow::Result<String> {
    let app = &running.app;
    let first = WorkerProcess::spawn(&running.tape().config, "worker-1")?;
    let mut race = progress::Race::new(app, contestants, before, output);
    let racing = async {
        race.until_under_way().await?;
        let unfinished = race.unfinished();
        first.kill_hard().await?;
        let second = WorkerProcess::spawn(&running.tape().config, "worker-2")?;
        race.until_over().await?;
        second.stop().await?;
        anyhow::Ok(unfinished)
    };
    let unfinished =
        tokio::time::timeout(PATIENCE, racing).await.context("the runs did not finish in five minutes")??;
    Ok(if unfinished == 0 {
        "   The worker had finished every run before it could be killed.".to_owned()
    } else {
        format!(
            "   The first worker was killed (kill -9) while {unfinished} of {} runs were unfinished; a second one \
             finished them from their last events. Nothing was lost.",
            contestants.len()
        )
    })
}

async fn caught_up(app: &App) -> anyhow::Result<()> {
    let head = app.log.head().await?;
    app.watermarks
        .wait_for_all(&["runs", "equity", "ledger", "leaderboard", "models"], head, PATIENCE)
        .await?;
    Ok(())
}

fn closing_words(demo: &Demo, winner: RunId, app: &App) -> String {
    let address = app.config.http.listen;
    let data_dir = app.config.data_dir.display();
    let mut lines = vec![format!("\nThe report is in {}. Try next:", demo.report.display())];
    if demo.serve {
        lines.push(format!("  http://{address}/docs                     the API"));
    } else {
        lines.push(
            "  make demo SERVE=1                              the same, and keep serving the API".to_owned(),
        );
        lines.push(format!(
            "  tapedeck serve                                 serve the API on http://{address}"
        ));
    }
    lines.push(format!("  tapedeck run show {winner}"));
    lines.push(format!("  tapedeck audit run {winner}"));
    lines.push("  tapedeck portfolio list".to_owned());
    lines.push("  tapedeck events ls --category run --limit 20".to_owned());
    lines.push(
        "The API answers those who signed in. The first administrator owns what the demo made:".to_owned(),
    );
    lines.push("  tapedeck account create-admin --email you@example.com --full-name 'Your Name'".to_owned());
    lines.push(format!("  tapedeck login --server http://{address} --email you@example.com"));
    lines.push(format!("  tapedeck --server http://{address} run list"));
    lines.push(format!("(`tapedeck` is target/release/tapedeck; its data is in {data_dir})"));
    lines.join("\n")
}
