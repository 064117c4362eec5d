//! What a run is asked to do, and the rules that such a command can break.

use std::fmt;
use std::sync::Arc;

use super::{Fingerprint, RunSnapshot, RunStatus};
use crate::ModelId;
use crate::market::Bars;
use crate::policy::{FieldError, Policy, sentence};

/// Longest reason of a cancellation or failure, in characters; what is beyond is cut off.
pub const REASON_CHARS_MAX: usize = 1_000;

/// What a run is asked to do.
#[derive(Debug, Clone)]
pub enum RunCommand {
    /// Bring the run into being; the same request twice is one run.
    Request {
        /// The model it executes.
        model_id: ModelId,
        /// Its number among the runs of the model.
        run_number: u32,
        /// Everything that influences it.
        snapshot: Box<RunSnapshot>,
    },
    /// Decide and execute the next chunk of bars.
    Advance(Advance),
    /// Stop; what was done stays.
    Cancel {
        /// Why.
        reason: String,
    },
    /// Give up; what was done stays.
    Fail {
        /// What went wrong.
        reason: String,
    },
    /// Hide a run that is over.
    Delete,
}

/// The next chunk of bars.
#[derive(Clone)]
pub struct Advance {
    /// A bar that is still to be decided. The chunk starts with the next bar, whether that is this one or one before;
    /// where this one was decided already, so was the advance, which is refused.
    pub from_bar: u32,
    /// The bars of the snapshot.
    pub bars: Arc<Bars>,
    /// The policy of the snapshot over these bars.
    pub policy: Arc<dyn Policy>,
}

impl fmt::Debug for Advance {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Millions of prices say nothing in a log line.
        formatter.debug_struct("Advance").field("from_bar", &self.from_bar).finish_non_exhaustive()
    }
}

/// The broken rule of a command to a run.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RunError {
    /// There is no such run.
    #[error("the run does not exist")]
    NotRequested,
    /// The run exists with other terms.
    #[error("the run exists with other terms")]
    AlreadyRequested,
    /// The terms break rules.
    #[error("the terms of the run are not valid: {}", sentence(.0))]
    InvalidSnapshot(Vec<FieldError>),
    /// The run is over.
    #[error("the run is {0}")]
    Over(RunStatus),
    /// Only a run that is over can be deleted.
    #[error("the run is still trading; cancel it before deleting it")]
    StillTrading,
    /// The run is deleted.
    #[error("the run is deleted")]
    Deleted,
    /// Another advance was faster.
    #[error("bar {from_bar} was decided before; the next bar is {next_bar}")]
    StaleAdvance {
        /// The bar of the command.
        from_bar: u32,
        /// The next bar of the run.
        next_bar: u32,
    },
    /// The bars are not those of the snapshot.
    #[error("the bars have fingerprint {given}, not {expected} as in the snapshot")]
    OtherBars {
        /// The fingerprint of the snapshot.
        expected: Fingerprint,
        /// The fingerprint of the command's bars.
        given: Fingerprint,
    },
    /// The bars do not have the range or the symbols of the snapshot.
    #[error("the snapshot does not describe its bars: {0}")]
    SnapshotMismatch(&'static str),
}
