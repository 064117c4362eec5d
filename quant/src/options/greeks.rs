//! Greeks of a European option: the derivatives of [`black_scholes::price`](crate::options::black_scholes::price).
//!
//! Formulas: Hull, *Options, Futures, and Other Derivatives*, chapter "The Greek letters"; vanna and vomma: Haug, *The Complete
//! Guide to Option Pricing Formulas* (2007), 2.

use crate::normal::DENSITY_AT_ZERO;
use crate::options::black_scholes::{Case, Common};
use crate::options::{DAYS_PER_YEAR, OptionMarket, OptionRefusal, OptionTerms, finite};

/// Value and Greeks of one option per share, in plain units: volatilities, rates and years change by 1.00.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Greeks {
    /// The value itself.
    pub price: f64,
    /// ∂V/∂S.
    pub delta: f64,
    /// ∂²V/∂S².
    pub gamma: f64,
    /// -∂V/∂T, a year.
    pub theta: f64,
    /// ∂V/∂σ per 1.00 of volatility.
    pub vega: f64,
    /// ∂V/∂r per 1.00.
    pub rho: f64,
    /// ∂V/∂q per 1.00.
    pub dividend_rho: f64,
    /// ∂²V/∂S∂σ.
    pub vanna: f64,
    /// ∂²V/∂σ².
    pub vomma: f64,
}

/// Value and the five Greeks that are quoted, in the units in which they are quoted.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct QuotedGreeks {
    /// The value itself.
    pub price: f64,
    /// Per 1 of the underlying.
    pub delta: f64,
    /// Change of delta per 1 of the underlying.
    pub gamma: f64,
    /// Per calendar day that passes.
    pub theta_per_day: f64,
    /// Per volatility point (0.01).
    pub vega_per_point: f64,
    /// Per 1 % of the rate (0.01).
    pub rho_per_percent: f64,
}

impl Greeks {
    /// In the units of quotes: theta a day (of 365), vega a volatility point, rho 1 % of the rate.
    pub fn quoted(&self) -> QuotedGreeks {
        QuotedGreeks {
            price: self.price,
            delta: self.delta,
            gamma: self.gamma,
            theta_per_day: self.theta / DAYS_PER_YEAR,
            vega_per_point: self.vega / 100.0,
            rho_per_percent: self.rho / 100.0,
        }
    }

    /// Of an option that nothing moves.
    fn settled(price: f64) -> Self {
        let zero = 0.0;
        Self {
            price,
            delta: zero,
            gamma: zero,
            theta: zero,
            vega: zero,
            rho: zero,
            dividend_rho: zero,
            vanna: zero,
            vomma: zero,
        }
    }

    /// Of an option that is exercised, or not, for certain: a forward, or nothing.
    fn certain(
        terms: &OptionTerms,
        market: &OptionMarket,
        spot_value: f64,
        strike_value: f64,
        price: f64,
    ) -> Self {
        let sign = terms.kind.sign();
        if sign * (spot_value - strike_value) < 0.0 {
            return Self::settled(price);
        }
        Self {
            delta: sign * discount(spot_value, market, terms),
            theta: sign * (market.dividend_yield * spot_value - market.rate * strike_value),
            rho: sign * terms.years * strike_value,
            dividend_rho: -sign * terms.years * spot_value,
            ..Self::settled(price)
        }
    }

    fn all_finite(self) -> Result<Self, OptionRefusal> {
        let sum = self.price + self.delta + self.gamma + self.theta + self.vega + self.rho;
        finite(sum + self.dividend_rho + self.vanna + self.vomma)?;
        Ok(self)
    }
}

/// `e^{-qT}`, also where the spot is zero.
fn discount(spot_value: f64, market: &OptionMarket, terms: &OptionTerms) -> f64 {
    if market.spot > 0.0 {
        spot_value / market.spot
    } else {
        crate::normal::exp(-market.dividend_yield * terms.years)
    }
}

/// The five Greeks that every portfolio needs, of the formula alone; see [`Greeks`] for the units.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct FirstGreeks {
    pub delta: f64,
    pub gamma: f64,
    pub theta: f64,
    pub vega: f64,
    pub rho: f64,
}

