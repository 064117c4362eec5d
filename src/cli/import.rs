//! `tapedeck import`

use std::path::PathBuf;
use std::process::ExitCode;

use ::events::{Interval, Symbol};
use anyhow::Context;
use clap::{Args, Subcommand};
use serde_json::json;

use super::Output;
use super::remote::{self, Place};
use crate::config::Config;
use crate::market::import::{ImportError, ImportOptions, Imported, Strictness, import_path};
use crate::tape::Tape;

/// What can be imported.
#[derive(Debug, Subcommand)]
pub enum Import {
    /// Prices: wide, long or OHLCV CSV, and merged.jsonl; plain or gzip. The format is recognised
    Prices(Prices),
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
}

/// Imports each file in a transaction of its own.
pub async fn run(import: Import, config: Config, output: &Output) -> anyhow::Result<ExitCode> {
    let Import::Prices(prices) = import;
    if let Place::There(remote) = Place::of(&config)? {
        return remote::imports::prices(&remote, &prices, output).await;
    }
    let tape = Tape::open(config).await?;
    let outcome = import_all(&tape, &prices, output).await;
    tape.close().await?;
    outcome
}

async fn import_all(tape: &Tape, prices: &Prices, output: &Output) -> anyhow::Result<ExitCode> {
    let strictness = if prices.strict { Strictness::Strict } else { Strictness::Lenient };
    let options = ImportOptions {
        symbol: prices.symbol.clone(),
        interval: prices.interval,
        zone: prices.zone.clone(),
        ..ImportOptions::default()
    };
    let mut client = tape.log.connector().connect().await?;
    for path in &prices.files {
        let imported =
            import_path(&mut client, path, options.clone(), strictness, ::events::time::now()).await;
        match imported {
            Ok(Imported::Before(import)) => {
                let value = json!({ "file": path, "outcome": "imported_before", "vintage": import.vintage });
                output.show_line(&value, |_| {
                    format!(
                        "{}: imported before, at {:.0}; nothing changed",
                        path.display(),
                        import.imported_at
                    )
                })?;
            }
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
                output.show_line(&json!({ "file": path, "outcome": "refused", "report": report }), |_| {
                    format!("{report}\n  nothing was stored, because --strict was given")
                })?;
                return Ok(ExitCode::from(2));
            }
            Err(error) => return Err(error).with_context(|| format!("importing {} failed", path.display())),
        }
    }
    Ok(ExitCode::SUCCESS)
}
