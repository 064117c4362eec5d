//! Market value, cost and P&L of lots, and of symbols as their owners see them.

use std::collections::BTreeMap;

use jiff::civil::Date;

use super::{LotPrice, Prices, Unpriced};
use crate::portfolio::{Holding, Lot, Portfolio, worth};
use crate::position::{PositionSymbol, PositionType};
use crate::{Cash, PositionId, Price, Quantity};

/// What an open lot is on a date.
#[derive(Debug, Clone, PartialEq)]
pub struct LotValue<'a> {
    /// Which.
    pub position_id: PositionId,
    /// The lot.
    pub lot: &'a Lot,
    /// Units open at the end of the date, signed.
    pub quantity: Quantity,
    /// What they cost, signed like the quantity.
    pub cost: Cash,
    /// Lifetime P&L of what ended by the end of the date.
    pub realized: Cash,
    /// What they are worth, or why nobody knows.
    pub worth: Result<Worth, Unpriced>,
}

/// What a lot is worth.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Worth {
    /// The price and where it comes from.
    pub price: LotPrice,
    /// Quantity times price times multiplier, signed.
    pub market_value: Cash,
    /// Market value less cost.
    pub unrealized: Cash,
}

impl LotValue<'_> {
    /// What it is worth, where that is known.
    pub fn market_value(&self) -> Option<Cash> {
        self.worth.as_ref().ok().map(|worth| worth.market_value)
    }

    /// Unrealised P&L as a fraction of the size of the cost; none without a price, and where it cost nothing.
    pub fn unrealized_fraction(&self) -> Option<f64> {
        let unrealized = self.worth.as_ref().ok()?.unrealized;
        (!self.cost.is_zero()).then(|| unrealized.to_f64() / self.cost.abs().to_f64())
    }
}

impl Portfolio {
    /// The open lots of a date with what they are worth, by their ids.
    pub fn value_on(&self, date: Date, prices: &impl Prices) -> Vec<LotValue<'_>> {
        self.holdings_on(date).into_iter().map(|holding| self.value_of(&holding, date, prices)).collect()
    }

    fn value_of<'a>(&'a self, holding: &Holding<'a>, date: Date, prices: &impl Prices) -> LotValue<'a> {
        let Holding { position_id, lot, quantity } = *holding;
        let multiplier = lot.terms.multiplier;
        let cost = worth(quantity, lot.terms.entry_price, multiplier);
        let priced = self.price_of(position_id, lot, date, prices).map(|price| {
            let market_value = worth(quantity, price.price, multiplier);
            Worth { price, market_value, unrealized: market_value - cost }
        });
        LotValue { position_id, lot, quantity, cost, realized: lot.realized_until(date), worth: priced }
    }
}

/// Several lots of one symbol and type, merged for people.
#[derive(Debug, Clone, PartialEq)]
pub struct SymbolValue {
    /// The symbol.
    pub symbol: PositionSymbol,
    /// The type.
    pub position_type: PositionType,
    /// The lots.
    pub position_ids: Vec<PositionId>,
    /// All their units, signed.
    pub quantity: Quantity,
    /// The cost-weighted price of entry, to eight decimals.
    pub entry_price: Price,
    /// What they cost, signed.
    pub cost: Cash,
    /// What they are worth; none where a lot has no price.
    pub market_value: Option<Cash>,
}

impl SymbolValue {
    /// The lots of `values` by symbol and type.
    pub fn merged(values: &[LotValue<'_>]) -> Vec<Self> {
        let mut merged: BTreeMap<(&PositionSymbol, PositionType), Vec<&LotValue<'_>>> = BTreeMap::new();
        for value in values {
            merged.entry((&value.lot.terms.symbol, value.lot.terms.position_type)).or_default().push(value);
        }
        merged
            .into_iter()
            .map(|((symbol, position_type), lots)| Self::of(symbol, position_type, &lots))
            .collect()
    }

    fn of(symbol: &PositionSymbol, position_type: PositionType, lots: &[&LotValue<'_>]) -> Self {
        let quantity: Quantity = lots.iter().map(|value| value.quantity).sum();
        let weight =
            |value: &&LotValue<'_>| crate::money::value_units(value.quantity, value.lot.terms.entry_price);
        let total: i128 = lots.iter().map(weight).sum();
        // Lots of one type share a sign, so their sum is zero only where there are none.
        let average = match i128::from(quantity.units()) {
            0 => 0,
            units => crate::money::divide_half_even(total, units),
        };
        Self {
            symbol: symbol.clone(),
            position_type,
            position_ids: lots.iter().map(|value| value.position_id).collect(),
            quantity,
            entry_price: Price::from_units(i64::try_from(average).unwrap_or(i64::MAX)),
            cost: lots.iter().map(|value| value.cost).sum(),
            market_value: lots.iter().map(|value| value.market_value()).sum(),
        }
    }
}
