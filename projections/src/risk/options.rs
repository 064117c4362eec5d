//! The options of a book with their prices and Greeks, and the exposures that follow from them.

use std::collections::BTreeMap;

use events::portfolio::Holding;
use events::portfolio::valuation::Prices;
use events::position::{OptionRight, PositionSymbol, PositionType};
use events::{OptionContract, PortfolioId, PositionId, Symbol, calendar};
use jiff::civil::Date;
use quant::options::{OptionKind, position};
use quant::volatility::realised;

use super::RiskSources;
use super::exposures::DollarDeltas;
use super::option_price::{HISTORICAL_RETURNS, NoGreeks, OptionInputs, PricedOption, priced};

/// Fewest of the last [`HISTORICAL_RETURNS`] returns for a historical volatility.
const HISTORICAL_RETURNS_MIN: usize = 20;

/// An open lot of options that did not expire before the session told of.
#[derive(Debug, Clone, PartialEq)]
pub struct HeldOption {
    /// Of which portfolio.
    pub portfolio_id: PortfolioId,
    /// Which lot.
    pub position_id: PositionId,
    /// What it is called.
    pub symbol: PositionSymbol,
    /// Which way it looks.
    pub position_type: PositionType,
    /// The contract.
    pub contract: OptionContract,
    /// How many contracts of how many shares.
    pub holding: position::Holding,
    /// Its price and Greeks, or why there are none.
    pub priced: Result<PricedOption, NoGreeks>,
}

impl HeldOption {
    /// Delta-adjusted exposure in money, signed.
    pub fn dollar_delta(&self) -> Option<f64> {
        let priced = self.priced.ok()?;
        let spot = priced.market.spot;
        position::delta_adjusted_exposure(priced.greeks.delta, spot, &self.holding).ok()
    }
}

/// The dollar deltas of the options that have one.
pub(super) fn dollar_deltas(options: &[HeldOption]) -> DollarDeltas {
    options.iter().filter_map(|option| Some((option.position_id, option.dollar_delta()?))).collect()
}

impl RiskSources {
    /// The options that are open on the session and live on it, priced at its close.
    pub fn options(&self) -> Vec<HeldOption> {
        let mut volatilities = BTreeMap::new();
        let mut options = Vec::new();
        for book in &self.books {
            for holding in book.portfolio.holdings_on(self.as_of_date) {
                let Some(contract) = &holding.lot.terms.option else { continue };
                if contract.expiry < self.as_of_date {
                    continue;
                }
                let volatility = *volatilities
                    .entry(contract.underlying.clone())
                    .or_insert_with(|| self.historical_volatility(&contract.underlying));
                options.push(self.held(book.portfolio_id, &holding, contract, volatility));
            }
        }
        options
    }

    fn held(
        &self,
        portfolio_id: PortfolioId,
        holding: &Holding<'_>,
        contract: &OptionContract,
        historical_volatility: Option<f64>,
    ) -> HeldOption {
        let terms = &holding.lot.terms;
        let spot = self.prices.close_on_or_before(&contract.underlying, self.as_of_date);
        let spot = spot.filter(|close| close.is_recent_on(self.as_of_date));
        let quote = self.prices.option_on_or_before(contract, self.as_of_date);
        // A quote and a price of the underlying of different days imply nothing.
        let quote = quote.filter(|quote| spot.is_some_and(|spot| spot.date == quote.date));
        let profile = self.profiles.get(&contract.underlying);
        let priced = priced(&OptionInputs {
            kind: kind_of(contract.right),
            strike: contract.strike.to_f64(),
            days: days_between(self.as_of_date, contract.expiry),
            spot: spot.map(|close| close.price.to_f64()),
            quote: quote.map(|quote| quote.price.to_f64()),
            given_volatility: None,
            historical_volatility,
            rate: self.rate,
            dividend_yield: profile.and_then(|known| known.profile.dividend_yield),
        });
        let (quantity, multiplier) = (holding.quantity.to_f64(), f64::from(terms.multiplier));
        HeldOption {
            portfolio_id,
            position_id: holding.position_id,
            symbol: terms.symbol.clone(),
            position_type: terms.position_type,
            contract: contract.clone(),
            holding: position::Holding { quantity, multiplier },
            priced,
        }
    }

    /// Volatility a year of the last returns of a symbol; none where there are too few.
    fn historical_volatility(&self, symbol: &Symbol) -> Option<f64> {
        let series = self.prices.series(symbol)?;
        let count = i32::try_from(HISTORICAL_RETURNS).unwrap_or(i32::MAX);
        let first = calendar::nth_session(self.as_of_date, -count);
        let mut before: Option<(Date, f64)> = None;
        let mut returns = Vec::with_capacity(HISTORICAL_RETURNS);
        for close in series.since(first).take_while(|close| close.date <= self.as_of_date) {
            let Some(adjusted) = close.adjusted.filter(|_| calendar::is_session(close.date)) else {
                continue;
            };
            if let Some((date, earlier)) = before
                && calendar::next_session(date) == close.date
            {
                returns.push(adjusted / earlier - 1.0);
            }
            before = Some((close.date, adjusted));
        }
        if returns.len() < HISTORICAL_RETURNS_MIN {
            return None;
        }
        realised(&returns, returns.len()).ok()
    }
}

/// A right as the formulas know it.
pub const fn kind_of(right: OptionRight) -> OptionKind {
    match right {
        OptionRight::Call => OptionKind::Call,
        OptionRight::Put => OptionKind::Put,
    }
}

/// Calendar days from the close of one date to that of another.
pub fn days_between(from: Date, to: Date) -> f64 {
    let days = from.duration_until(to).as_hours() / 24;
    i32::try_from(days).map_or(f64::INFINITY, f64::from)
}
