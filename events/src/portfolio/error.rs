//! The rules that a command to a portfolio can break.

use super::EquityRule;
use crate::policy::{FieldError, sentence};
use crate::{PositionId, TargetId};

/// The broken rule of a command to a portfolio.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PortfolioError {
    /// There is no such portfolio.
    #[error("the portfolio does not exist")]
    NotOpened,
    /// There is one already.
    #[error("the portfolio exists already")]
    AlreadyOpened,
    /// Its owner gave it up.
    #[error("the portfolio is closed")]
    Closed,
    /// It was given up too long ago to be taken back.
    #[error("a portfolio can be restored within 30 days of its closing")]
    RestoreWindowOver,
    /// Another portfolio of the owner has an account of this name.
    #[error("the account name is taken by another portfolio")]
    AccountNameTaken,
    /// The owner has as many portfolios as allowed.
    #[error("at most {limit} portfolios; there are {current}")]
    LimitReached {
        /// How many are allowed.
        limit: usize,
        /// How many there are.
        current: usize,
    },
    /// The owner's last active portfolio can neither be closed nor deactivated.
    #[error("the last active portfolio must stay active")]
    LastActive,
    /// A rule of equity changes that is not one of a field.
    #[error("{0}")]
    EquityChange(EquityRule),
    /// There is no such lot.
    #[error("there is no position {0}")]
    NoPosition(PositionId),
    /// Some of the lots to be opened exist, others do not.
    #[error("the position {0} exists already")]
    PositionExists(PositionId),
    /// Lots can vanish without a trace within five minutes only.
    #[error("the position {0} can be deleted for good within 5 minutes of its recording")]
    HardDeleteWindowOver(PositionId),
    /// There are no such target prices.
    #[error("there is no target price {0}")]
    NoTarget(TargetId),
    /// The symbol and type have target prices.
    #[error("{symbol} {position_type} has target prices already")]
    TargetExists {
        /// The symbol.
        symbol: String,
        /// The type.
        position_type: &'static str,
        /// Which element of the list wants others, from 0.
        row: usize,
    },
    /// What was sent breaks rules.
    #[error("the request is not valid: {}", sentence(.0))]
    Invalid(Vec<FieldError>),
}
