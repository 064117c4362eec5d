//! What became of a file, whatever it holds.

use jiff::Timestamp;
use projections::bars::{Import, Stored};
use serde::Serialize;
use serde_json::Value;

use crate::http::error::ApiError;
use crate::http::problem::FieldProblem;
use crate::market::import::Rejected;

/// What a file brought.
#[derive(Debug)]
pub(super) struct Kept {
    /// `imported`, or `imported_before`.
    pub outcome: &'static str,
    /// The state of the market data that it made.
    pub vintage: Option<i64>,
    /// When.
    pub imported_at: Timestamp,
    /// What was new.
    pub added: u64,
    /// What got other values.
    pub changed: u64,
    /// What was known, where that was counted.
    pub unchanged: Option<u64>,
    /// What was found in the file.
    pub report: Value,
}

impl Kept {
    /// The same file was imported before.
    pub fn before(before: Import) -> Self {
        let counted = |number: i64| u64::try_from(number).unwrap_or_default();
        Self {
            outcome: "imported_before",
            vintage: before.vintage.map(|vintage| vintage.number()),
            imported_at: before.imported_at,
            added: counted(before.added),
            changed: counted(before.changed),
            unchanged: None,
            report: before.report,
        }
    }

    /// It is imported now.
    pub fn now(stored: &Stored, report: &impl Serialize, imported_at: Timestamp) -> Result<Self, ApiError> {
        Ok(Self {
            outcome: "imported",
            vintage: stored.vintage.map(|vintage| vintage.number()),
            imported_at,
            added: stored.added,
            changed: stored.changed,
            unchanged: Some(stored.unchanged),
            report: serde_json::to_value(report).map_err(|error| internal(error.into()))?,
        })
    }
}

/// Rows that cannot be taken, of a file that is taken whole or not at all.
pub(super) fn rejected(rows: Vec<Rejected>) -> ApiError {
    let rows = rows.into_iter().map(|rejected| {
        let row = Some(rejected.line);
        FieldProblem { row, ..FieldProblem::new("body", "rejected", rejected.reason) }
    });
    ApiError::Invalid(rows.collect())
}

/// Something of ours failed.
pub(super) fn internal(source: Box<dyn std::error::Error + Send + Sync>) -> ApiError {
    ApiError::Internal { operation: "importing a file", source }
}
