//! A run as the API shows it.

use std::str::FromStr;

use events::run::{Drawdown, RunFigures, RunKind, RunStatus};
use events::{Cash, Interval, ModelId, Principal, RunId, Symbol, Version};
use jiff::Timestamp;
use projections::runs::RunSummary;
use serde::Serialize;
use utoipa::ToSchema;

/// A run.
#[derive(Debug, Serialize, ToSchema)]
pub struct RunView {
    /// Its id.
    #[schema(value_type = String, format = Uuid)]
    pub run_id: RunId,
    /// Who asked for it.
    #[schema(value_type = String, example = "local")]
    pub owner: Principal,
    /// The model it executes.
    #[schema(value_type = String, format = Uuid)]
    pub model_id: ModelId,
    /// The name of the model when the run was requested.
    #[schema(example = "Golden cross")]
    pub model_name: String,
    /// Its number among the runs of the model.
    #[schema(example = 1)]
    pub run_number: u32,
    /// `pending`, `running`, `completed`, `failed` or `cancelled`.
    #[schema(value_type = String, example = "completed")]
    pub status: RunStatus,
    /// `simulated`: decided here; `imported`: decided elsewhere, and repeated from its ledger.
    #[schema(value_type = String, example = "simulated")]
    pub kind: RunKind,
    /// The name of its policy.
    #[schema(example = "builtin/sma-cross")]
    pub policy: String,
    /// What may be traded.
    #[schema(value_type = Vec<String>, example = json!(["AAPL", "MSFT"]))]
    pub symbols: Vec<Symbol>,
    /// Length of a bar.
    #[schema(value_type = String, example = "1d")]
    pub interval: Interval,
    /// Start of the bar that opens the account.
    pub first_bar_at: Timestamp,
    /// Start of the last bar.
    pub last_bar_at: Timestamp,
    /// Cash with which the account is opened.
    #[schema(value_type = String, example = "10000")]
    pub initial_cash: Cash,
    /// How many bars it has.
    #[schema(example = 124)]
    pub bars_total: u32,
    /// How many of them are closed.
    #[schema(example = 124)]
    pub bars_done: u32,
    /// Ledger records so far.
    #[schema(example = 131)]
    pub records: u64,
    /// Cash after the last closed bar.
    #[schema(value_type = String, example = "312.45")]
    pub cash: Cash,
    /// Cash and positions at the close of the last closed bar.
    #[schema(value_type = String, example = "10412.07")]
    pub value: Cash,
    /// Its exact figures; null until it is over.
    pub figures: Option<FiguresView>,
    /// Why it failed or was cancelled.
    pub reason: Option<String>,
    /// When it was requested.
    pub requested_at: Timestamp,
    /// When its first bars were closed.
    pub started_at: Option<Timestamp>,
    /// When it ended.
    pub ended_at: Option<Timestamp>,
    /// Version of its stream that is shown.
    #[schema(value_type = i64, example = 6)]
    pub version: Version,
}

impl From<RunSummary> for RunView {
    fn from(run: RunSummary) -> Self {
        Self {
            run_id: run.run_id,
            owner: run.owner,
            model_id: run.model_id,
            model_name: run.model_name,
            run_number: run.run_number,
            status: run.status,
            kind: RunKind::of_policy(&run.policy),
            policy: run.policy,
            symbols: run.symbols,
            interval: run.interval,
            first_bar_at: run.first_bar_at,
            last_bar_at: run.last_bar_at,
            initial_cash: run.initial_cash,
            bars_total: run.bars_total,
            bars_done: run.bars_done,
            records: run.records,
            cash: run.cash,
            value: run.value,
            figures: run.figures.as_ref().map(FiguresView::from),
            reason: run.reason,
            requested_at: run.requested_at,
            started_at: run.started_at,
            ended_at: run.ended_at,
            version: run.version,
        }
    }
}

/// The exact figures of a run that is over.
#[derive(Debug, Serialize, ToSchema)]
pub struct FiguresView {
    /// Value at the end over cash at the start, less one; a fraction.
    #[schema(example = 0.041207)]
    total_return: f64,
    /// The deepest fall from a peak; a fraction, 0 when the value never fell below a peak.
    #[schema(example = 0.018171)]
    max_drawdown: f64,
    /// Profit of what was sold: average cost, fees included.
    #[schema(value_type = String, example = "388.12")]
    realised_pnl: Cash,
    /// Profit of what is held; realised and open profit add up to the change in value exactly.
    #[schema(value_type = String, example = "23.95")]
    open_pnl: Cash,
    /// Change in value that nobody decided: adjustments of an imported account. Profits and adjustments add up to the
    /// change in value.
    #[schema(value_type = String, example = "0")]
    adjustments: Cash,
    /// Fees paid.
    #[schema(value_type = String, example = "14.02")]
    fees: Cash,
    /// Value of all executions.
    #[schema(value_type = String, example = "28040.6")]
    traded: Cash,
    /// Executed purchases.
    #[schema(example = 4)]
    buys: u64,
    /// Executed sales.
    #[schema(example = 3)]
    sells: u64,
    /// Refused orders.
    #[schema(example = 0)]
    refusals: u64,
    /// Bars after the first in which nothing was executed.
    #[schema(example = 116)]
    holds: u64,
}

impl From<&RunFigures> for FiguresView {
    fn from(figures: &RunFigures) -> Self {
        Self {
            total_return: figures.total_return.to_f64(),
            max_drawdown: figures.max_drawdown.as_ref().map_or(0.0, |fall: &Drawdown| fall.rate().to_f64()),
            realised_pnl: figures.realised_pnl,
            open_pnl: figures.open_pnl,
            adjustments: figures.adjustments,
            fees: figures.fees,
            traded: figures.traded,
            buys: figures.counts.buys,
            sells: figures.counts.sells,
            refusals: figures.counts.refusals,
            holds: figures.counts.holds,
        }
    }
}

/// A status by its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StatusName(pub RunStatus);

/// The text is not the name of a status.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be pending, running, completed, failed or cancelled")]
pub struct NoStatus;

impl FromStr for StatusName {
    type Err = NoStatus;

    fn from_str(text: &str) -> Result<Self, NoStatus> {
        use RunStatus::{Cancelled, Completed, Failed, Pending, Running};
        let all = [Pending, Running, Completed, Failed, Cancelled];
        all.into_iter().find(|status| status.name() == text).map(Self).ok_or(NoStatus)
    }
}
