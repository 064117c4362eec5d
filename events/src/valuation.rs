//! What a portfolio was worth at the close of each session, as it was computed: only what differs is recorded again.
//!
//! The stream has the key of its portfolio. It can be made again from portfolio and prices, but it says what was shown
//! when, and from what that was computed.

mod command;
mod events;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};
use std::io;

pub use command::{Beside, Digested, Part, RecordSnapshots, ValuationAct, ValuationCommand, ValuationError};
pub use events::{
    CalculationFailed, CalculationRequested, SnapshotsRecorded, ValuationCompleted, ValuationEvent,
};
use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::portfolio::valuation::Snapshot;
use crate::{CalculationId, Decider, Version};

/// Raised whenever a roll of the same facts and prices gives other snapshots than before.
pub const METHOD_VERSION: u32 = 2;

/// Calculations of a portfolio that may wait; all of them are done with the next valuation.
pub const RUNNING_MAX: usize = 100;

/// What snapshots were computed from: with the same inputs anybody gets the same. Ordered by what is newer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct ComputedFrom {
    /// The [`METHOD_VERSION`] of the code.
    pub method_version: u32,
    /// The version of the portfolio's stream.
    pub portfolio_version: Version,
    /// The newest price vintage that touched a symbol of the portfolio; 0 where none did.
    pub vintage: i64,
}

/// Tells snapshots apart: the first eight bytes of the SHA-256 of their JSON.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct SnapshotDigest(u64);

impl SnapshotDigest {
    /// The digest of a snapshot.
    ///
    /// # Errors
    /// The snapshot cannot be written as JSON.
    pub fn of(snapshot: &Snapshot) -> Result<Self, serde_json::Error> {
        let mut hashed = Hashed(Sha256::new());
        serde_json::to_writer(&mut hashed, snapshot)?;
        let digest = hashed.0.finalize();
        Ok(Self(digest.iter().take(8).fold(0, |number, byte| (number << 8) | u64::from(*byte))))
    }
}

struct Hashed(Sha256);

impl io::Write for Hashed {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.update(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// How far a valuation has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Completed {
    /// What all snapshots follow from.
    pub computed_from: ComputedFrom,
    /// The last session that was looked at.
    pub through: Date,
}

/// The snapshots of a portfolio. Keeps no snapshot, but what tells it from another.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Valuation {
    recorded: BTreeMap<Date, SnapshotDigest>,
    newest: Option<ComputedFrom>,
    completed: Option<Completed>,
    running: BTreeMap<CalculationId, Timestamp>,
}

impl Valuation {
    /// How far it has come; none before it was first completed.
    pub const fn completed(&self) -> Option<Completed> {
        self.completed
    }

    /// What was asked for and is neither completed nor failed, with when that was.
    pub const fn running(&self) -> &BTreeMap<CalculationId, Timestamp> {
        &self.running
    }

    /// What tells the recorded snapshots from others, by session.
    pub const fn recorded(&self) -> &BTreeMap<Date, SnapshotDigest> {
        &self.recorded
    }

    /// Refuses one more calculation where another is running and that matters, or where too many wait.
    ///
    /// # Errors
    /// Which one is running.
    fn admit(&self, beside: Beside) -> Result<(), ValuationError> {
        match self.running.keys().next() {
            Some(running) if beside == Beside::Nothing || self.running.len() >= RUNNING_MAX => {
                Err(ValuationError::Running { calculation_id: *running })
            }
            Some(_) | None => Ok(()),
        }
    }

