//! What a portfolio earned, session by session, as its snapshots were recorded: whatever it held then.

use events::{PortfolioId, Version};
use jiff::civil::Date;
use serde::Serialize;
use utoipa::ToSchema;

use super::{Absent, Reason, RiskInputs};
use crate::snapshots::SnapshotRow;

/// The snapshots of one portfolio, oldest first.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct TrackRecord {
    rows: Vec<SnapshotRow>,
}

/// How current the snapshots are that figures are made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
pub struct TrackFreshness {
    /// The session of the last of them.
    pub snapshot_date: Date,
    /// Sessions after that until the one told of: they have none.
    #[schema(example = 0)]
    pub sessions_behind: usize,
    /// The version of the portfolio that the last of them was computed from.
    #[schema(value_type = i64, example = 7)]
    pub portfolio_version: Version,
    /// They are of the session told of and of the portfolio as it is known.
    pub is_current: bool,
}

impl TrackRecord {
    /// Of snapshots, oldest first.
    pub const fn of(rows: Vec<SnapshotRow>) -> Self {
        Self { rows }
    }

    /// The snapshots.
    pub fn rows(&self) -> &[SnapshotRow] {
        &self.rows
    }

    /// What tells it from every other: the events that recorded it.
    pub fn identity(&self) -> String {
        let rows = self.rows.iter().map(|row| format!("{}@{}", row.snapshot.snapshot_date, row.position.0));
        rows.collect::<Vec<_>>().join(",")
    }

    /// The sessions with a return, rising, and their returns: P&L over the equity before. A session before which the
    /// equity was unknown, zero or negative has none.
    pub fn returns(&self) -> (Vec<Date>, Vec<f64>) {
        let days = self.rows.iter();
        days.filter_map(|row| Some((row.snapshot.snapshot_date, row.snapshot.daily_return()?))).unzip()
    }

    /// The returns, at least so many.
    ///
    /// # Errors
    /// `no_snapshots`, `insufficient_history`.
    pub fn at_least(&self, needed: usize) -> Result<(Vec<Date>, Vec<f64>), Absent> {
        if self.rows.is_empty() {
            return Err(Absent::because(Reason::NoSnapshots, "there are no snapshots of the portfolio"));
        }
        let (sessions, returns) = self.returns();
        if returns.len() < needed {
            let message = format!("fewer than {needed} daily returns in the snapshots");
            return Err(Absent::because(Reason::InsufficientHistory, message));
        }
        Ok((sessions, returns))
    }

    /// How current it is beside the portfolio as it is known.
    pub fn freshness(&self, inputs: &RiskInputs, portfolio_id: PortfolioId) -> Option<TrackFreshness> {
        let last = self.rows.last()?;
        let snapshot_date = last.snapshot.snapshot_date;
        let next = events::calendar::next_session(snapshot_date);
        let sessions = events::calendar::sessions_between(next, inputs.as_of_date);
        let part = inputs.portfolios.iter().find(|part| part.portfolio_id == portfolio_id);
        let portfolio_version = last.computed_from.portfolio_version;
        let is_current = sessions == 0 && part.is_some_and(|part| part.version == portfolio_version);
        Some(TrackFreshness { snapshot_date, sessions_behind: sessions, portfolio_version, is_current })
    }
}
