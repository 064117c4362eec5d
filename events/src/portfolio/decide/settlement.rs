//! How options end: worthless, or in shares that change hands at the strike.
//!
//! Options that become shares end at a price of zero, and the shares are entered or closed at the strike: the cash that
//! moves is the strike, and the premium stays the P&L of the option.

use jiff::civil::Date;

use super::closing::{Part, check_part};
use super::{Decision, Moment, unless_broken};
use crate::option_contract::OptionContract;
use crate::policy::FieldError;
use crate::portfolio::draft::check_date;
use crate::portfolio::{
    Lot, LotOpened, LotTerms, Matching, OptionOutcome, Portfolio, PortfolioError, PortfolioEvent,
    ReductionReason, SettleOption,
};
use crate::position::{InvestmentClass, InvestmentSubtype, OptionRight, PositionType};
use crate::{PositionId, Price, Quantity};

impl Portfolio {
    pub(super) fn settle_option(&self, settlement: &SettleOption, now: Moment) -> Decision {
        let position_id = settlement.position_id;
        let lot = self.lot(position_id).ok_or(PortfolioError::NoPosition(position_id))?;
        let Some(contract) = &lot.terms.option else {
            let message = "only options expire or become shares";
            let broken = FieldError::new("position_id", "not_an_option", message);
            return Err(PortfolioError::Invalid(vec![broken]));
        };
        let mut errors = Vec::new();
        let date = match settlement.outcome {
            OptionOutcome::Expired => contract.expiry,
            OptionOutcome::Exercised | OptionOutcome::Assigned => settlement.date,
        };
        let quantity = settlement.contracts.unwrap_or_else(|| lot.open_quantity().abs());
        check_part("contracts", lot, quantity, &mut errors);
        check_settlement(settlement.outcome, lot, contract, date, now, &mut errors);
        let (why, brings_shares) = match settlement.outcome {
            OptionOutcome::Expired => (ReductionReason::Expired, false),
            OptionOutcome::Exercised => (ReductionReason::Exercised, true),
            OptionOutcome::Assigned => (ReductionReason::Assigned, true),
        };
        let part = Part { position_id, lot, quantity };
        let mut events = vec![part.reduced(date, Price::ZERO, why, Matching::Named, now)];
        if brings_shares && errors.is_empty() {
            let shares = whole_shares(quantity, lot.terms.multiplier);
            match shares {
                Some(shares) => {
                    events.extend(self.delivered(
                        contract,
                        lot,
                        shares,
                        date,
                        settlement.shares_position_id,
                        now,
                    )?);
                }
                None => errors.push(FieldError::new("contracts", "out_of_range", "too many shares")),
            }
        }
        unless_broken(errors, events)
    }

    /// The events of shares that are bought or sold at the strike: what is open the other way ends first, first in
    /// first out; the rest is a new lot.
    fn delivered(
        &self,
        contract: &OptionContract,
        lot: &Lot,
        shares: Quantity,
        date: Date,
        shares_position_id: PositionId,
        now: Moment,
    ) -> Decision {
        let is_held = lot.terms.position_type.is_long();
        let buys = match contract.right {
            OptionRight::Call => is_held,
            OptionRight::Put => !is_held,
        };
        let (opposite, opens) = if buys {
            (PositionType::Short, PositionType::Long)
        } else {
            (PositionType::Long, PositionType::Short)
        };
        let symbol = (&contract.underlying).into();
        let (parts, rest) = self.first_in(&symbol, opposite, date, shares);
        let why = ReductionReason::Closed;
        let mut events: Vec<_> = parts
            .into_iter()
            .map(|part| part.reduced(date, contract.strike, why, Matching::Fifo, now))
            .collect();
        if rest.is_positive() {
            if self.lots.contains_key(&shares_position_id) {
                return Err(PortfolioError::PositionExists(shares_position_id));
            }
            let terms = LotTerms {
                symbol,
                position_type: opens,
                investment_class: InvestmentClass::Public,
                investment_subtype: Some(InvestmentSubtype::Stock),
                option: None,
                multiplier: 1,
                quantity: if buys { rest } else { -rest },
                entry_price: contract.strike,
                entry_date: date,
            };
            events.push(PortfolioEvent::LotOpened(LotOpened {
                position_id: shares_position_id,
                terms,
                notes: None,
                tags: lot.tags.clone(),
                at: now.at,
            }));
        }
        Ok(events)
    }
}

fn check_settlement(
    outcome: OptionOutcome,
    lot: &Lot,
    contract: &OptionContract,
    date: Date,
    now: Moment,
    errors: &mut Vec<FieldError>,
) {
    let is_held = lot.terms.position_type.is_long();
    match outcome {
        OptionOutcome::Expired => {
            if contract.expiry > now.today {
                let message = format!("expires on {}", contract.expiry);
                errors.push(FieldError::new("outcome", "not_expired", message));
            }
            return;
        }
        OptionOutcome::Exercised if !is_held => {
            errors.push(FieldError::new("outcome", "not_allowed", "written options are assigned"));
        }
        OptionOutcome::Assigned if is_held => {
            errors.push(FieldError::new("outcome", "not_allowed", "held options are exercised"));
        }
        OptionOutcome::Exercised | OptionOutcome::Assigned => {}
    }
    check_date("date", date, now.today, errors);
    if date < lot.terms.entry_date || date > contract.expiry {
        let message = format!("must be from {} to {}", lot.terms.entry_date, contract.expiry);
        errors.push(FieldError::new("date", "out_of_range", message));
    }
}

/// The shares of so many contracts; none beyond the range of quantities.
fn whole_shares(contracts: Quantity, multiplier: u32) -> Option<Quantity> {
    contracts.units().checked_mul(i64::from(multiplier)).map(Quantity::from_units)
}
