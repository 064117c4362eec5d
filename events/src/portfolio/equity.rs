//! Capital that comes and goes, and equity that is set by hand.

use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::Cash;
use crate::policy::FieldError;
use crate::position::named;

/// Most equity of a portfolio and most money of one flow: a million millions.
pub const EQUITY_MAX: Cash = Cash::from_units(1_000_000_000_000_000_000);

/// Longest note of an equity change, in characters.
pub const EQUITY_NOTES_CHARS_MAX: usize = 500;

named! {
    /// Which way capital goes.
    pub enum EquityChangeKind {
        /// Into the portfolio.
        Contribution = "CONTRIBUTION",
        /// Out of it.
        Withdrawal = "WITHDRAWAL",
    }
}

/// Capital that came or went on a date; it counts at the end of that session, or of the next one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EquityChange {
    /// Which way.
    pub change_type: EquityChangeKind,
    /// How much, above zero.
    pub amount: Cash,
    /// On which New York date.
    pub change_date: Date,
    /// What for.
    pub notes: Option<String>,
    /// When it was recorded (UTC): it can be edited for 7 and deleted for 30 days from then on.
    pub created_at: Timestamp,
    /// When it was last edited or deleted (UTC).
    pub updated_at: Timestamp,
    /// When it was deleted (UTC), if it was: it then never happened.
    pub deleted_at: Option<Timestamp>,
}

impl EquityChange {
    /// The amount with its sign: positive into the portfolio.
    pub fn flow(&self) -> Cash {
        match self.change_type {
            EquityChangeKind::Contribution => self.amount,
            EquityChangeKind::Withdrawal => -self.amount,
        }
    }
}

/// An equity change to be recorded.
#[derive(Debug, Clone, PartialEq)]
pub struct EquityChangeDraft {
    /// Which way.
    pub change_type: EquityChangeKind,
    /// How much, above zero.
    pub amount: Cash,
    /// On which New York date, today at the latest.
    pub change_date: Date,
    /// What for, at most 500 characters.
    pub notes: Option<String>,
}

/// A partial change of an equity change: `None` leaves a field as it is.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct EquityChangeEdit {
    /// How much.
    pub amount: Option<Cash>,
    /// On which date.
    pub change_date: Option<Date>,
    /// What for; `Some(None)` clears it.
    pub notes: Option<Option<String>>,
}

/// Equity that its owner set by hand, counting at the end of its date: what P&L and flows made of it before is replaced.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EquityAdjustment {
    /// The equity.
    pub equity: Cash,
    /// Why.
    pub notes: Option<String>,
    /// When it was set (UTC).
    pub recorded_at: Timestamp,
}

/// A rule of equity changes by its published code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum EquityRule {
    /// The amount must be above zero.
    #[error("the amount must be above 0")]
    AmountNotPositive,
    /// The date must not lie in the future.
    #[error("the date must not lie in the future")]
    FutureDate,
    /// A withdrawal must not exceed the equity at its date.
    #[error("the withdrawal exceeds the equity at its date")]
    AboveEquity,
    /// Editable for seven days.
    #[error("an equity change can be edited within 7 days of its recording")]
    EditWindowOver,
    /// Deletable for thirty days.
    #[error("an equity change can be deleted within 30 days of its recording")]
    DeleteWindowOver,
    /// There is no such change.
    #[error("there is no such equity change")]
    NotFound,
    /// It was deleted.
    #[error("the equity change is deleted already")]
    AlreadyDeleted,
}

impl EquityRule {
    /// The stable code: `EQUITY_001`, ….
    pub const fn code(self) -> &'static str {
        match self {
            Self::AmountNotPositive => "EQUITY_001",
            Self::FutureDate => "EQUITY_002",
            Self::AboveEquity => "EQUITY_003",
            Self::EditWindowOver => "EQUITY_006",
            Self::DeleteWindowOver => "EQUITY_007",
            Self::NotFound => "EQUITY_008",
            Self::AlreadyDeleted => "EQUITY_009",
        }
    }

    /// The rule as one of a field.
    pub(super) fn of_field(self, field: &str) -> FieldError {
        FieldError::new(field, self.code(), self.to_string())
    }
}

/// Reports an equity that is negative or beyond the cap.
pub(super) fn check_equity(field: &str, equity: Cash, errors: &mut Vec<FieldError>) {
    if equity.is_negative() || equity > EQUITY_MAX {
        let message = format!("must be from 0 to {EQUITY_MAX}, not {equity}");
        errors.push(FieldError::new(field, "out_of_range", message));
    }
}
