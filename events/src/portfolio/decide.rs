//! What follows from a request to a portfolio.

mod capital;
mod closing;
mod correcting;
mod lots;
mod settlement;
mod standing;
mod targets;

use jiff::Timestamp;
use jiff::civil::Date;

use super::Portfolio;
use super::command::{PortfolioAct, PortfolioCommand};
use super::error::PortfolioError;
use super::events::PortfolioEvent;
use crate::policy::FieldError;

/// What follows from a request.
type Decision = Result<Vec<PortfolioEvent>, PortfolioError>;

/// When a request is decided.
#[derive(Debug, Clone, Copy)]
struct Moment {
    /// Now (UTC).
    at: Timestamp,
    /// Today in New York.
    today: Date,
}

impl Moment {
    /// Whether at most so many days went by since `then`.
    fn is_within_days(self, days: i64, then: Timestamp) -> bool {
        self.at.duration_since(then) <= jiff::SignedDuration::from_hours(24 * days)
    }

    /// Whether at most so many minutes went by since `then`.
    fn is_within_minutes(self, minutes: i64, then: Timestamp) -> bool {
        self.at.duration_since(then) <= jiff::SignedDuration::from_mins(minutes)
    }
}

/// What follows from `command` in the state of `portfolio`.
pub(super) fn decide(portfolio: &Portfolio, command: PortfolioCommand) -> Decision {
    let now = Moment { at: command.at, today: command.today };
    let act = match command.act {
        PortfolioAct::Open { draft, siblings } => return portfolio.open(*draft, &siblings, now),
        PortfolioAct::OpenWithLots { draft, siblings, lots } => {
            return portfolio.open_with_lots(*draft, &siblings, lots, now);
        }
        act => act,
    };
    let settings = portfolio.settings.as_ref().ok_or(PortfolioError::NotOpened)?;
    if settings.closed_at.is_some() {
        return match act {
            PortfolioAct::Restore { siblings } => portfolio.restore(settings, &siblings, now),
            // Giving up twice is giving up once.
            PortfolioAct::Close { .. } => Ok(vec![]),
            _ => Err(PortfolioError::Closed),
        };
    }
    match act {
        PortfolioAct::Open { .. } | PortfolioAct::OpenWithLots { .. } => Err(PortfolioError::AlreadyOpened),
        PortfolioAct::Change { change, siblings } => portfolio.change(settings, *change, &siblings, now),
        PortfolioAct::Close { siblings } => portfolio.close(settings, &siblings, now),
        PortfolioAct::Restore { .. } => Ok(vec![]),
        PortfolioAct::RecordEquityChange { equity_change_id, draft, equity } => {
            portfolio.record_equity_change(equity_change_id, draft, equity, now)
        }
        PortfolioAct::EditEquityChange { equity_change_id, edit, equity } => {
            portfolio.edit_equity_change(equity_change_id, edit, equity, now)
        }
        PortfolioAct::DeleteEquityChange { equity_change_id } => {
            portfolio.delete_equity_change(equity_change_id, now)
        }
        PortfolioAct::AdjustEquity { adjustment_date, equity, notes } => {
            portfolio.adjust_equity(adjustment_date, equity, notes, now)
        }
        PortfolioAct::OpenLots(lots) => portfolio.open_lots(lots, now),
        PortfolioAct::ReplaceLots(lots) => portfolio.replace_lots(lots, now),
        PortfolioAct::CorrectLot { position_id, correction } => {
            portfolio.correct_lot(position_id, *correction, now)
        }
        PortfolioAct::CloseLot { position_id, quantity, price, date } => {
            portfolio.close_lot(position_id, quantity, price, date, now)
        }
        PortfolioAct::CloseSymbol { symbol, position_type, lots, price, date } => {
            portfolio.close_symbol(&symbol, position_type, &lots, price, date, now)
        }
        PortfolioAct::SettleOption(settlement) => portfolio.settle_option(&settlement, now),
        PortfolioAct::DeleteLots { position_ids, how } => portfolio.delete_lots(&position_ids, how, now),
        PortfolioAct::TagLots { position_ids, tag_ids, how } => {
            portfolio.tag_lots(&position_ids, &tag_ids, how, now)
        }
        PortfolioAct::MarkLot { position_id, mark_date, price, note } => {
            portfolio.mark_lot(position_id, mark_date, price, note, now)
        }
        PortfolioAct::CreateTargets { targets, existing } => portfolio.create_targets(targets, existing, now),
        PortfolioAct::ChangeTargets(edits) => portfolio.change_targets(edits, now),
        PortfolioAct::RemoveTargets(target_ids) => portfolio.remove_targets(&target_ids, now),
    }
}

/// Reports a list that is empty or too long.
fn check_length(field: &str, length: usize, max: usize, errors: &mut Vec<FieldError>) {
    if length == 0 {
        errors.push(FieldError::new(field, "required", "at least one"));
    }
    if length > max {
        errors.push(FieldError::new(field, "too_long", format!("at most {max}, not {length}")));
    }
}

/// `events`, unless rules are broken.
fn unless_broken(errors: Vec<FieldError>, events: Vec<PortfolioEvent>) -> Decision {
    if errors.is_empty() { Ok(events) } else { Err(PortfolioError::Invalid(errors)) }
}
