//! The market's closes as the valuation of a portfolio asks for them.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use events::portfolio::valuation::{DatedPrice, Prices};
use events::portfolio::{Portfolio, target_market_symbol};
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
        Self::of_symbols(closes, priced_by(portfolio), vintage).await
    }

    /// The closes of these symbols, as known at a vintage.
    ///
    /// # Errors
    /// The market store could not answer.
    pub async fn of_symbols(
        closes: &Closes,
        symbols: BTreeSet<Symbol>,
        vintage: Vintage,
    ) -> Result<Self, ClosesError> {
        let symbols: Vec<Symbol> = symbols.into_iter().collect();
        let histories = closes.histories(&symbols, vintage).await?;
        let known = symbols.into_iter().zip(histories);
        let series = known.filter_map(|(symbol, history)| Some((symbol, history?))).collect();
        Ok(Self { vintage, series })
    }

    /// Closes that were read already.
    pub const fn of_series(vintage: Vintage, series: BTreeMap<Symbol, Arc<Series>>) -> Self {
        Self { vintage, series }
    }

    /// The whole history of a symbol; none where it has no daily bars.
    pub fn series(&self, symbol: &Symbol) -> Option<&Arc<Series>> {
        self.series.get(symbol)
    }
}

/// The symbols whose closes price the lots of a portfolio: their own, and for options those of the underlyings, too; and
/// those with which its target prices are compared.
pub fn priced_by(portfolio: &Portfolio) -> BTreeSet<Symbol> {
    let terms = portfolio.existing_lots().map(|(_, lot)| &lot.terms);
    let targets = portfolio.targets.values().filter_map(|target| target_market_symbol(&target.symbol));
    terms
        .flat_map(|terms| terms.market_symbol().into_iter().chain(terms.option.as_ref().and_then(quoted_as)))
        .chain(targets)
        .collect()
}

/// Under what the market store keeps the closes of an option, where somebody imported them: its OCC symbol.
fn quoted_as(contract: &OptionContract) -> Option<Symbol> {
    contract.occ_symbol().parse().ok()
}

impl Prices for BookPrices {
    fn close_on_or_before(&self, symbol: &Symbol, date: Date) -> Option<DatedPrice> {
        let close = self.series.get(symbol)?.on_or_before(date)?;
        Some(DatedPrice { date: close.date, price: close.close })
    }

    fn option_on_or_before(&self, contract: &OptionContract, date: Date) -> Option<DatedPrice> {
        self.close_on_or_before(&quoted_as(contract)?, date)
    }
}
