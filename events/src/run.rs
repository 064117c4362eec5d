//! A run: one execution of a model over a range of bars, with an account and a ledger of its own.

mod book;
mod clearing;
mod clock;
mod command;
mod decide;
mod desk;
mod events;
mod figures;
mod forced;
mod gates;
mod imported;
pub mod ledger;
mod limits;
mod quote;
pub mod recheck;
mod snapshot;
mod step;
#[cfg(test)]
pub(crate) mod tests;
mod watch;

use std::fmt;

pub use book::{Book, Holding};
pub use clearing::{Cleared, RESTING_ORDERS_MAX};
pub use command::{Advance, REASON_CHARS_MAX, RunCommand, RunError};
pub use events::{
    AccountAdjusted, AdjustedHolding, BarsClosed, FinancingCharged, Forced, LineImported, OrderAccepted,
    OrderCancelled, OrderExpired, OrderFilled, OrderRefused, PriceRule, RunCancelled, RunCompleted,
    RunDeleted, RunEvent, RunFailed, RunRequested, Session,
};
pub use figures::{Counts, Drawdown, EquityPoint, RunFigures};
pub use imported::RunKind;
pub use ledger::{Action, Ledger, LedgerRecord};
use serde::{Deserialize, Serialize};
pub use snapshot::{
    BarsUsed, CHUNK_BARS_DEFAULT, CHUNK_BARS_MAX, Fingerprint, Freeze, InvalidFingerprint, RunSnapshot,
    periods_per_year,
};
pub use step::{CHUNK_EVENTS_MAX, ORDERS_PER_BAR_MAX};

use crate::{Decider, ModelId};

/// One run of a model. What it did is in its events; the state keeps what the next bar needs and no history.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Run {
    /// Nobody asked for it yet.
    #[default]
    Unrequested,
    /// It has bars to go.
    Trading(Box<Trading>),
    /// It is over.
    Over(Box<Ended>),
    /// It is hidden.
    Deleted,
}

/// A run that has bars to go.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Trading {
    /// The model it executes.
    pub model_id: ModelId,
    /// Its number among the runs of the model.
    pub run_number: u32,
    /// Its frozen terms.
    pub snapshot: Box<RunSnapshot>,
    /// Its account.
    pub book: Book,
}

/// A run that is over.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Ended {
    /// How it ended.
    pub outcome: Outcome,
    /// What it was.
    pub run: Trading,
}

/// How a run ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "outcome")]
pub enum Outcome {
    /// It reached its last bar.
    Completed,
    /// It was stopped.
    Cancelled {
        /// Why.
        reason: String,
    },
    /// It could not go on.
    Failed {
        /// What went wrong.
        reason: String,
    },
}

/// Where a run stands, as shown to users.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RunStatus {
    /// Requested; no bar is closed yet.
    Pending,
    /// Bars are closed, and some are to go.
    Running,
    /// It reached its last bar.
    Completed,
    /// It could not go on.
    Failed,
    /// It was stopped.
    Cancelled,
}

impl RunStatus {
    /// The name used in the API and the database.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Running => "running",
            Self::Completed => "completed",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
        }
    }
}

impl fmt::Display for RunStatus {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(self.name())
    }
}

impl Run {
    /// Where it stands; `None` for a run that does not exist or is deleted.
    pub fn status(&self) -> Option<RunStatus> {
        match self {
            Self::Unrequested | Self::Deleted => None,
            Self::Trading(run) if run.book.next_bar() == 0 => Some(RunStatus::Pending),
            Self::Trading(_) => Some(RunStatus::Running),
            Self::Over(ended) => Some(match ended.outcome {
                Outcome::Completed => RunStatus::Completed,
                Outcome::Cancelled { .. } => RunStatus::Cancelled,
                Outcome::Failed { .. } => RunStatus::Failed,
            }),
        }
    }

    /// Its terms and account, unless it does not exist or is deleted.
    pub fn trading(&self) -> Option<&Trading> {
        match self {
            Self::Unrequested | Self::Deleted => None,
            Self::Trading(run) => Some(run),
            Self::Over(ended) => Some(&ended.run),
        }
    }

    /// The bar that the next [`Advance`] starts from; `None` when there is none to go.
    pub fn next_bar(&self) -> Option<u32> {
        match self {
            Self::Trading(run) => Some(run.book.next_bar()),
            Self::Unrequested | Self::Over(_) | Self::Deleted => None,
        }
    }
}

impl Decider for Run {
    const CATEGORY: &'static str = "run";
    const FOLD: u32 = 2;
    type Command = RunCommand;
    type Event = RunEvent;
    type Error = RunError;

    fn decide(&self, command: RunCommand) -> Result<Vec<RunEvent>, RunError> {
        decide::decide(self, command)
    }

    fn computes_long(command: &RunCommand) -> bool {
        // A chunk of bars is decided, and its equity points are compressed.
        matches!(command, RunCommand::Advance(_))
    }

    fn evolve(&mut self, event: &RunEvent) {
        match (&mut *self, event) {
            (Self::Unrequested, RunEvent::RunRequested(requested)) => {
                *self = Self::Trading(Box::new(Trading {
                    model_id: requested.model_id,
                    run_number: requested.run_number,
                    snapshot: requested.snapshot.clone(),
                    book: Book::opened_with(requested.snapshot.initial_cash),
                }));
            }
            (_, RunEvent::RunDeleted(_)) => *self = Self::Deleted,
            (Self::Trading(run), event) => match Outcome::of(event) {
                Some(outcome) => *self = Self::Over(Box::new(Ended { outcome, run: (**run).clone() })),
                None => run.book.apply(event),
            },
            // History is never refused: an event out of place changes nothing.
            (Self::Unrequested | Self::Over(_) | Self::Deleted, _) => {}
        }
    }
}

impl Outcome {
    fn of(event: &RunEvent) -> Option<Self> {
        match event {
            RunEvent::RunCompleted(_) => Some(Self::Completed),
            RunEvent::RunCancelled(cancelled) => Some(Self::Cancelled { reason: cancelled.reason.clone() }),
            RunEvent::RunFailed(failed) => Some(Self::Failed { reason: failed.reason.clone() }),
            RunEvent::RunRequested(_)
            | RunEvent::OrderAccepted(_)
            | RunEvent::OrderFilled(_)
            | RunEvent::OrderRefused(_)
            | RunEvent::OrderExpired(_)
            | RunEvent::OrderCancelled(_)
            | RunEvent::FinancingCharged(_)
            | RunEvent::AccountAdjusted(_)
            | RunEvent::LineImported(_)
            | RunEvent::BarsClosed(_)
            | RunEvent::RunDeleted(_) => None,
        }
    }
}
