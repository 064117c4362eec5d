//! `tapedeck portfolio`: each verb is requests to the API, of this process or of a server.

pub mod figures;
pub mod tables;

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use ::events::time::TradingDay;
use ::events::{Cash, PortfolioId};
use anyhow::{Context, bail, ensure};
use clap::{Args, Subcommand, ValueEnum};
use reqwest::Method;
use serde_json::{Map, Value, json};

use super::Output;
use super::door::{Door, FileForm};
use crate::app::Role;
use crate::config::Config;
use figures::at;

/// Portfolios asked for at once.
const PAGE: &str = "200";
/// Returns of a year: fewer say nothing about the worst days.
const RETURNS: &str = "252";
/// How long a calculation is waited for.
const PATIENCE: Duration = Duration::from_secs(300);
/// Between two questions about it: a user may ask a hundred times a minute.
const ASK_EVERY: Duration = Duration::from_secs(1);

/// What can be done with portfolios.
#[derive(Debug, Subcommand)]
pub enum PortfolioVerb {
    /// Open a portfolio with the positions of a CSV file, or bring them into one that there is
    Import(Import),
    /// List portfolios
    List,
    /// Show what one holds and what it earned
    Show(Which),
    /// Show what one risks: volatility, losses, beta, concentration
    Risk(Which),
    /// Show what stress scenarios would do to one
    Stress {
        #[command(flatten)]
        which: Which,
        /// Ids of scenarios, separated by commas [default: all that are enabled]
        #[arg(long)]
        scenarios: Option<String>,
    },
    /// Show what one was worth at the close of a session
    Snapshot(Which),
    /// Have the snapshots of one computed anew, and wait for it
    Calculate {
        /// Its id, name or account name
        portfolio: String,
        /// Although one is running
        #[arg(long)]
        force: bool,
    },
}

/// Which portfolio, and as of when.
#[derive(Debug, Args)]
pub struct Which {
    /// Its id, name or account name
    portfolio: String,
    /// What was true at the close of this day [default: the last session]
    #[arg(long, value_name = "DATE")]
    as_of: Option<TradingDay>,
}

/// A file of positions.
#[derive(Debug, Args)]
pub struct Import {
    /// The file: CSV with a header, a position a row
    file: PathBuf,
    /// Name of the portfolio that is opened
    #[arg(long, required_unless_present = "into", conflicts_with = "into")]
    name: Option<String>,
    /// Name of its account [default: its name]
    #[arg(long, conflicts_with = "into")]
    account: Option<String>,
    /// taxable, ira, roth_ira, 401k, 403b, 529, hsa, trust or other
    #[arg(long, default_value = "taxable", conflicts_with = "into")]
    account_type: String,
    /// Capital at the inception
    #[arg(long, required_unless_present = "into", conflicts_with = "into")]
    equity: Option<Cash>,
    /// The day on which that capital counts [default: the first entry in the file]
    #[arg(long, value_name = "DATE", conflicts_with = "into")]
    inception: Option<TradingDay>,
    /// The portfolio that the positions are brought into: its id, name or account name
    #[arg(long, value_name = "PORTFOLIO")]
    into: Option<String>,
    /// What becomes of them there
    #[arg(long, value_enum, default_value_t = Mode::DryRun, requires = "into")]
    mode: Mode,
}

/// What becomes of positions that are brought into a portfolio.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
#[value(rename_all = "snake_case")]
enum Mode {
    /// They are only looked at
    DryRun,
    /// They are entered
    Append,
    /// They are entered instead of all that there are
    Replace,
}

impl Mode {
    const fn name(self) -> &'static str {
        match self {
            Self::DryRun => "dry_run",
            Self::Append => "append",
            Self::Replace => "replace",
        }
    }
}

/// Imports, lists or shows.
pub async fn run(verb: PortfolioVerb, config: Config, output: &Output) -> anyhow::Result<ExitCode> {
    let roles = match verb {
        PortfolioVerb::Calculate { .. } => [Role::Projector, Role::Worker].into(),
        _ => [Role::Projector].into(),
    };
    let door = Door::open(config, &roles).await?;
    let outcome = carry_out(&door, verb, output).await;
    door.close().await?;
    outcome.map(|()| ExitCode::SUCCESS)
}

async fn carry_out(door: &Door, verb: PortfolioVerb, output: &Output) -> anyhow::Result<()> {
    match verb {
        PortfolioVerb::Import(wish) => import(door, wish, output).await,
        PortfolioVerb::List => {
            let portfolios = all(door).await?;
            output.show(&portfolios, |portfolios| tables::list(portfolios))
        }
        PortfolioVerb::Show(which) => {
            let shown = holdings(door, &find(door, &which.portfolio).await?, which.as_of).await?;
            output.show(&shown, tables::holdings)
        }
        PortfolioVerb::Risk(which) => {
            let shown = risk(door, &find(door, &which.portfolio).await?, which.as_of).await?;
            output.show(&shown, tables::risk)
        }
        PortfolioVerb::Stress { which, scenarios } => {
            let id = find(door, &which.portfolio).await?;
            let shown = stress(door, &id, scenarios, which.as_of).await?;
            output.show(&shown, tables::stress)
        }
        PortfolioVerb::Snapshot(which) => {
            let id = find(door, &which.portfolio).await?;
            let path = ["data", "portfolio", &id, "snapshot"];
            let shown = door.get(&path, &as_of(which.as_of)).await?.data;
            output.show(&shown, tables::snapshot)
        }
        PortfolioVerb::Calculate { portfolio, force } => {
            let id = find(door, &portfolio).await?;
            let ended = calculate(door, &id, force).await?;
            output.show(&ended, tables::calculation)?;
            ensure!(at(&ended, "/status") == "completed", "the calculation failed");
            Ok(())
        }
    }
}

