//! Options on one underlying: values, Greeks, implied volatility, early exercise, and what a position of them is worth
//! after a shock.
//!
//! Per share, in the currency of the spot; rates, yields and volatilities are fractions a year (0.05, 0.20), continuously
//! compounded; time is in years of 365 days. Nothing here returns NaN or infinity: what has no value is an
//! [`OptionRefusal`]. All transcendental functions are polynomials of [`crate::normal`], so that a value has the same bits
//! alone, in a batch and on every machine.

use serde::{Deserialize, Serialize};

pub mod american;
pub mod batch;
pub mod black_scholes;
pub mod greeks;
pub mod implied_volatility;
pub mod position;
mod refusal;

pub use refusal::OptionRefusal;

/// Days of a year of option time (actual/365).
pub const DAYS_PER_YEAR: f64 = 365.0;
/// The least option time that is left until the closing auction of the expiry day: an hour, in days.
pub const DAYS_LEFT_MIN: f64 = 1.0 / 24.0;

/// The right to buy or to sell.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OptionKind {
    /// The right to buy.
    Call,
    /// The right to sell.
    Put,
}

impl OptionKind {
    /// +1 for a call, -1 for a put: the `f` of the formulas.
    #[inline]
    pub fn sign(self) -> f64 {
        match self {
            Self::Call => 1.0,
            Self::Put => -1.0,
        }
    }

    /// What exercising yields at once: `max(0, f (S - K))`.
    pub fn intrinsic(self, spot: f64, strike: f64) -> f64 {
        (self.sign() * (spot - strike)).max(0.0)
    }
}

/// What an option promises.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct OptionTerms {
    /// To buy or to sell.
    pub kind: OptionKind,
    /// The price at which, above zero.
    pub strike: f64,
    /// Time to expiry in years, see [`years_to_expiry`]. Zero: expired, and settled at intrinsic value.
    pub years: f64,
}

/// What an option's value depends on besides its terms and the volatility.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct OptionMarket {
    /// Price of the underlying, at or above zero.
    pub spot: f64,
    /// Risk-free rate, continuous, a year.
    pub rate: f64,
    /// Dividend yield, continuous, a year.
    pub dividend_yield: f64,
}

/// Years until expiry, of the calendar days until the close of the expiry day (which may have a fraction).
///
/// On the expiry day at least an hour is left until the close; at the close and after it none. NaN stays NaN and is
/// refused by whoever prices with it.
pub fn years_to_expiry(days: f64) -> f64 {
    if days > 0.0 {
        days.max(DAYS_LEFT_MIN) / DAYS_PER_YEAR
    } else if days <= 0.0 {
        0.0
    } else {
        days
    }
}

/// Refuses what is no option, no market or no volatility.
fn check(terms: &OptionTerms, market: &OptionMarket, volatility: f64) -> Result<(), OptionRefusal> {
    let inputs = [terms.strike, terms.years, market.spot, market.rate, market.dividend_yield, volatility];
    if inputs.iter().any(|input| !input.is_finite()) {
        return Err(OptionRefusal::NotFinite);
    }
    if terms.strike <= 0.0 {
        return Err(OptionRefusal::StrikeNotPositive);
    }
    if terms.years < 0.0 {
        return Err(OptionRefusal::TimeNegative);
    }
    if market.spot < 0.0 {
        return Err(OptionRefusal::SpotNegative);
    }
    if volatility < 0.0 {
        return Err(OptionRefusal::VolatilityNegative);
    }
    Ok(())
}

/// Lets only finite results pass.
fn finite(value: f64) -> Result<f64, OptionRefusal> {
    if value.is_finite() { Ok(value) } else { Err(OptionRefusal::NotFinite) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_expiry_day_counts_until_its_close_and_for_an_hour_at_least() {
        assert_eq!(years_to_expiry(90.0), 90.0 / 365.0);
        assert_eq!(years_to_expiry(0.25), 0.25 / 365.0);
        assert_eq!(years_to_expiry(0.001), 1.0 / 24.0 / 365.0);
        assert_eq!(years_to_expiry(0.0), 0.0);
        assert_eq!(years_to_expiry(-3.0), 0.0);
        assert!(years_to_expiry(f64::NAN).is_nan());
    }
}
