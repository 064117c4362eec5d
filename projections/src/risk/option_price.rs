//! What an option is worth and how it moves, from what is known of its market: never from a volatility that was made up.

use quant::options::greeks::{QuotedGreeks, greeks};
use quant::options::implied_volatility::implied_volatility;
use quant::options::{OptionKind, OptionMarket, OptionRefusal, OptionTerms, years_to_expiry};
use serde::Serialize;

/// Returns of the underlying from which its historical volatility is taken: those of 30 sessions.
pub const HISTORICAL_RETURNS: usize = 30;

/// What is known of an option and its market.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct OptionInputs {
    /// Call or put.
    pub kind: OptionKind,
    /// Price per share at which it is exercised.
    pub strike: f64,
    /// Calendar days to the close of the expiry day; zero or less once it expired.
    pub days: f64,
    /// Price of the underlying.
    pub spot: Option<f64>,
    /// Its own price per share.
    pub quote: Option<f64>,
    /// Volatility a year that the asker gives: it comes before all others.
    pub given_volatility: Option<f64>,
    /// Volatility a year of the underlying's last returns.
    pub historical_volatility: Option<f64>,
    /// Risk-free rate a year; 0 is used where nobody knows it, and said.
    pub rate: Option<f64>,
    /// Dividend yield a year; 0 is used where nobody knows it, and said.
    pub dividend_yield: Option<f64>,
}

/// Where the volatility of an option comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum IvSource {
    /// The asker gave it.
    Given,
    /// Its own price implies it.
    Implied,
    /// The last returns of the underlying: what the option's price says is not known.
    Historical,
    /// It expired, and nothing depends on a volatility.
    Expired,
}

/// An option with all that its price depends on.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PricedOption {
    /// What it promises.
    pub terms: OptionTerms,
    /// What its value depends on.
    pub market: OptionMarket,
    /// Volatility a year.
    pub volatility: f64,
    /// Where that comes from.
    pub iv_source: IvSource,
    /// Why its own price does not say the volatility, where it has one.
    pub quote_refused: Option<OptionRefusal>,
    /// Value and Greeks per share.
    pub greeks: QuotedGreeks,
    /// No rate is known: it was priced with 0.
    pub rate_assumed: bool,
    /// No dividend yield is known: it was priced with 0.
    pub dividend_yield_assumed: bool,
}

/// Why an option has no Greeks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, thiserror::Error)]
#[serde(rename_all = "snake_case")]
pub enum NoGreeks {
    /// Nobody knows what the underlying costs.
    #[error("no price of the underlying")]
    NoUnderlyingPrice,
    /// Neither its own price nor the returns of the underlying say a volatility.
    #[error("no volatility: neither a usable quote nor {HISTORICAL_RETURNS} returns of the underlying")]
    NoVolatility,
    /// The formula does not apply.
    #[error("the inputs are none that an option can have")]
    Refused,
}

impl NoGreeks {
    /// The reason by its stable name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::NoUnderlyingPrice => "no_underlying_price",
            Self::NoVolatility => "no_volatility",
            Self::Refused => "invalid_inputs",
        }
    }
}

/// Prices an option. Its volatility is the given one, or else what its quote implies, or else that of its underlying.
///
/// # Errors
/// Why it cannot be priced.
pub fn priced(inputs: &OptionInputs) -> Result<PricedOption, NoGreeks> {
    let spot = inputs.spot.filter(|spot| *spot > 0.0).ok_or(NoGreeks::NoUnderlyingPrice)?;
    let terms = OptionTerms { kind: inputs.kind, strike: inputs.strike, years: years_to_expiry(inputs.days) };
    let market = OptionMarket {
        spot,
        rate: inputs.rate.unwrap_or(0.0),
        dividend_yield: inputs.dividend_yield.unwrap_or(0.0),
    };
    let (volatility, iv_source, quote_refused) = volatility(&terms, &market, inputs)?;
    let greeks = greeks(&terms, &market, volatility).map_err(|_| NoGreeks::Refused)?.quoted();
    Ok(PricedOption {
        terms,
        market,
        volatility,
        iv_source,
        quote_refused,
        greeks,
        rate_assumed: inputs.rate.is_none(),
        dividend_yield_assumed: inputs.dividend_yield.is_none(),
    })
}

