//! American options: value with the right to exercise at any time.
//!
//! The exercise boundary of a put solves an integral equation (Kim 1990). It is found by spectral collocation (Andersen,
//! Lake and Offengenden, *High-performance American option pricing*, 2016): the square of the boundary's logarithm is a
//! polynomial in the root of time through Chebyshev nodes, iterated to a fixed point. A call is a put with spot and strike,
//! rate and yield exchanged (McDonald and Schroder 1998).

mod boundary;
mod scheme;

use crate::options::american::boundary::Put;
use crate::options::black_scholes::price as european_price;
use crate::options::normal::{exp, ln};
use crate::options::{OptionKind, OptionMarket, OptionRefusal, OptionTerms, check, finite};

/// With a smaller deviation `σ √T` the underlying is taken to move for certain; the value is off by half of it at most.
const DEVIATION_MIN: f64 = 1e-7;

/// What an American option is worth per share.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct AmericanValue {
    /// The value: at least the European one and at least what exercise yields now.
    pub price: f64,
    /// The value without the right to exercise early.
    pub european: f64,
    /// The difference: what that right is worth, at or above zero.
    pub early_exercise_premium: f64,
    /// Whether exercising at once is at least as good as to wait.
    pub exercise_now: bool,
}

/// Value of an American option with a continuous yield; off by less than 5e-8 of the larger of spot and strike.
///
/// Refused as [`black_scholes::price`](crate::options::black_scholes::price) is, and with `TwoBoundaries` where exercise
/// pays in between two prices only: puts with `q < r < 0`, calls with `r < q < 0`.
pub fn american(
    terms: &OptionTerms,
    market: &OptionMarket,
    volatility: f64,
) -> Result<AmericanValue, OptionRefusal> {
    check(terms, market, volatility)?;
    let european = european_price(terms, market, volatility)?;
    let intrinsic = terms.kind.intrinsic(market.spot, terms.strike);
    let put = match terms.kind {
        OptionKind::Put => Put {
            spot: market.spot,
            strike: terms.strike,
            rate: market.rate,
            dividend_yield: market.dividend_yield,
            years: terms.years,
            volatility,
        },
        OptionKind::Call => Put {
            spot: terms.strike,
            strike: market.spot,
            rate: market.dividend_yield,
            dividend_yield: market.rate,
            years: terms.years,
            volatility,
        },
    };
    let waiting = match put.exercise() {
        _ if terms.years == 0.0 => european,
        Exercise::Never => european,
        Exercise::BetweenTwo => return Err(OptionRefusal::TwoBoundaries),
        Exercise::Below if market.spot == 0.0 => intrinsic,
        Exercise::Below if volatility * terms.years.sqrt() < DEVIATION_MIN => put.certain(),
        Exercise::Below => european + put.premium()?,
    };
    let price = finite(waiting)?.max(european).max(intrinsic);
    Ok(AmericanValue {
        price,
        european,
        early_exercise_premium: price - european,
        exercise_now: intrinsic > 0.0 && intrinsic >= price,
    })
}

/// Where early exercise of a put pays.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Exercise {
    Never,
    Below,
    BetweenTwo,
}

impl Put {
    /// Exercise earns the rate on the strike and loses the yield of the underlying.
    fn exercise(&self) -> Exercise {
        if self.rate <= 0.0 && self.rate <= self.dividend_yield {
            Exercise::Never
        } else if self.rate < 0.0 {
            Exercise::BetweenTwo
        } else {
            Exercise::Below
        }
    }

    /// The best time to exercise if the underlying grows by rate less yield for certain: now, at expiry, or where the
    /// gain of waiting turns to nothing.
    fn certain(&self) -> f64 {
        let at = |years: f64| {
            self.strike * exp(-self.rate * years) - self.spot * exp(-self.dividend_yield * years)
        };
        let ratio = self.rate * self.strike / (self.dividend_yield * self.spot);
        let turning = if ratio > 0.0 && ratio.is_normal() {
            ln(ratio) / (self.rate - self.dividend_yield)
        } else {
            0.0
        };
        let turning = if turning > 0.0 && turning < self.years { at(turning) } else { 0.0 };
        at(0.0).max(at(self.years)).max(turning).max(0.0)
    }
}
