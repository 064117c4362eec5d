//! The rules of portfolios and tags as the API tells them.

use axum::http::StatusCode;
use events::portfolio::{EquityRule, PortfolioError};
use events::tags::TagError;
use events::valuation::ValuationError;

use super::Description;

/// What the broken rule of a portfolio is to the caller.
pub(super) fn description(error: &PortfolioError) -> Description {
    let (status, code, title) = match error {
        PortfolioError::NotOpened
        | PortfolioError::Closed
        | PortfolioError::NoPosition(_)
        | PortfolioError::NoTarget(_) => (StatusCode::NOT_FOUND, "not_found", "There is no such thing"),
        PortfolioError::AlreadyOpened | PortfolioError::PositionExists(_) => {
            (StatusCode::CONFLICT, "exists", "It exists already")
        }
        PortfolioError::TargetExists { .. } => {
            (StatusCode::CONFLICT, "TARGET_PRICE_EXISTS", "There are target prices already")
        }
        PortfolioError::RestoreWindowOver => {
            (StatusCode::CONFLICT, "RESTORE_WINDOW_OVER", "It is too late to restore it")
        }
        PortfolioError::HardDeleteWindowOver(_) => {
            (StatusCode::CONFLICT, "HARD_DELETE_WINDOW_OVER", "It is too late to delete it for good")
        }
        PortfolioError::AccountNameTaken => {
            (StatusCode::CONFLICT, "ACCOUNT_NAME_TAKEN", "The account name is taken")
        }
        PortfolioError::LimitReached { .. } => {
            (StatusCode::FORBIDDEN, "PORTFOLIO_LIMIT", "There are as many portfolios as there may be")
        }
        PortfolioError::LastActive => {
            (StatusCode::CONFLICT, "LAST_ACTIVE_PORTFOLIO", "The last active portfolio must stay active")
        }
        PortfolioError::EquityChange(rule) => return equity_description(*rule),
        PortfolioError::Invalid(_) => {
            (StatusCode::UNPROCESSABLE_ENTITY, "validation_failed", "The request is not valid")
        }
    };
    Description { status, code, title }
}

fn equity_description(rule: EquityRule) -> Description {
    let (status, title) = match rule {
        EquityRule::NotFound => (StatusCode::NOT_FOUND, "There is no such equity change"),
        EquityRule::AlreadyDeleted => (StatusCode::CONFLICT, "The equity change is deleted already"),
        EquityRule::EditWindowOver | EquityRule::DeleteWindowOver => {
            (StatusCode::CONFLICT, "It is too late for that")
        }
        EquityRule::AmountNotPositive | EquityRule::FutureDate | EquityRule::AboveEquity => {
            (StatusCode::UNPROCESSABLE_ENTITY, "The request is not valid")
        }
    };
    Description { status, code: rule.code(), title }
}

/// What the broken rule of a valuation is to the caller.
pub(super) fn valuation_description(error: &ValuationError) -> Description {
    let (status, code, title) = match error {
        ValuationError::Running { .. } => {
            (StatusCode::CONFLICT, "CALCULATION_RUNNING", "A calculation is running already")
        }
        // Only analysts record, and they begin again.
        ValuationError::Outdated { .. } | ValuationError::OutOfOrder { .. } => {
            (StatusCode::INTERNAL_SERVER_ERROR, "internal", "Something failed on our side")
        }
    };
    Description { status, code, title }
}

/// What the broken rule of tags is to the caller.
pub(super) fn tags_description(error: &TagError) -> Description {
    let (status, code, title) = match error {
        TagError::NoTag(_) => (StatusCode::NOT_FOUND, "not_found", "There is no such thing"),
        TagError::NameTaken(_) => (StatusCode::CONFLICT, "TAG_NAME_TAKEN", "Another tag has this name"),
        TagError::NotArchived => (StatusCode::CONFLICT, "TAG_NOT_ARCHIVED", "Archive the tag first"),
        TagError::TooMany => (StatusCode::CONFLICT, "limit_reached", "There are as many as there may be"),
        TagError::Invalid(_) => {
            (StatusCode::UNPROCESSABLE_ENTITY, "validation_failed", "The request is not valid")
        }
    };
    Description { status, code, title }
}
