//! The volatility that a price implies, or why it implies none.
//!
//! The option out of the money, divided by `√(S e^{-qT} K e^{-rT})`, depends on two numbers only: `x = -|ln(F/K)|` and the
//! deviation `s = σ √T`. The root in `s` is found as in Jäckel, *Let's Be Rational* (2015): below the point of inflection
//! `√(2|x|)` on the reciprocal logarithm of the price, above it on the price or on the logarithm of what is missing to its
//! bound, by Householder's third method. The first guesses are simpler than his and cost a step more at worst.

use crate::options::{OptionMarket, OptionRefusal, OptionTerms, check, finite};

mod batch;
mod root;

pub use batch::{QuoteColumns, implied_volatilities};
use root::{Quote, Root};

/// The least volatility that is looked for.
pub const VOLATILITY_MIN: f64 = 1e-4;
/// The greatest volatility that is looked for.
pub const VOLATILITY_MAX: f64 = 5.0;
/// How uncertain a volatility may be that is still given: a hundredth of a volatility point.
pub const UNCERTAINTY_MAX: f64 = 1e-4;

/// A volatility and how exactly the price determines it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ImpliedVolatility {
    /// Volatility a year, from [`VOLATILITY_MIN`] to [`VOLATILITY_MAX`].
    pub volatility: f64,
    /// How far the rounding of the price, of spot and of strike may have moved it; at most [`UNCERTAINTY_MAX`].
    pub uncertainty: f64,
}

/// The volatility at which the option has this price per share.
///
/// Refused where there is none (at or below the discounted intrinsic value, at or above the upper bound, outside the range),
/// after expiry, and where the last digits of the price decide: `NotDetermined` if they move the volatility by more
/// than [`UNCERTAINTY_MAX`].
pub fn implied_volatility(
    terms: &OptionTerms,
    market: &OptionMarket,
    price: f64,
) -> Result<ImpliedVolatility, OptionRefusal> {
    let OptionMarket { spot, rate, dividend_yield } = *market;
    let quote = Quote::of(terms.kind.sign(), spot, terms.strike, terms.years, rate, dividend_yield, price);
    let mut root = Root::of(&quote);
    root.find(&quote);
    verdict(terms, market, price, &quote, &root)
}

/// What the root says of the option, or why it says nothing.
fn verdict(
    terms: &OptionTerms,
    market: &OptionMarket,
    price: f64,
    quote: &Quote,
    root: &Root,
) -> Result<ImpliedVolatility, OptionRefusal> {
    check(terms, market, 0.0)?;
    finite(quote.intrinsic)?;
    finite(quote.upper)?;
    if !price.is_finite() {
        return Err(OptionRefusal::NotFinite);
    }
    if terms.years == 0.0 {
        return Err(OptionRefusal::Expired);
    }
    if price <= 0.0 {
        return Err(OptionRefusal::NoQuote);
    }
    if price <= quote.intrinsic {
        return Err(OptionRefusal::BelowIntrinsic);
    }
    if price >= quote.upper {
        return Err(OptionRefusal::AboveBound);
    }
    if !(quote.determined() && root.found()) {
        return Err(OptionRefusal::NotDetermined);
    }
    let volatility = root.deviation / quote.root_time;
    let vega = quote.scale * root.slope * quote.root_time;
    let uncertainty = (quote.noise / vega).max(2.0 * f64::EPSILON * volatility);
    if !uncertainty.is_finite() || uncertainty > UNCERTAINTY_MAX {
        return Err(OptionRefusal::NotDetermined);
    }
    if volatility < VOLATILITY_MIN - uncertainty {
        return Err(OptionRefusal::BelowRange);
    }
    if volatility > VOLATILITY_MAX + uncertainty {
        return Err(OptionRefusal::AboveRange);
    }
    Ok(ImpliedVolatility { volatility, uncertainty })
}
