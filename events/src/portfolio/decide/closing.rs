//! Selling and buying back: one lot, or several lots of a symbol in one trade.

use std::collections::BTreeSet;

use jiff::civil::Date;

use super::{Decision, Moment, unless_broken};
use crate::policy::FieldError;
use crate::portfolio::draft::{check_date, check_price};
use crate::portfolio::{
    Lot, LotChoice, LotReduced, Matching, Portfolio, PortfolioError, PortfolioEvent, Reduction,
    ReductionReason,
};
use crate::position::{PositionSymbol, PositionType};
use crate::{PositionId, Price, Quantity};

/// A part of a lot that a trade ends.
pub(super) struct Part<'a> {
    pub(super) position_id: PositionId,
    pub(super) lot: &'a Lot,
    pub(super) quantity: Quantity,
}

impl Part<'_> {
    /// The event of its end.
    pub(super) fn reduced(
        &self,
        date: Date,
        price: Price,
        why: ReductionReason,
        matching: Matching,
        now: Moment,
    ) -> PortfolioEvent {
        let reduction = Reduction { date, quantity: self.quantity, price, why, matching, at: now.at };
        let realized_pnl = self.lot.realized_by(&reduction);
        PortfolioEvent::LotReduced(LotReduced { position_id: self.position_id, reduction, realized_pnl })
    }
}

impl Portfolio {
    pub(super) fn close_lot(
        &self,
        position_id: PositionId,
        quantity: Option<Quantity>,
        price: Price,
        date: Date,
        now: Moment,
    ) -> Decision {
        let lot = self.lot(position_id).ok_or(PortfolioError::NoPosition(position_id))?;
        let mut errors = Vec::new();
        let quantity = quantity.unwrap_or_else(|| lot.open_quantity().abs());
        check_trade(price, date, now, &mut errors);
        check_part("close_quantity", lot, quantity, &mut errors);
        check_lot_date(lot, date, &mut errors);
        let part = Part { position_id, lot, quantity };
        let event = part.reduced(date, price, ReductionReason::Closed, Matching::Named, now);
        unless_broken(errors, vec![event])
    }

    pub(super) fn close_symbol(
        &self,
        symbol: &PositionSymbol,
        position_type: PositionType,
        lots: &LotChoice,
        price: Price,
        date: Date,
        now: Moment,
    ) -> Decision {
        let mut errors = Vec::new();
        check_trade(price, date, now, &mut errors);
        let parts = match lots {
            LotChoice::Fifo(quantity) => {
                let (parts, missing) = self.first_in(symbol, position_type, date, *quantity);
                if !quantity.is_positive() {
                    errors.push(FieldError::new("quantity", "out_of_range", "must be above 0"));
                } else if missing.is_positive() {
                    let open = *quantity - missing;
                    let message =
                        format!("{open} of {symbol} {position_type} are open on {date}, not {quantity}");
                    errors.push(FieldError::new("quantity", "out_of_range", message));
                }
                parts
            }
            LotChoice::Named(named) => self.named(symbol, position_type, date, named, &mut errors)?,
        };
        let reduced =
            |part: Part<'_>| part.reduced(date, price, ReductionReason::Closed, lots.matching(), now);
        unless_broken(errors, parts.into_iter().map(reduced).collect())
    }

    /// The first lots in of a symbol and type, until `quantity` is reached, and what is missing to it.
    pub(super) fn first_in(
        &self,
        symbol: &PositionSymbol,
        position_type: PositionType,
        date: Date,
        quantity: Quantity,
    ) -> (Vec<Part<'_>>, Quantity) {
        let is_wanted = |lot: &Lot| {
            let terms = &lot.terms;
            terms.symbol == *symbol && terms.position_type == position_type && terms.entry_date <= date
        };
        let mut lots: Vec<_> = self.existing_lots().filter(|(_, lot)| is_wanted(lot)).collect();
        lots.sort_by_key(|(id, lot)| (lot.terms.entry_date, lot.created_at, *id));
        let (mut parts, mut missing) = (Vec::new(), quantity);
        for (position_id, lot) in lots {
            let part = missing.min(lot.open_quantity().abs());
            if part.is_positive() {
                missing -= part;
                parts.push(Part { position_id, lot, quantity: part });
            }
        }
        (parts, missing)
    }

    fn named(
        &self,
        symbol: &PositionSymbol,
        position_type: PositionType,
        date: Date,
        named: &[(PositionId, Quantity)],
        errors: &mut Vec<FieldError>,
    ) -> Result<Vec<Part<'_>>, PortfolioError> {
        if named.is_empty() {
            errors.push(FieldError::new("lots", "required", "at least one"));
        }
        let mut seen = BTreeSet::new();
        let mut parts = Vec::with_capacity(named.len());
        for (row, (position_id, quantity)) in named.iter().enumerate() {
            let lot = self.lot(*position_id).ok_or(PortfolioError::NoPosition(*position_id))?;
            let mut broken = Vec::new();
            if !seen.insert(*position_id) {
                broken.push(FieldError::new("position_id", "not_unique", "occurs more than once"));
            }
            if (&lot.terms.symbol, lot.terms.position_type) != (symbol, position_type) {
                let message = format!("is not a lot of {symbol} {position_type}");
                broken.push(FieldError::new("position_id", "mismatch", message));
            }
            check_part("quantity", lot, *quantity, &mut broken);
            check_lot_date(lot, date, &mut broken);
            errors.extend(broken.into_iter().map(|error| error.at_row(row)));
            parts.push(Part { position_id: *position_id, lot, quantity: *quantity });
        }
        Ok(parts)
    }
}

fn check_trade(price: Price, date: Date, now: Moment, errors: &mut Vec<FieldError>) {
    check_price("exit_price", price, errors);
    check_date("exit_date", date, now.today, errors);
}

/// Reports a part that is not one of what is open.
pub(super) fn check_part(field: &str, lot: &Lot, quantity: Quantity, errors: &mut Vec<FieldError>) {
    let open = lot.open_quantity().abs();
    if open.is_zero() {
        errors.push(FieldError::new(field, "closed", "the position is closed"));
    } else if !quantity.is_positive() || quantity > open {
        let message = format!("must be above 0 and at most the open {open}, not {quantity}");
        errors.push(FieldError::new(field, "out_of_range", message));
    }
}

/// Reports a date on which the lot could not end.
fn check_lot_date(lot: &Lot, date: Date, errors: &mut Vec<FieldError>) {
    if date < lot.terms.entry_date {
        errors.push(FieldError::new("exit_date", "out_of_range", "must not be before the entry date"));
    }
    if lot.terms.option.as_ref().is_some_and(|contract| date > contract.expiry) {
        errors.push(FieldError::new("exit_date", "expired", "must not be after the expiration date"));
    }
}
