//! What happens to the valuation of a portfolio.

use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::ComputedFrom;
use crate::CalculationId;
use crate::portfolio::valuation::Snapshot;

crate::events! {
    /// What happened to the valuation of a portfolio.
    pub enum ValuationEvent {
        /// Sessions have other snapshots than before.
        SnapshotsRecorded(SnapshotsRecorded) = 1,
        /// All snapshots follow from these inputs.
        ValuationCompleted(ValuationCompleted) = 1,
        /// Somebody wants it computed.
        CalculationRequested(CalculationRequested) = 1,
        /// What was asked for cannot be computed.
        CalculationFailed(CalculationFailed) = 1,
    }
}

/// Sessions have other snapshots than before.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SnapshotsRecorded {
    /// What they follow from.
    pub computed_from: ComputedFrom,
    /// The new or changed ones, by rising date.
    pub snapshots: Vec<Snapshot>,
    /// Sessions that have none any more.
    pub removed: Vec<Date>,
    /// When (UTC).
    pub at: Timestamp,
}

/// All snapshots follow from these inputs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ValuationCompleted {
    /// The inputs.
    pub computed_from: ComputedFrom,
    /// The last session that was looked at.
    pub through: Date,
    /// What was asked for and is done with this.
    pub calculations: Vec<CalculationId>,
    /// When (UTC).
    pub at: Timestamp,
}

/// Somebody wants it computed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CalculationRequested {
    /// The calculation.
    pub calculation_id: CalculationId,
    /// When (UTC).
    pub at: Timestamp,
}

/// What was asked for cannot be computed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CalculationFailed {
    /// The calculations.
    pub calculations: Vec<CalculationId>,
    /// Why.
    pub reason: String,
    /// When (UTC).
    pub at: Timestamp,
}
