//! What the valuation of a portfolio is asked to do, and the rules that this can break.

use std::collections::BTreeSet;
use std::sync::Arc;

use jiff::Timestamp;
use jiff::civil::Date;

use super::{ComputedFrom, SnapshotDigest};
use crate::CalculationId;
use crate::portfolio::valuation::Snapshot;

/// A request to the valuation of a portfolio.
#[derive(Debug, Clone)]
pub struct ValuationCommand {
    /// Now (UTC).
    pub at: Timestamp,
    /// What is asked.
    pub act: ValuationAct,
}

/// What the valuation of a portfolio is asked to do.
#[derive(Debug, Clone)]
pub enum ValuationAct {
    /// Keep what differs from what is recorded.
    Record(RecordSnapshots),
    /// Note that somebody wants it computed; the same id twice is once.
    Request {
        /// Under which name.
        calculation_id: CalculationId,
        /// What if somebody else waits for one.
        beside: Beside,
    },
    /// Note that what was asked for cannot be computed.
    Fail {
        /// Why.
        reason: String,
    },
}

/// Whether a calculation may be asked for while another is running. There is one writer all the same: both are done with the
/// first valuation that begins after they were asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Beside {
    /// It may not.
    Nothing,
    /// It may.
    Others,
}

/// All snapshots of some sessions, the unchanged ones too.
#[derive(Debug, Clone)]
pub struct RecordSnapshots {
    /// What they follow from.
    pub computed_from: ComputedFrom,
    /// The first date that they cover: recorded sessions from it on that are not among them are gone.
    pub from: Date,
    /// The last date that they cover.
    pub through: Date,
    /// They, by rising date. Shared, because a command is decided again after a concurrent writer won.
    pub snapshots: Arc<[Digested]>,
    /// Whether more follow.
    pub part: Part,
    /// What had been asked for when facts and prices were read, and is done with the last part. What was asked for later may
    /// want newer ones.
    pub calculations: BTreeSet<CalculationId>,
}

/// Whether a record is all there is. Large valuations are recorded piece by piece.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// Later sessions follow.
    More,
    /// It is complete with this.
    Last,
}

/// A snapshot with what tells it from others, so that nobody computes that twice.
#[derive(Debug, Clone, PartialEq)]
pub struct Digested {
    snapshot: Snapshot,
    digest: SnapshotDigest,
}

impl Digested {
    /// A snapshot with its digest.
    ///
    /// # Errors
    /// The snapshot cannot be written as JSON.
    pub fn of(snapshot: Snapshot) -> Result<Self, serde_json::Error> {
        let digest = SnapshotDigest::of(&snapshot)?;
        Ok(Self { snapshot, digest })
    }

    /// The snapshot.
    pub const fn snapshot(&self) -> &Snapshot {
        &self.snapshot
    }

    /// What tells it from others.
    pub const fn digest(&self) -> SnapshotDigest {
        self.digest
    }

    /// Its session.
    pub const fn date(&self) -> Date {
        self.snapshot.snapshot_date
    }
}

/// The broken rule of a request to a valuation.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ValuationError {
    /// What is recorded follows from newer facts or prices.
    #[error("newer snapshots are recorded, of version {} of the portfolio and vintage {}", .newest.portfolio_version.0, .newest.vintage)]
    Outdated {
        /// What they follow from.
        newest: ComputedFrom,
    },
    /// Snapshots are not sorted, or not of the dates that they cover.
    #[error("the snapshot of {date} is not in its place")]
    OutOfOrder {
        /// The first one.
        date: Date,
    },
    /// What was asked for before is not done yet.
    #[error("calculation {calculation_id} is running")]
    Running {
        /// Which.
        calculation_id: CalculationId,
    },
}
