//! `tapedeck replay`

use std::process::ExitCode;

use ::events::log::{AsOf, state_hash};
use ::events::run::{Run, RunFigures};
use ::events::{Aggregate, Cash, Position, Quantity, RunId, Symbol, Version};
use clap::Args;
use jiff::Timestamp;
use serde::Serialize;

use super::Output;
use super::output::table;
use crate::audit::stream_of;
use crate::config::Config;
use crate::tape::Tape;

/// Folds the events of a run again, up to any point, and shows the account as it was then.
#[derive(Debug, Args)]
pub struct Replay {
    /// The run
    run: RunId,
    /// Only events up to this position of the log
    #[arg(long, conflicts_with = "recorded_at")]
    position: Option<i64>,
    /// Only what the log had recorded by this instant, such as 2026-01-31T12:00:00Z
    #[arg(long, value_name = "INSTANT")]
    recorded_at: Option<Timestamp>,
}

/// An account as it was.
#[derive(Debug, Serialize)]
struct Replayed {
    run_id: RunId,
    status: Option<String>,
    events: usize,
    version: Version,
    position: Position,
    state_hash: String,
    cash: Cash,
    holdings: Vec<(Symbol, Quantity)>,
    figures: RunFigures,
}

/// Replays; two replays of the same point give the same state, to the last bit.
pub async fn run(replay: Replay, config: Config, output: &Output) -> anyhow::Result<ExitCode> {
    let tape = Tape::open(config).await?;
    let outcome = fold(&replay, &tape).await;
    tape.close().await?;
    output.show(&outcome?, text)?;
    Ok(ExitCode::SUCCESS)
}

async fn fold(replay: &Replay, tape: &Tape) -> anyhow::Result<Replayed> {
    let stream = stream_of(replay.run);
    let point = match (replay.position, replay.recorded_at) {
        (Some(position), _) => AsOf::Position(Position(position)),
        (None, Some(instant)) => AsOf::RecordedAt(instant),
        (None, None) => AsOf::Position(tape.log.head().await?),
    };
    let loaded = tape.log.load_as_of::<Aggregate<Run>>(&stream, point).await?;
    let Some(trading) = loaded.state.trading() else {
        anyhow::bail!(
            "there was no run {} at that point; `tapedeck run list` shows those there are",
            replay.run
        );
    };
    let holdings = trading.book.holdings();
    Ok(Replayed {
        run_id: replay.run,
        status: loaded.state.status().map(|status| status.to_string()),
        events: loaded.folded,
        version: loaded.tip.version,
        position: loaded.position,
        state_hash: state_hash(&loaded.state)?.to_string(),
        cash: trading.book.cash(),
        holdings: holdings.iter().map(|(symbol, holding)| (symbol.clone(), holding.quantity)).collect(),
        figures: trading.book.figures(),
    })
}

fn text(replayed: &Replayed) -> String {
    let status = replayed.status.as_deref().unwrap_or("deleted");
    let figures = &replayed.figures;
    let rows =
        replayed.holdings.iter().map(|(symbol, quantity)| vec![symbol.to_string(), quantity.to_string()]);
    let lines = [
        format!("run        {}", replayed.run_id),
        format!("status     {status}, {} bars closed, {} ledger records", figures.bars, figures.records),
        format!("events     {} folded, up to position {}", replayed.events, replayed.position),
        format!("state      {}", replayed.state_hash),
        format!("value      {} (cash {})", figures.value, replayed.cash),
        table(&["symbol", "quantity"], 1, rows),
    ];
    lines.join("\n")
}
