//! American options: value with the right to exercise at any time.
//!
//! The exercise boundary of a put solves an integral equation (Kim 1990). It is found by spectral collocation (Andersen,
//! Lake and Offengenden, *High-performance American option pricing*, 2016): the square of the boundary's logarithm is a
//! polynomial in the root of time through Chebyshev nodes, iterated to a fixed point. A call is a put with spot and strike,
//! rate and yield exchanged (McDonald and Schroder 1998).

mod boundary;
mod scheme;
mod tree;

use crate::normal::{exp, ln};
use crate::options::american::boundary::Put;
use crate::options::black_scholes::price as european_price;
use crate::options::{OptionKind, OptionMarket, OptionRefusal, OptionTerms, check, finite};

/// With a smaller deviation `σ √T` the underlying is taken to move for certain; the value is off by half of it at most.
const DEVIATION_MIN: f64 = 1e-7;

/// How an [`AmericanValue`] was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AmericanMethod {
    /// Early exercise pays never, or everything is certain: a formula.
    Formula,
    /// Collocation of the boundary: off by less than 5e-8 of the larger of spot and strike.
    Collocation,
    /// Two trees of one and two thousand steps: off by about 1e-5 of the larger of spot and strike. For options
    /// with two boundaries (puts with `q < r < 0`, calls with `r < q < 0`) and where the variance is so small
    /// against the rate that the boundary cannot be followed.
    Tree,
}

/// What an American option is worth per share.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct AmericanValue {
    /// The value: at least the European one and at least what exercise yields now.
    pub price: f64,
    /// The value without the right to exercise early.
    pub european: f64,
    /// The difference: what that right is worth, at or above zero.
    pub early_exercise_premium: f64,
    /// How it was found.
    pub method: AmericanMethod,
    /// Whether exercising at once is at least as good as to wait.
    pub exercise_now: bool,
}

/// Value of an American option with a continuous yield; [`AmericanMethod`] says how exactly.
///
/// Refused as [`black_scholes::price`](crate::options::black_scholes::price) is.
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
    let tree = || (european + put.tree_premium(), AmericanMethod::Tree);
    let (waiting, method) = match put.exercise() {
        _ if terms.years == 0.0 => (european, AmericanMethod::Formula),
        Exercise::Never => (european, AmericanMethod::Formula),
        _ if market.spot == 0.0 => (intrinsic, AmericanMethod::Formula),
        _ if volatility * terms.years.sqrt() < DEVIATION_MIN => (put.certain(), AmericanMethod::Formula),
        Exercise::BetweenTwo => tree(),
        Exercise::Below => {
            put.premium().map_or_else(tree, |premium| (european + premium, AmericanMethod::Collocation))
        }
    };
    let price = finite(waiting)?.max(european).max(intrinsic);
    Ok(AmericanValue {
        price,
        european,
        early_exercise_premium: price - european,
        method,
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
