//! The market's closes as the valuation of a portfolio asks for them.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use events::portfolio::Portfolio;
use events::portfolio::valuation::{DatedPrice, Prices};
use events::{OptionContract, Symbol};
use jiff::civil::Date;

use crate::bars::Vintage;
use crate::closes::{Closes, ClosesError, Series};

/// The closes of all symbols that price a portfolio, and of the underlyings of its options.
#[derive(Debug, Clone)]
pub struct BookPrices {
    /// As known at this vintage.
    pub vintage: Vintage,
    series: BTreeMap<Symbol, Arc<Series>>,
}

impl BookPrices {
    /// The closes of `portfolio`, as known at a vintage.
    ///
    /// # Errors
    /// The market store could not answer.
    pub async fn load(closes: &Closes, portfolio: &Portfolio, vintage: Vintage) -> Result<Self, ClosesError> {
        let symbols: BTreeSet<Symbol> =
            portfolio.existing_lots().filter_map(|(_, lot)| lot.terms.market_symbol()).collect();
        let symbols: Vec<Symbol> = symbols.into_iter().collect();
        let histories = closes.histories(&symbols, vintage).await?;
        let known = symbols.into_iter().zip(histories);
        let series = known.filter_map(|(symbol, history)| Some((symbol, history?))).collect();
        Ok(Self { vintage, series })
    }

    /// The symbols that have closes.
    pub fn symbols(&self) -> Vec<Symbol> {
        self.series.keys().cloned().collect()
    }

    /// The whole history of a symbol; none where it has no daily bars.
    pub fn series(&self, symbol: &Symbol) -> Option<&Arc<Series>> {
        self.series.get(symbol)
    }
}

impl Prices for BookPrices {
    fn close_on_or_before(&self, symbol: &Symbol, date: Date) -> Option<DatedPrice> {
        let close = self.series.get(symbol)?.on_or_before(date)?;
        Some(DatedPrice { date: close.date, price: close.close })
    }

    fn option_on_or_before(&self, _contract: &OptionContract, _date: Date) -> Option<DatedPrice> {
        // The market store has no option prices: they are computed by whoever has volatilities.
        None
    }
}
