//! An equity change as the API shows it.

use events::portfolio::{EquityChange, EquityChangeKind, EquityRule, PortfolioError};
use events::{Cash, EquityChangeId, PortfolioId, Principal};
use jiff::Timestamp;
use jiff::civil::Date;
use serde::Serialize;
use utoipa::ToSchema;

use crate::http::books::Reading;
use crate::http::error::{ApiError, Refusal};

/// A contribution or withdrawal.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct EquityChangeView {
    /// Its id.
    #[schema(value_type = String, format = Uuid)]
    pub(super) id: EquityChangeId,
    /// The portfolio.
    #[schema(value_type = String, format = Uuid)]
    pub(super) portfolio_id: PortfolioId,
    /// `CONTRIBUTION` or `WITHDRAWAL`.
    #[schema(value_type = String, example = "CONTRIBUTION")]
    pub(super) change_type: EquityChangeKind,
    /// How much, above zero.
    #[schema(value_type = String, example = "2500")]
    pub(super) amount: Cash,
    /// On which New York date; it counts at the end of that session or of the next one.
    #[schema(value_type = String, format = Date)]
    pub(super) change_date: Date,
    /// What for.
    pub(super) notes: Option<String>,
    /// Whose portfolio it is.
    #[schema(value_type = String)]
    created_by_user_id: Principal,
    /// When it was recorded.
    pub(super) created_at: Timestamp,
    /// When it was last changed.
    pub(super) updated_at: Timestamp,
    /// When it was deleted, if it was.
    pub(super) deleted_at: Option<Timestamp>,
}

impl EquityChangeView {
    /// A flow of a portfolio.
    pub(super) fn of(reading: &Reading, id: EquityChangeId, change: &EquityChange) -> Self {
        Self {
            id,
            portfolio_id: reading.book.portfolio_id,
            change_type: change.change_type,
            amount: change.amount,
            change_date: change.change_date,
            notes: change.notes.clone(),
            created_by_user_id: reading.book.owner.clone(),
            created_at: change.created_at,
            updated_at: change.updated_at,
            deleted_at: change.deleted_at,
        }
    }

    /// The flow of this id.
    pub(super) fn find(reading: &Reading, id: EquityChangeId) -> Result<Self, ApiError> {
        let change = reading.portfolio().equity_changes.get(&id);
        let none = || Refusal::from(PortfolioError::EquityChange(EquityRule::NotFound));
        change.map(|change| Self::of(reading, id, change)).ok_or_else(|| none().into())
    }

    /// The flows of a portfolio by date, the oldest first.
    pub(super) fn all(reading: &Reading) -> Vec<(String, Self)> {
        let changes = reading.portfolio().equity_changes.iter();
        let key = |change: &EquityChange, id: &EquityChangeId| {
            // Until the year 2255 all microseconds have so many digits.
            format!("{} {:016} {id}", change.change_date, change.created_at.as_microsecond())
        };
        let mut all: Vec<(String, Self)> =
            changes.map(|(id, change)| (key(change, id), Self::of(reading, *id, change))).collect();
        all.sort_by(|(left, _), (right, _)| left.cmp(right));
        all
    }
}
