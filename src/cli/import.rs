//! `tapedeck import`

mod ai_trader;

use std::fmt::Display;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use ::events::account::Origin;
use ::events::operations::Operation;
use ::events::{Interval, Symbol};
use actors::DirectoryOptions;
use anyhow::Context;
use clap::{Args, Subcommand};
use serde::Serialize;
use serde_json::json;

use super::Output;
use super::remote::{self, Place};
use super::why::Why;
use crate::config::Config;
use crate::identity::{Asked, Operator};
use crate::market::import::reference::{RecordKind, RecordsImported, import_records};
use crate::market::import::{ImportError, ImportOptions, Imported, Strictness, import_path};
use crate::operations::{self, Journal, UnderWay};
use crate::tape::Tape;

/// What can be imported.
#[derive(Debug, Subcommand)]
pub enum Import {
    /// Prices: wide, long or OHLCV CSV, and merged.jsonl; plain or gzip. The format is recognised
    Prices(Prices),
    /// Ledgers of the AI-Trader benchmark, `position.jsonl`: each becomes a run of kind imported
    AiTrader(ai_trader::AiTrader),
    /// Company profiles: CSV or JSON lines with `symbol`, `company_name` and other fields, one a row
    Profiles(Records),
    /// Sector weights of benchmarks: CSV or JSON lines with `benchmark`, `as_of_date`, `sector` and `weight`, a fraction
    SectorWeights(Records),
    /// Risk-free rates: CSV or JSON lines with `rate_date`, `annual_rate`, a fraction, and `currency`, USD by default
    Rates(Records),
    /// A version of the factor registry: one JSON document, such as data/factors.json
    Factors(Records),
    /// A version of the stress scenarios: one JSON document, such as data/stress_scenarios.json
    Scenarios(Records),
}

/// Files of reference data.
#[derive(Debug, Args)]
pub struct Records {
    /// The files
    #[arg(required = true, value_name = "FILE")]
    pub files: Vec<PathBuf>,
    /// Store nothing of a file in which a row cannot be taken
    #[arg(long)]
    pub strict: bool,
    #[command(flatten)]
    pub why: Why,
}

/// Price files and what to believe instead of them.
#[derive(Debug, Args)]
pub struct Prices {
    /// The files
    #[arg(required = true, value_name = "FILE")]
    pub files: Vec<PathBuf>,
    /// Store nothing of a file in which a row cannot be taken
    #[arg(long)]
    pub strict: bool,
    /// The symbol of a file of one symbol, instead of what the file or its name says
    #[arg(long)]
    pub symbol: Option<Symbol>,
    /// Length of the bars: 1d, 60min or 1min, instead of what the file says
    #[arg(long)]
    pub interval: Option<Interval>,
    /// Time zone of stamps without offset, such as America/New_York
    #[arg(long)]
    pub zone: Option<String>,
    #[command(flatten)]
    pub why: Why,
}

impl Import {
    /// The files of reference data, and what they hold.
    const fn records(&self) -> Option<(RecordKind, &Records)> {
        Some(match self {
            Self::Prices(_) | Self::AiTrader(_) => return None,
            Self::Profiles(files) => (RecordKind::Profiles, files),
            Self::SectorWeights(files) => (RecordKind::SectorWeights, files),
            Self::Rates(files) => (RecordKind::Rates, files),
            Self::Factors(files) => (RecordKind::Factors, files),
            Self::Scenarios(files) => (RecordKind::Scenarios, files),
        })
    }
}

/// Imports each file in a transaction of its own.
pub async fn run(import: Import, config: Config, output: &Output) -> anyhow::Result<ExitCode> {
    if let Import::AiTrader(wanted) = import {
        return ai_trader::run(wanted, config, output).await;
    }
    if let Place::There(remote) = Place::of(&config)? {
        return match (&import, import.records()) {
            (Import::Prices(prices), _) => remote::imports::prices(&remote, prices, output).await,
            (_, Some((kind, files))) => remote::imports::reference(&remote, kind, files, output).await,
            (_, None) => Ok(ExitCode::SUCCESS),
        };
    }
    let tape = Tape::open(config).await?;
    let journal = Journal::start(tape.log.clone(), DirectoryOptions::default()).await?;
    let outcome = match (&import, import.records()) {
        (Import::Prices(prices), _) => import_all(&tape, &journal, prices, output).await,
        (_, Some((kind, files))) => import_reference(&tape, &journal, kind, files, output).await,
        (_, None) => Ok(ExitCode::SUCCESS),
    };
    journal.stop().await;
    tape.close().await?;
    outcome
}