fn as_of(date: Option<TradingDay>) -> Vec<(&'static str, String)> {
    date.map(|date| ("as_of_date", date.to_string())).into_iter().collect()
}

async fn import(door: &Door, wish: Import, output: &Output) -> anyhow::Result<()> {
    let Import { file, name, account, account_type, equity, inception, into, mode } = wish;
    let bytes = std::fs::read(&file).with_context(|| format!("reading {} failed", file.display()))?;
    let file_name = file.file_name().context("the file has no name")?.to_string_lossy().into_owned();
    let form = FileForm::of("csv_file", file_name, bytes);
    let (path, form) = match &into {
        Some(portfolio) => {
            let id = find(door, portfolio).await?;
            (vec!["portfolios".to_owned(), id, "import-csv".to_owned()], form.with("mode", Some(mode.name())))
        }
        None => {
            let account = account.or_else(|| name.clone());
            let form = form.with("portfolio_name", name).with("account_name", account);
            let form = form.with("account_type", Some(account_type)).with("equity_balance", equity);
            (
                vec!["onboarding".to_owned(), "create-portfolio".to_owned()],
                form.with("inception_date", inception),
            )
        }
    };
    let path: Vec<&str> = path.iter().map(String::as_str).collect();
    let answered = door.send_file(&path, &form).await?;
    output.show(&answered.data, tables::imported)?;
    let faults = answered.data.get("errors").and_then(Value::as_array).map_or(0, Vec::len);
    ensure!(faults == 0, "{faults} rules are broken; nothing was imported");
    Ok(())
}

/// All portfolios of whoever asks.
pub async fn all(door: &Door) -> anyhow::Result<Vec<Value>> {
    let (mut portfolios, mut cursor) = (Vec::new(), None);
    loop {
        let mut query = vec![("limit", PAGE.to_owned()), ("include_inactive", "true".to_owned())];
        query.extend(cursor.take().map(|cursor| ("cursor", cursor)));
        let answered = door.get(&["portfolios"], &query).await?;
        let page = answered.data.get("portfolios").and_then(Value::as_array).cloned();
        portfolios.extend(page.unwrap_or_default());
        cursor = answered.next_cursor;
        if cursor.is_none() {
            return Ok(portfolios);
        }
    }
}

/// The id of the portfolio that is called so.
async fn find(door: &Door, called: &str) -> anyhow::Result<String> {
    if let Ok(id) = called.parse::<PortfolioId>() {
        return Ok(id.to_string());
    }
    let all = all(door).await?;
    let is_called =
        |portfolio: &&Value| at(portfolio, "/name") == called || at(portfolio, "/account_name") == called;
    let found: Vec<&str> =
        all.iter().filter(is_called).filter_map(|portfolio| at(portfolio, "/id").as_str()).collect();
    match found.as_slice() {
        [id] => Ok((*id).to_owned()),
        [] => bail!("no portfolio is called {called:?}; `tapedeck portfolio list` shows those there are"),
        several => bail!("{} portfolios are called {called:?}; name one by its id", several.len()),
    }
}

/// A portfolio with its exposures and its positions.
pub async fn holdings(door: &Door, id: &str, date: Option<TradingDay>) -> anyhow::Result<Value> {
    let query = as_of(date);
    let portfolio = door.get(&["portfolios", id], &query).await?.data;
    let overview = door.get(&["analytics", "portfolio", id, "overview"], &query).await?.data;
    let about = [query, vec![("portfolio_id", id.to_owned())]].concat();
    let details = door.get(&["data", "positions", "details"], &about).await?.data;
    Ok(json!({ "portfolio": portfolio, "overview": overview, "holdings": details }))
}

/// What a portfolio risks.
pub async fn risk(door: &Door, id: &str, date: Option<TradingDay>) -> anyhow::Result<Value> {
    let mut shown = Map::from_iter([("portfolio_id".to_owned(), json!(id))]);
    let analytics = ["overview", "volatility", "risk-metrics", "concentration", "beta-calculated-90d"];
    for name in analytics {
        let mut query = as_of(date);
        if name == "risk-metrics" {
            query.push(("lookback_days", RETURNS.to_owned()));
        }
        let answered = door.get(&["analytics", "portfolio", id, name], &query).await?;
        shown.insert(name.replace('-', "_"), answered.data);
    }
    Ok(Value::Object(shown))
}

/// What scenarios would do to a portfolio.
pub async fn stress(
    door: &Door,
    id: &str,
    scenarios: Option<String>,
    date: Option<TradingDay>,
) -> anyhow::Result<Value> {
    let mut query = as_of(date);
    query.extend(scenarios.map(|scenarios| ("scenarios", scenarios)));
    Ok(door.get(&["analytics", "portfolio", id, "stress-test"], &query).await?.data)
}

/// Has the snapshots of a portfolio computed, and waits until they are.
pub async fn calculate(door: &Door, id: &str, force: bool) -> anyhow::Result<Value> {
    let path = ["portfolios", id, "calculate"];
    let asked = door.send(Method::POST, &path, &json!({ "force": force })).await?.data;
    let run = at(&asked, "/batch_run_id").as_str().context("the calculation has no id")?;
    let begun = Instant::now();
    loop {
        let status = door.get(&["portfolios", id, "batch-status", run], &[]).await?.data;
        if at(&status, "/status") != "running" {
            return Ok(status);
        }
        ensure!(begun.elapsed() < PATIENCE, "calculation {run} still runs; is there a worker?");
        tokio::time::sleep(ASK_EVERY).await;
    }
}
