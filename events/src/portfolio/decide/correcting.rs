//! Describing a lot otherwise: it was so all the time.

use super::lots::FRESH_MINUTES;
use super::{Decision, Moment, unless_broken};
use crate::option_contract::OptionContract;
use crate::policy::FieldError;
use crate::portfolio::draft::{check_price, check_type, type_of};
use crate::portfolio::{
    Lot, LotCorrected, LotCorrection, LotTerms, NOTES_CHARS_MAX, Portfolio, PortfolioError, PortfolioEvent,
};
use crate::position::InvestmentClass;
use crate::text::check_text;
use crate::{PositionId, Symbol};

impl Portfolio {
    pub(super) fn correct_lot(
        &self,
        position_id: PositionId,
        correction: LotCorrection,
        now: Moment,
    ) -> Decision {
        let lot = self.lot(position_id).ok_or(PortfolioError::NoPosition(position_id))?;
        let mut errors = Vec::new();
        let mut terms = lot.terms.clone();
        if let Some(symbol) = &correction.symbol {
            rename(&mut terms, symbol, lot, now, &mut errors);
        }
        terms.quantity = correction.quantity.unwrap_or(terms.quantity);
        terms.entry_price = correction.entry_price.unwrap_or(terms.entry_price);
        terms.position_type = correction.position_type.unwrap_or(terms.position_type);
        check_quantity(&terms, lot, &mut errors);
        check_price("entry_price", terms.entry_price, &mut errors);
        let notes = correction.notes.unwrap_or_else(|| lot.notes.clone());
        check_text("notes", notes.as_deref().unwrap_or_default(), 0..=NOTES_CHARS_MAX, &mut errors);
        if errors.is_empty() && terms == lot.terms && notes == lot.notes {
            return Ok(vec![]);
        }
        let corrected = LotCorrected { position_id, terms, notes, at: now.at };
        unless_broken(errors, vec![PortfolioEvent::LotCorrected(corrected)])
    }
}

fn check_quantity(terms: &LotTerms, lot: &Lot, errors: &mut Vec<FieldError>) {
    let ended = lot.reduced_quantity();
    let right = terms.option.as_ref().map(|contract| contract.right);
    if terms.quantity.is_zero() {
        errors.push(FieldError::new("quantity", "out_of_range", "must not be 0"));
    } else if let Some(derived) = type_of(terms.investment_class, right, terms.quantity) {
        check_type(terms.position_type, derived, errors);
    }
    if terms.quantity.abs() < ended {
        let message = format!("{ended} were closed already");
        errors.push(FieldError::new("quantity", "out_of_range", message));
    }
}

/// Gives the lot another symbol, while it is fresh.
fn rename(terms: &mut LotTerms, text: &str, lot: &Lot, now: Moment, errors: &mut Vec<FieldError>) {
    let text = text.trim();
    let before = terms.symbol.clone();
    match terms.investment_class {
        InvestmentClass::Public => match text.parse::<Symbol>() {
            Ok(symbol) => terms.symbol = (&symbol).into(),
            Err(error) => errors.push(FieldError::new("symbol", "invalid", error.to_string())),
        },
        InvestmentClass::Private => match text.parse() {
            Ok(symbol) => terms.symbol = symbol,
            Err(error) => {
                let error: crate::position::InvalidPositionSymbol = error;
                errors.push(FieldError::new("symbol", "invalid", error.to_string()));
            }
        },
        InvestmentClass::Options => rename_option(terms, text, now, errors),
    }
    if terms.symbol != before && !now.is_within_minutes(FRESH_MINUTES, lot.created_at) {
        let message = format!("can be corrected within {FRESH_MINUTES} minutes of the recording");
        errors.push(FieldError::new("symbol", "too_late", message));
    }
}

fn rename_option(terms: &mut LotTerms, text: &str, now: Moment, errors: &mut Vec<FieldError>) {
    let contract: OptionContract = match text.parse() {
        Ok(contract) => contract,
        Err(error) => {
            let error: crate::option_contract::ContractError = error;
            errors.push(FieldError::new("symbol", "invalid", error.to_string()));
            return;
        }
    };
    // The same contract under a name without the class of its underlying is no other contract.
    if terms.option.as_ref().is_some_and(|before| before.occ_symbol() == contract.occ_symbol()) {
        return;
    }
    if contract.expiry < terms.entry_date || contract.expiry < now.today {
        errors.push(FieldError::new("symbol", "expired", "the option has expired"));
    }
    if let Ok(symbol) = contract.occ_symbol().parse() {
        terms.symbol = symbol;
    }
    terms.option = Some(contract);
}