fn volatility(
    terms: &OptionTerms,
    market: &OptionMarket,
    inputs: &OptionInputs,
) -> Result<(f64, IvSource, Option<OptionRefusal>), NoGreeks> {
    if terms.years == 0.0 {
        return Ok((0.0, IvSource::Expired, None));
    }
    if let Some(given) = inputs.given_volatility {
        return Ok((given, IvSource::Given, None));
    }
    let quote_refused = match inputs.quote.map(|quote| implied_volatility(terms, market, quote)) {
        Some(Ok(implied)) => return Ok((implied.volatility, IvSource::Implied, None)),
        Some(Err(refusal)) => Some(refusal),
        None => None,
    };
    // A series that did not move says nothing about what an option on it is worth.
    let historical = inputs.historical_volatility.filter(|volatility| *volatility > 0.0);
    historical
        .map(|volatility| (volatility, IvSource::Historical, quote_refused))
        .ok_or(NoGreeks::NoVolatility)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn call() -> OptionInputs {
        OptionInputs {
            kind: OptionKind::Call,
            strike: 100.0,
            days: 90.0,
            spot: Some(100.0),
            quote: None,
            given_volatility: None,
            historical_volatility: None,
            rate: Some(0.05),
            dividend_yield: Some(0.0),
        }
    }

    #[test]
    fn a_given_volatility_prices_at_once() {
        let priced = priced(&OptionInputs { given_volatility: Some(0.2), ..call() }).unwrap();
        assert_eq!(priced.iv_source, IvSource::Given);
        for (is, should) in [
            (priced.greeks.price, 4.579_032_085),
            (priced.greeks.delta, 0.568_987_592),
            (priced.greeks.gamma, 0.039_568_192),
            (priced.greeks.theta_per_day, -0.028_848_287),
            (priced.greeks.vega_per_point, 0.195_130_812),
            (priced.greeks.rho_per_percent, 0.129_007_546),
        ] {
            assert!((is - should).abs() < 1e-9, "{is} is not {should}");
        }
    }

    #[test]
    fn a_quote_comes_before_history_and_history_before_nothing() {
        let quoted = OptionInputs { quote: Some(5.25), historical_volatility: Some(0.3), ..call() };
        let implied = priced(&quoted).unwrap();
        assert_eq!(implied.iv_source, IvSource::Implied);
        assert!((implied.volatility - 0.234_354_412_8).abs() < 1e-9);
        let below = priced(&OptionInputs { quote: Some(0.5), spot: Some(110.0), ..quoted }).unwrap();
        assert_eq!((below.iv_source, below.volatility), (IvSource::Historical, 0.3));
        assert_eq!(below.quote_refused, Some(OptionRefusal::BelowIntrinsic));
        assert_eq!(priced(&call()), Err(NoGreeks::NoVolatility));
        let flat = OptionInputs { historical_volatility: Some(0.0), ..call() };
        assert_eq!(priced(&flat), Err(NoGreeks::NoVolatility), "zero would be a guess");
    }

    #[test]
    fn what_expired_moves_no_more() {
        let expired = priced(&OptionInputs { days: -1.0, spot: Some(107.0), ..call() }).unwrap();
        assert_eq!((expired.iv_source, expired.greeks.price), (IvSource::Expired, 7.0));
        assert_eq!((expired.greeks.delta, expired.greeks.vega_per_point), (0.0, 0.0));
    }

    #[test]
    fn without_an_underlying_there_is_nothing() {
        for spot in [None, Some(0.0)] {
            let inputs = OptionInputs { spot, given_volatility: Some(0.2), ..call() };
            assert_eq!(priced(&inputs), Err(NoGreeks::NoUnderlyingPrice));
        }
        let unknown = priced(&OptionInputs { rate: None, given_volatility: Some(0.2), ..call() }).unwrap();
        assert!(unknown.rate_assumed && !unknown.dividend_yield_assumed);
    }
}
