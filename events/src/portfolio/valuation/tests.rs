//! What a portfolio is worth and earned, by the worked examples of the calculations.

mod attribution;
mod properties;
mod roll;
mod target_returns;
mod values;

use std::collections::BTreeMap;

use jiff::civil::Date;

use super::*;
use crate::portfolio::Portfolio;
use crate::portfolio::tests::support::price;
use crate::{OptionContract, Symbol};

/// Prices by symbol (OCC symbols for options) and date.
#[derive(Debug, Default)]
pub(super) struct Quoted(BTreeMap<String, BTreeMap<Date, crate::Price>>);

impl Quoted {
    pub(super) fn with(mut self, symbol: &str, on: Date, at: &str) -> Self {
        self.0.entry(symbol.to_owned()).or_default().insert(on, price(at));
        self
    }

    fn latest(&self, symbol: &str, on: Date) -> Option<DatedPrice> {
        let (date, price) = self.0.get(symbol)?.range(..=on).next_back()?;
        Some(DatedPrice { date: *date, price: *price })
    }
}

impl Prices for Quoted {
    fn close_on_or_before(&self, symbol: &Symbol, date: Date) -> Option<DatedPrice> {
        self.latest(symbol.as_str(), date)
    }

    fn option_on_or_before(&self, contract: &OptionContract, date: Date) -> Option<DatedPrice> {
        self.latest(&contract.occ_symbol(), date)
    }
}

/// All snapshots until a date.
pub(super) fn rolled(portfolio: &Portfolio, prices: &Quoted, through: Date) -> Vec<Snapshot> {
    Roll::new(portfolio, prices, through).collect()
}

#[track_caller]
pub(super) fn assert_near(found: Option<f64>, expected: f64, places: i32) {
    let found = found.expect("a figure");
    assert!((found - expected).abs() < 0.5 * 10_f64.powi(-places), "{found} is not {expected}");
}
