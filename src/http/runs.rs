//! Runs: models executed over a range of bars.

pub mod audit;
pub mod cancel;
pub mod compare;
pub mod delete;
pub mod equity;
mod figures;
pub mod find;
pub mod ledger;
pub mod list;
pub mod performance;
pub mod progress;
pub mod replay;
mod snapshot;
pub mod start;
mod view;

use events::RunId;
use projections::View;
use projections::runs::{self, RunDetail};

use super::caller::Caller;
use super::error::ApiError;
pub use figures::{EquityFigures, TradeFigures};
pub use snapshot::SnapshotView;
pub use view::{FiguresView, RunView, StatusName};

/// The caller's run, in what the caller sees. Somebody else's does not exist.
async fn owned(view: &View, caller: &Caller, run_id: RunId) -> Result<RunDetail, ApiError> {
    let found = runs::find(view, run_id).await?;
    found
        .filter(|detail| detail.run.owner == caller.principal)
        .ok_or_else(|| ApiError::not_found("run", run_id))
}