const fn strictness(strict: bool) -> Strictness {
    if strict { Strictness::Strict } else { Strictness::Lenient }
}

async fn begin(journal: &Journal, operation: Operation, why: &Why) -> anyhow::Result<UnderWay> {
    let asked = Asked::now(Origin::default());
    Ok(journal.begin(&Operator::at_the_machine(), operation, &why.reason, &asked).await?)
}

async fn import_all(
    tape: &Tape,
    journal: &Journal,
    prices: &Prices,
    output: &Output,
) -> anyhow::Result<ExitCode> {
    let strictness = strictness(prices.strict);
    let options = ImportOptions {
        symbol: prices.symbol.clone(),
        interval: prices.interval,
        zone: prices.zone.clone(),
        ..ImportOptions::default()
    };
    let mut client = tape.log.connector().connect().await?;
    for path in &prices.files {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let begun = begin(journal, Operation::import_prices(&name), &prices.why).await?;
        let imported =
            import_path(&mut client, path, options.clone(), strictness, ::events::time::now()).await;
        match begun.end_with(imported, operations::of_prices).await.map(|(imported, _)| imported) {
            Ok(Imported::Before(import)) => show_before(path, &import, output)?,
            Ok(Imported::Now { stored, report }) => {
                let value = json!({
                    "file": path, "outcome": "imported", "vintage": stored.vintage, "bars_added": stored.added,
                    "bars_changed": stored.changed, "bars_unchanged": stored.unchanged, "report": report,
                });
                output.show_line(&value, |_| report.to_string())?;
                output.say(format_args!(
                    "  stored: {} new, {} changed, {} known before",
                    stored.added, stored.changed, stored.unchanged
                ));
            }
            Err(ImportError::Strict { report }) => {
                return show_refused(path, &report, output);
            }
            Err(error) => return Err(error).with_context(|| format!("importing {} failed", path.display())),
        }
    }
    Ok(ExitCode::SUCCESS)
}

async fn import_reference(
    tape: &Tape,
    journal: &Journal,
    kind: RecordKind,
    Records { files, strict, why }: &Records,
    output: &Output,
) -> anyhow::Result<ExitCode> {
    let mut client = tape.log.connector().connect().await?;
    for path in files {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let begun = begin(journal, Operation::import_reference(kind.name(), &name), why).await?;
        let imported =
            import_records(&mut client, path, kind, strictness(*strict), ::events::time::now()).await;
        let imported = begun.end_with(imported, operations::of_records).await.map(|(imported, _)| imported);
        match imported.with_context(|| format!("importing {} failed", path.display()))? {
            RecordsImported::Before(import) => show_before(path, &import, output)?,
            RecordsImported::Now { stored, report } => {
                let value = json!({
                    "file": path, "outcome": "imported", "vintage": stored.vintage, "records_added": stored.added,
                    "records_changed": stored.changed, "records_unchanged": stored.unchanged, "report": report,
                });
                output.show_line(&value, |_| report.to_string())?;
                output.say(format_args!(
                    "  stored: {} new, {} changed, {} known before",
                    stored.added, stored.changed, stored.unchanged
                ));
            }
            RecordsImported::Refused(report) => return show_refused(path, &report, output),
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn show_before(path: &Path, import: &projections::bars::Import, output: &Output) -> anyhow::Result<()> {
    let value = json!({ "file": path, "outcome": "imported_before", "vintage": import.vintage });
    output.show_line(&value, |_| {
        format!("{}: imported before, at {:.0}; nothing changed", path.display(), import.imported_at)
    })
}

fn show_refused(
    path: &Path,
    report: &(impl Serialize + Display),
    output: &Output,
) -> anyhow::Result<ExitCode> {
    output.show_line(&json!({ "file": path, "outcome": "refused", "report": report }), |_| {
        format!("{report}\n  nothing was stored, because --strict was given")
    })?;
    Ok(ExitCode::from(2))
}
