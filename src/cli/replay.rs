//! `tapedeck replay`

use std::collections::BTreeMap;
use std::process::ExitCode;

use ::events::log::AsOf;
use ::events::{Position, RunId};
use clap::Args;
use jiff::Timestamp;
use serde::Deserialize;

use super::Output;
use super::output::table;
use super::remote::{self, Place};
use crate::config::Config;
use crate::replay::{Replayed, replay};
use crate::tape::Tape;

/// Folds the events of a run again, up to any point, and shows the account as it was then.
#[derive(Debug, Args)]
pub struct Replay {
    /// The run
    pub run: RunId,
    /// Only events up to this position of the log
    #[arg(long, conflicts_with = "recorded_at")]
    pub position: Option<i64>,
    /// Only what the log had recorded by this instant, such as 2026-01-31T12:00:00Z
    #[arg(long, value_name = "INSTANT")]
    pub recorded_at: Option<Timestamp>,
}

/// Replays; two replays of the same point give the same state, to the last bit.
pub async fn run(asked: Replay, config: Config, output: &Output) -> anyhow::Result<ExitCode> {
    if let Place::There(remote) = Place::of(&config)? {
        return remote::runs::replay(&remote, &asked, output).await;
    }
    let point = match (asked.position, asked.recorded_at) {
        (Some(position), _) => Some(AsOf::Position(Position(position))),
        (None, Some(instant)) => Some(AsOf::RecordedAt(instant)),
        (None, None) => None,
    };
    let tape = Tape::open(config).await?;
    let outcome = replay(&tape.log, asked.run, point).await;
    tape.close().await?;
    output.show(&outcome?, text)?;
    Ok(ExitCode::SUCCESS)
}

fn text(replayed: &Replayed) -> String {
    let figures = &replayed.figures;
    Shown {
        run_id: replayed.run_id.to_string(),
        status: replayed.status.clone(),
        events: replayed.events,
        position: replayed.position.0,
        state_hash: replayed.state_hash.clone(),
        bars: figures.bars,
        records: figures.records,
        cash: replayed.cash.to_string(),
        value: figures.value.to_string(),
        holdings: replayed
            .holdings
            .iter()
            .map(|(symbol, held)| (symbol.to_string(), held.to_string()))
            .collect(),
    }
    .text()
}

/// What people are shown of an account as it was, wherever it was folded.
#[derive(Debug, Deserialize)]
pub struct Shown {
    run_id: String,
    status: Option<String>,
    events: usize,
    position: i64,
    state_hash: String,
    bars: u32,
    records: u64,
    cash: String,
    value: String,
    holdings: BTreeMap<String, String>,
}

impl Shown {
    /// The account for people.
    pub fn text(&self) -> String {
        let status = self.status.as_deref().unwrap_or("deleted");
        let rows = self.holdings.iter().map(|(symbol, quantity)| vec![symbol.clone(), quantity.clone()]);
        let lines = [
            format!("run        {}", self.run_id),
            format!("status     {status}, {} bars closed, {} ledger records", self.bars, self.records),
            format!("events     {} folded, up to position {}", self.events, self.position),
            format!("state      {}", self.state_hash),
            format!("value      {} (cash {})", self.value, self.cash),
            table(&["symbol", "quantity"], 1, rows),
        ];
        lines.join("\n")
    }
}
