//! Value of a European option (Black and Scholes 1973; Merton 1973 for the yield).
//!
//! `d1 = (ln(S/K) + (r - q + σ²/2) T) / (σ √T)`, `d2 = d1 - σ √T`; a call is worth `S e^{-qT} Φ(d1) - K e^{-rT} Φ(d2)`, a put by
//! parity. Both are computed as the discounted intrinsic value plus the option of the two that is out of the money
//! (Jäckel 2015), so that little is lost to cancellation and parity holds to the last digits.

use crate::normal::{bell, both_tails, exp, ln};
use crate::options::{OptionKind, OptionMarket, OptionRefusal, OptionTerms, check, finite};

/// Below it a deviation counts as none: the value of the option itself would be lost in that of its forward.
const DEVIATION_MIN: f64 = 1e-150;
/// A `d` that is so far out changes nothing any more.
const D_MAX: f64 = 1e3;

/// What value and Greeks have in common, for spot, strike, time and volatility above zero.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Common {
    /// +1 for a call, -1 for a put.
    pub sign: f64,
    /// `√T`.
    pub root_time: f64,
    /// `1 / (σ √T)`.
    pub inverse_deviation: f64,
    /// `e^{-qT}`.
    pub spot_discount: f64,
    /// `S e^{-qT}`.
    pub spot_value: f64,
    /// `K e^{-rT}`.
    pub strike_value: f64,
    /// `d1` and `d2`.
    pub d: (f64, f64),
    /// `e^{-d1²/2}`.
    pub bell: f64,
    /// `Φ(f d1)`.
    pub hedge: f64,
    /// `Φ(f d2)`.
    pub exercise: f64,
    /// The value of the option.
    pub value: f64,
}

impl Common {
    /// Straight-line code, so that a loop over columns becomes vector instructions.
    #[inline(always)]
    pub fn of(
        sign: f64,
        spot: f64,
        strike: f64,
        years: f64,
        rate: f64,
        dividend_yield: f64,
        volatility: f64,
    ) -> Self {
        let root_time = years.sqrt();
        let deviation = volatility * root_time;
        let inverse_deviation = 1.0 / deviation;
        let moneyness = ln(spot / strike) + (rate - dividend_yield) * years;
        let (middle, half) = (moneyness * inverse_deviation, 0.5 * deviation);
        let d1 = (middle + half).clamp(-D_MAX, D_MAX);
        let d2 = (middle - half).clamp(-D_MAX, D_MAX);
        let spot_discount = exp(-dividend_yield * years);
        let spot_value = spot * spot_discount;
        let strike_value = strike * exp(-rate * years);
        // S e^{-qT} n(d1) = K e^{-rT} n(d2): one exponential serves both. Where the first one is below the smallest number
        // and the second is not, the strike is worth nothing beside the spot.
        let bell1 = bell(d1);
        let bell2 = bell1 * (spot_value / strike_value);
        let (below1, above1) = both_tails(d1, bell1);
        let (below2, above2) = both_tails(d2, bell2);
        let call = sign > 0.0;
        let out = if moneyness > 0.0 {
            strike_value * above2 - spot_value * above1
        } else {
            spot_value * below1 - strike_value * below2
        };
        Self {
            sign,
            root_time,
            inverse_deviation,
            spot_discount,
            spot_value,
            strike_value,
            d: (d1, d2),
            bell: bell1,
            hedge: if call { below1 } else { above1 },
            exercise: if call { below2 } else { above2 },
            value: (sign * (spot_value - strike_value)).max(0.0) + out.max(0.0),
        }
    }
}

/// The cases that the value falls into; the formula holds in one of them.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Case {
    /// The option lives and its underlying moves.
    Moving(Common),
    /// The underlying does not move, or is worth nothing: the forward is exercised, or not, for certain.
    Certain {
        /// `S e^{-qT}`.
        spot_value: f64,
        /// `K e^{-rT}`.
        strike_value: f64,
        /// Worth this.
        value: f64,
    },
    /// Expired: worth the intrinsic value and moved by nothing.
    Settled(f64),
}

impl Case {
    pub fn of(terms: &OptionTerms, market: &OptionMarket, volatility: f64) -> Result<Self, OptionRefusal> {
        check(terms, market, volatility)?;
        let OptionTerms { kind, strike, years } = *terms;
        let OptionMarket { spot, rate, dividend_yield } = *market;
        if years == 0.0 {
            return Ok(Self::Settled(finite(kind.intrinsic(spot, strike))?));
        }
        if spot == 0.0 || volatility * years.sqrt() <= DEVIATION_MIN {
            let spot_value = finite(spot * exp(-dividend_yield * years))?;
            let strike_value = finite(strike * exp(-rate * years))?;
            return Ok(Self::Certain {
                spot_value,
                strike_value,
                value: kind.intrinsic(spot_value, strike_value),
            });
        }
        let common = Common::of(kind.sign(), spot, strike, years, rate, dividend_yield, volatility);
        // Infinite moneyness times a zero inverse deviation: nothing may leave that is not a number.
        finite(common.value + common.d.0 + common.d.1)?;
        Ok(Self::Moving(common))
    }
}

/// Value of one option per share. At expiry the intrinsic value; without volatility the discounted intrinsic one.
///
/// The error is below 1e-15 of the larger of spot and strike (both discounted). Refuses what [`OptionRefusal`] says.
pub fn price(terms: &OptionTerms, market: &OptionMarket, volatility: f64) -> Result<f64, OptionRefusal> {
    Ok(match Case::of(terms, market, volatility)? {
        Case::Moving(common) => common.value,
        Case::Certain { value, .. } | Case::Settled(value) => value,
    })
}

/// Discounted intrinsic value `max(0, f (S e^{-qT} - K e^{-rT}))` and upper bound (`S e^{-qT}` for a call, `K e^{-rT}` for a put): between
/// them lies every price without arbitrage.
pub fn bounds(terms: &OptionTerms, market: &OptionMarket) -> Result<(f64, f64), OptionRefusal> {
    let (spot_value, strike_value) = discounted(terms, market)?;
    let intrinsic = terms.kind.intrinsic(spot_value, strike_value);
    Ok((intrinsic, upper_bound(terms.kind, spot_value, strike_value)))
}

/// `S e^{-qT}` and `K e^{-rT}` of an option that is one.
pub(crate) fn discounted(terms: &OptionTerms, market: &OptionMarket) -> Result<(f64, f64), OptionRefusal> {
    check(terms, market, 0.0)?;
    let spot_value = finite(market.spot * exp(-market.dividend_yield * terms.years))?;
    let strike_value = finite(terms.strike * exp(-market.rate * terms.years))?;
    Ok((spot_value, strike_value))
}

/// What the value stays below, however volatile the underlying.
pub(crate) fn upper_bound(kind: OptionKind, spot_value: f64, strike_value: f64) -> f64 {
    match kind {
        OptionKind::Call => spot_value,
        OptionKind::Put => strike_value,
    }
}
