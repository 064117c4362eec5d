//! Capital that comes and goes, and equity that is set by hand.

use jiff::civil::Date;

use super::{Decision, Moment, unless_broken};
use crate::policy::FieldError;
use crate::portfolio::equity::check_equity;
use crate::portfolio::{
    EQUITY_MAX, EQUITY_NOTES_CHARS_MAX, EquityAdjusted, EquityChange, EquityChangeDeleted, EquityChangeDraft,
    EquityChangeEdit, EquityChangeEdited, EquityChangeKind, EquityChangeRecorded, EquityRule, Portfolio,
    PortfolioError, PortfolioEvent,
};
use crate::text::check_text;
use crate::{Cash, EquityChangeId};

/// How long an equity change can be edited.
const EDIT_DAYS: i64 = 7;
/// How long it can be deleted.
const DELETE_DAYS: i64 = 30;

impl Portfolio {
    pub(super) fn record_equity_change(
        &self,
        equity_change_id: EquityChangeId,
        draft: EquityChangeDraft,
        equity: Option<Cash>,
        now: Moment,
    ) -> Decision {
        if self.equity_changes.contains_key(&equity_change_id) {
            return Ok(vec![]);
        }
        let errors = broken(&draft, equity, now);
        let recorded = EquityChangeRecorded {
            equity_change_id,
            change_type: draft.change_type,
            amount: draft.amount,
            change_date: draft.change_date,
            notes: draft.notes,
            at: now.at,
        };
        unless_broken(errors, vec![PortfolioEvent::EquityChangeRecorded(recorded)])
    }

    pub(super) fn edit_equity_change(
        &self,
        equity_change_id: EquityChangeId,
        edit: EquityChangeEdit,
        equity: Option<Cash>,
        now: Moment,
    ) -> Decision {
        let before = self.equity_change(equity_change_id)?;
        if !now.is_within_days(EDIT_DAYS, before.created_at) {
            return Err(PortfolioError::EquityChange(EquityRule::EditWindowOver));
        }
        let draft = EquityChangeDraft {
            change_type: before.change_type,
            amount: edit.amount.unwrap_or(before.amount),
            change_date: edit.change_date.unwrap_or(before.change_date),
            notes: edit.notes.unwrap_or_else(|| before.notes.clone()),
        };
        let is_same = (draft.amount, draft.change_date, &draft.notes)
            == (before.amount, before.change_date, &before.notes);
        if is_same {
            return Ok(vec![]);
        }
        let errors = broken(&draft, equity, now);
        let edited = EquityChangeEdited {
            equity_change_id,
            amount: draft.amount,
            change_date: draft.change_date,
            notes: draft.notes,
            change_date_before: before.change_date,
            at: now.at,
        };
        unless_broken(errors, vec![PortfolioEvent::EquityChangeEdited(edited)])
    }

    pub(super) fn delete_equity_change(&self, equity_change_id: EquityChangeId, now: Moment) -> Decision {
        let change = self.equity_change(equity_change_id)?;
        if !now.is_within_days(DELETE_DAYS, change.created_at) {
            return Err(PortfolioError::EquityChange(EquityRule::DeleteWindowOver));
        }
        let change_date = change.change_date;
        let deleted = EquityChangeDeleted { equity_change_id, change_date, at: now.at };
        Ok(vec![PortfolioEvent::EquityChangeDeleted(deleted)])
    }

    pub(super) fn adjust_equity(
        &self,
        adjustment_date: Date,
        equity: Cash,
        notes: Option<String>,
        now: Moment,
    ) -> Decision {
        let mut errors = Vec::new();
        check_equity("equity_balance", equity, &mut errors);
        if adjustment_date > now.today {
            let message = format!("must not be after {}", now.today);
            errors.push(FieldError::new("adjustment_date", "future_date", message));
        }
        check_text("notes", notes.as_deref().unwrap_or_default(), 0..=EQUITY_NOTES_CHARS_MAX, &mut errors);
        let is_same =
            |before: &crate::portfolio::EquityAdjustment| (before.equity, &before.notes) == (equity, &notes);
        if errors.is_empty() && self.equity_adjustments.get(&adjustment_date).is_some_and(is_same) {
            return Ok(vec![]);
        }
        let adjusted = EquityAdjusted { adjustment_date, equity, notes, at: now.at };
        unless_broken(errors, vec![PortfolioEvent::EquityAdjusted(adjusted)])
    }

    fn equity_change(&self, equity_change_id: EquityChangeId) -> Result<&EquityChange, PortfolioError> {
        let change = self.equity_changes.get(&equity_change_id);
        let change = change.ok_or(PortfolioError::EquityChange(EquityRule::NotFound))?;
        match change.deleted_at {
            Some(_) => Err(PortfolioError::EquityChange(EquityRule::AlreadyDeleted)),
            None => Ok(change),
        }
    }
}

/// Every rule that a flow breaks.
fn broken(draft: &EquityChangeDraft, equity: Option<Cash>, now: Moment) -> Vec<FieldError> {
    let mut errors = Vec::new();
    let is_withdrawal = draft.change_type == EquityChangeKind::Withdrawal;
    if !draft.amount.is_positive() {
        errors.push(EquityRule::AmountNotPositive.of_field("amount"));
    } else if draft.amount > EQUITY_MAX {
        errors.push(FieldError::new(
            "amount",
            "out_of_range",
            format!("at most {EQUITY_MAX}, not {}", draft.amount),
        ));
    } else if is_withdrawal && equity.is_none_or(|equity| draft.amount > equity) {
        errors.push(EquityRule::AboveEquity.of_field("amount"));
    }
    if draft.change_date > now.today {
        errors.push(EquityRule::FutureDate.of_field("change_date"));
    }
    check_text("notes", draft.notes.as_deref().unwrap_or_default(), 0..=EQUITY_NOTES_CHARS_MAX, &mut errors);
    errors
}