    fn record(&self, record: RecordSnapshots, at: Timestamp) -> Result<Vec<ValuationEvent>, ValuationError> {
        let RecordSnapshots { computed_from, from, through, snapshots, part, calculations } = record;
        if let Some(newest) = self.newest.filter(|newest| computed_from < *newest) {
            return Err(ValuationError::Outdated { newest });
        }
        let mut after = None;
        for snapshot in snapshots.iter() {
            let date = snapshot.date();
            if date < from || date > through || after.is_some_and(|after| date <= after) {
                return Err(ValuationError::OutOfOrder { date });
            }
            after = Some(date);
        }
        let given: BTreeSet<Date> = snapshots.iter().map(Digested::date).collect();
        let differs = |digested: &&Digested| self.recorded.get(&digested.date()) != Some(&digested.digest());
        let changed: Vec<Snapshot> =
            snapshots.iter().filter(differs).map(|digested| digested.snapshot().clone()).collect();
        let within = self.recorded.keys().filter(|date| **date >= from && **date <= through);
        let removed: Vec<Date> = within.filter(|date| !given.contains(date)).copied().collect();
        let mut events = Vec::new();
        if !changed.is_empty() || !removed.is_empty() {
            let recorded = SnapshotsRecorded { computed_from, snapshots: changed, removed, at };
            events.push(ValuationEvent::SnapshotsRecorded(recorded));
        }
        let completed = Completed { computed_from, through };
        let done = self.running.keys().filter(|id| calculations.contains(*id));
        let calculations: Vec<CalculationId> = done.copied().collect();
        let is_news = !events.is_empty() || !calculations.is_empty() || self.completed != Some(completed);
        if part == Part::Last && is_news {
            let completed = ValuationCompleted { computed_from, through, calculations, at };
            events.push(ValuationEvent::ValuationCompleted(completed));
        }
        Ok(events)
    }
}

impl Decider for Valuation {
    const CATEGORY: &'static str = "valuation";
    const FOLD: u32 = 1;
    type Command = ValuationCommand;
    type Event = ValuationEvent;
    type Error = ValuationError;

    fn decide(&self, command: ValuationCommand) -> Result<Vec<ValuationEvent>, ValuationError> {
        let at = command.at;
        match command.act {
            ValuationAct::Record(record) => self.record(record, at),
            ValuationAct::Request { calculation_id, .. } if self.running.contains_key(&calculation_id) => {
                Ok(vec![])
            }
            ValuationAct::Request { calculation_id, beside } => {
                self.admit(beside)?;
                let requested = CalculationRequested { calculation_id, at };
                Ok(vec![ValuationEvent::CalculationRequested(requested)])
            }
            ValuationAct::Fail { .. } if self.running.is_empty() => Ok(vec![]),
            ValuationAct::Fail { reason } => {
                let calculations = self.running.keys().copied().collect();
                let failed = CalculationFailed { calculations, reason, at };
                Ok(vec![ValuationEvent::CalculationFailed(failed)])
            }
        }
    }

    fn evolve(&mut self, event: &ValuationEvent) {
        match event {
            ValuationEvent::SnapshotsRecorded(recorded) => {
                self.newest = self.newest.max(Some(recorded.computed_from));
                for date in &recorded.removed {
                    self.recorded.remove(date);
                }
                for snapshot in &recorded.snapshots {
                    match SnapshotDigest::of(snapshot) {
                        Ok(digest) => self.recorded.insert(snapshot.snapshot_date, digest),
                        // Without a digest it differs from whatever comes, and is recorded again.
                        Err(_) => self.recorded.remove(&snapshot.snapshot_date),
                    };
                }
            }
            ValuationEvent::ValuationCompleted(completed) => {
                let ValuationCompleted { computed_from, through, .. } = *completed;
                self.newest = self.newest.max(Some(computed_from));
                self.completed = Some(Completed { computed_from, through });
                for calculation in &completed.calculations {
                    self.running.remove(calculation);
                }
            }
            ValuationEvent::CalculationRequested(requested) => {
                self.running.insert(requested.calculation_id, requested.at);
            }
            ValuationEvent::CalculationFailed(failed) => {
                for calculation in &failed.calculations {
                    self.running.remove(calculation);
                }
            }
        }
    }
}
