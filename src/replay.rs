//! The account of a run as it was at any point, folded from its events again.

use std::collections::BTreeMap;

use events::log::{AsOf, LoadError, Log, ReadError, state_hash};
use events::run::{Run, RunFigures};
use events::{Aggregate, Cash, Position, Quantity, RunId, Symbol, Version};
use serde::{Deserialize, Serialize};

use crate::audit::stream_of;

/// An account as it was.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Replayed {
    /// The run.
    pub run_id: RunId,
    /// Where it stood; absent where it was deleted by then.
    pub status: Option<String>,
    /// How many events were folded.
    pub events: usize,
    /// The last of them in its stream.
    pub version: Version,
    /// The place in the log up to which was read.
    pub position: Position,
    /// SHA-256 of the whole state: two replays of one point agree to the last bit.
    pub state_hash: String,
    /// Cash.
    pub cash: Cash,
    /// Shares by symbol.
    pub holdings: BTreeMap<Symbol, Quantity>,
    /// Its figures up to there.
    pub figures: RunFigures,
}

/// Why nothing was replayed.
#[derive(Debug, thiserror::Error)]
pub enum ReplayError {
    /// The run did not exist then, or never.
    #[error("there was no run {0} at that point; `tapedeck run list` shows those there are")]
    NoRun(RunId),
    /// The log could not be read.
    #[error("the event log cannot be read")]
    Read(#[from] ReadError),
    /// The events could not be folded.
    #[error("the run cannot be folded")]
    Load(#[from] LoadError),
    /// The state cannot be hashed.
    #[error("the state of the run cannot be hashed")]
    Hash(#[from] serde_json::Error),
}

/// Folds the events of a run up to `point`, or all that there are.
pub async fn replay(log: &Log, run: RunId, point: Option<AsOf>) -> Result<Replayed, ReplayError> {
    let point = match point {
        Some(point) => point,
        None => AsOf::Position(log.head().await?),
    };
    let loaded = log.load_as_of::<Aggregate<Run>>(&stream_of(run), point).await?;
    let trading = loaded.state.trading().ok_or(ReplayError::NoRun(run))?;
    let holdings = trading.book.holdings();
    Ok(Replayed {
        run_id: run,
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