impl FirstGreeks {
    #[inline(always)]
    pub fn of(
        common: &Common,
        spot: f64,
        years: f64,
        rate: f64,
        dividend_yield: f64,
        volatility: f64,
    ) -> Self {
        let density = DENSITY_AT_ZERO * common.bell;
        let hedged = common.sign * common.spot_value * common.hedge;
        let exercised = common.sign * common.strike_value * common.exercise;
        let spread = common.spot_value * density;
        // σ / (2 √T), without another division.
        let decay = 0.5 * volatility * volatility * common.inverse_deviation;
        Self {
            delta: common.sign * common.spot_discount * common.hedge,
            gamma: common.spot_discount * density * common.inverse_deviation / spot,
            theta: (dividend_yield * hedged - rate * exercised) - spread * decay,
            vega: spread * common.root_time,
            rho: exercised * years,
        }
    }
}

/// Value and Greeks of one option per share.
///
/// At expiry and after it all Greeks are zero. Without volatility they are those of the forward that is exercised or not;
/// where that is undecided, the value has a corner and the Greeks are refused.
pub fn greeks(terms: &OptionTerms, market: &OptionMarket, volatility: f64) -> Result<Greeks, OptionRefusal> {
    let OptionMarket { spot, rate, dividend_yield } = *market;
    let common = match Case::of(terms, market, volatility)? {
        Case::Moving(common) => common,
        Case::Certain { spot_value, strike_value, .. } if spot_value == strike_value => {
            return Err(OptionRefusal::UndefinedAtCorner);
        }
        Case::Certain { spot_value, strike_value, value } => {
            return Greeks::certain(terms, market, spot_value, strike_value, value).all_finite();
        }
        Case::Settled(value) => return Ok(Greeks::settled(value)),
    };
    let first = FirstGreeks::of(&common, spot, terms.years, rate, dividend_yield, volatility);
    let (d1, d2) = common.d;
    Greeks {
        price: common.value,
        delta: first.delta,
        gamma: first.gamma,
        theta: first.theta,
        vega: first.vega,
        rho: first.rho,
        dividend_rho: -terms.years * common.sign * common.spot_value * common.hedge,
        vanna: -common.spot_discount * DENSITY_AT_ZERO * common.bell * d2 / volatility,
        vomma: first.vega * d1 * d2 / volatility,
    }
    .all_finite()
}

/// The Greeks of one share of the underlying itself: delta 1 and nothing else.
pub fn share(spot: f64) -> QuotedGreeks {
    QuotedGreeks {
        price: spot,
        delta: 1.0,
        gamma: 0.0,
        theta_per_day: 0.0,
        vega_per_point: 0.0,
        rho_per_percent: 0.0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::options::OptionKind;

    #[test]
    fn nothing_moves_an_expired_option() {
        let terms = OptionTerms { kind: OptionKind::Put, strike: 110.0, years: 0.0 };
        let market = OptionMarket { spot: 100.0, rate: 0.05, dividend_yield: 0.01 };
        assert_eq!(greeks(&terms, &market, 0.3), Ok(Greeks::settled(10.0)));
    }

    #[test]
    fn without_volatility_the_forward_decides_and_a_corner_is_refused() {
        let terms = OptionTerms { kind: OptionKind::Call, strike: 100.0, years: 2.0 };
        let market = OptionMarket { spot: 110.0, rate: 0.0, dividend_yield: 0.0 };
        let certain = greeks(&terms, &market, 0.0).unwrap();
        assert_eq!((certain.price, certain.delta, certain.rho, certain.gamma), (10.0, 1.0, 200.0, 0.0));
        let worthless = OptionMarket { spot: 90.0, ..market };
        assert_eq!(greeks(&terms, &worthless, 0.0), Ok(Greeks::settled(0.0)));
        let corner = OptionMarket { spot: 100.0, ..market };
        assert_eq!(greeks(&terms, &corner, 0.0), Err(OptionRefusal::UndefinedAtCorner));
    }

    #[test]
    fn a_worthless_underlying_leaves_the_put_its_strike() {
        let terms = OptionTerms { kind: OptionKind::Put, strike: 100.0, years: 1.0 };
        let market = OptionMarket { spot: 0.0, rate: 0.0, dividend_yield: 0.0 };
        let put = greeks(&terms, &market, 0.4).unwrap();
        assert_eq!((put.price, put.delta, put.gamma), (100.0, -1.0, 0.0));
    }
}
