//! The volatility that a price implies, or why it implies none.
//!
//! The option out of the money, divided by `√(S e^{-qT} K e^{-rT})`, depends on two numbers only: `x = -|ln(F/K)|` and the
//! deviation `s = σ √T`. The root in `s` is found as in Jäckel, *Let's Be Rational* (2015): below the point of inflection
//! `√(2|x|)` on the reciprocal logarithm of the price, above it on the price or on the logarithm of what is missing to its
//! bound, by Householder's third method. The first guesses are simpler than his and cost a step more at worst.

use crate::normal::{DENSITY_AT_ZERO, bell, ln, lower_tail, quantile};
use crate::options::black_scholes::{discounted, upper_bound};
use crate::options::{OptionMarket, OptionRefusal, OptionTerms};

/// The least volatility that is looked for.
pub const VOLATILITY_MIN: f64 = 1e-4;
/// The greatest volatility that is looked for.
pub const VOLATILITY_MAX: f64 = 5.0;
/// How uncertain a volatility may be that is still given: a hundredth of a volatility point.
pub const UNCERTAINTY_MAX: f64 = 1e-4;
/// What a price as `f64` leaves open, in units of the larger of spot and strike: eight roundings, of the price, the
/// discounted spot and strike and their difference.
const PRICE_NOISE: f64 = 8.0 * f64::EPSILON;
/// A time value of less than this many times the noise is noise.
const NOISE_MARGIN: f64 = 4.0;
/// A step of this relative length is the last: the method is of fourth order.
const LAST_STEP: f64 = 1e-4;
const STEPS_MAX: u32 = 64;

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
    let (spot_value, strike_value) = discounted(terms, market)?;
    let (intrinsic, upper) =
        (terms.kind.intrinsic(spot_value, strike_value), upper_bound(terms.kind, spot_value, strike_value));
    if !price.is_finite() {
        return Err(OptionRefusal::NotFinite);
    }
    if terms.years == 0.0 {
        return Err(OptionRefusal::Expired);
    }
    if price <= 0.0 {
        return Err(OptionRefusal::NoQuote);
    }
    if price <= intrinsic {
        return Err(OptionRefusal::BelowIntrinsic);
    }
    if price >= upper {
        return Err(OptionRefusal::AboveBound);
    }
    let noise = PRICE_NOISE * market.spot.max(terms.strike);
    let (time_value, missing) = (price - intrinsic, upper - price);
    if time_value.min(missing) < NOISE_MARGIN * noise {
        return Err(OptionRefusal::NotDetermined);
    }
    let moneyness = ln(market.spot / terms.strike) + (market.rate - market.dividend_yield) * terms.years;
    let (smaller, larger) = (spot_value.min(strike_value), spot_value.max(strike_value));
    let half = (larger / smaller).sqrt();
    let scale = smaller * half;
    let target = Target::new(-moneyness.abs(), half, time_value / scale, missing / scale);
    let (deviation, slope) = target.solve().ok_or(OptionRefusal::NotDetermined)?;
    let root_time = terms.years.sqrt();
    let volatility = deviation / root_time;
    let vega = scale * slope * root_time;
    let uncertainty = (noise / vega).max(2.0 * f64::EPSILON * volatility);
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

/// The normalised price that is to be met: `b(x, s) = e^{x/2} Φ(x/s + s/2) - e^{-x/2} Φ(x/s - s/2)`, `x ≤ 0`.
struct Target {
    x: f64,
    /// `e^{-x/2}`, at least one.
    half: f64,
    /// The price, and what is missing to its bound `e^{x/2}`.
    value: f64,
    missing: f64,
}

/// The normalised price at one deviation.
struct Curve {
    value: f64,
    missing: f64,
    /// `∂b/∂s`, and the second and third derivative divided by it.
    slope: f64,
    second: f64,
    third: f64,
}

/// Which function of the price is nearly linear.
#[derive(Clone, Copy)]
enum Branch {
    /// Below the point of inflection: the reciprocal logarithm of the price. Carries the logarithm of the target.
    ReciprocalLogarithm(f64),
    /// The price itself.
    Price,
    /// The logarithm of what is missing.
    Missing,
}

impl Curve {
    /// At the money the point of inflection is no deviation at all.
    const AT_THE_MONEY: Self =
        Self { value: 0.0, missing: 1.0, slope: DENSITY_AT_ZERO, second: 0.0, third: -0.25 };
}

impl Target {
    fn new(x: f64, half: f64, value: f64, missing: f64) -> Self {
        Self { x, half, value, missing }
    }

    #[inline]
    fn curve(&self, s: f64) -> Curve {
        let (a, b) = (self.x / s, 0.5 * s);
        let (d1, d2) = (a + b, a - b);
        // e^{x/2} n(d1) = e^{-x/2} n(d2): one exponential serves both.
        let upper = 1.0 / self.half;
        let scaled = bell(d1) * upper;
        let tail = lower_tail(d1, scaled);
        let (below, above) = if d1 > 0.0 { (upper - tail, tail) } else { (tail, upper - tail) };
        let exercised = lower_tail(d2, scaled);
        let second = a * a / s - 0.25 * s;
        Curve {
            value: below - exercised,
            missing: above + exercised,
            slope: DENSITY_AT_ZERO * scaled,
            second,
            third: second * second - 3.0 * (a / s) * (a / s) - 0.25,
        }
    }

    /// The deviation and the price's slope there; none where the arithmetic gives way.
    fn solve(&self) -> Option<(f64, f64)> {
        let inflection = (-2.0 * self.x).sqrt();
        let turning = if inflection > 0.0 { self.curve(inflection) } else { Curve::AT_THE_MONEY };
        let (mut low, mut high) = (inflection, f64::INFINITY);
        let (guess, branch) = if self.value < turning.value {
            (low, high) = (0.0, inflection);
            let (guess, logarithm) = self.guess_below(inflection, &turning);
            (guess, Branch::ReciprocalLogarithm(logarithm))
        } else if self.value < self.missing {
            (inflection + self.step(&turning, Branch::Price), Branch::Price)
        } else {
            (self.guess_above(inflection, &turning), Branch::Missing)
        };
        let mut s = guess;
        for _ in 0..STEPS_MAX {
            if !(s > low && s < high) {
                s = if high.is_finite() { 0.5 * (low + high) } else { 2.0 * low.max(guess.abs()) };
            }
            let curve = self.curve(s);
            if curve.value < self.value {
                low = s;
            } else {
                high = s;
            }
            let step = self.step(&curve, branch);
            if step.abs() <= LAST_STEP * s {
                return Some((s + step, curve.slope));
            }
            // Without a step that is a number the bracket is halved.
            s += step;
        }
        None
    }

    /// `s²` as the rational quadratic function of `-1 / ln b` (Gregory and Delbourgo 1982) that has the values and slopes at
    /// zero, where it is `x²/2` times it, and at the point of inflection. Also `ln b` of the target.
    fn guess_below(&self, inflection: f64, curve: &Curve) -> (f64, f64) {
        let logarithm = ln(self.value);
        let end = -1.0 / ln(curve.value);
        let (first, square) = (0.5 * self.x * self.x, inflection * inflection);
        let last = 2.0 * inflection * curve.value / (end * end * curve.slope);
        let chord = square / end;
        let t = -1.0 / (logarithm * end);
        let rest = 1.0 - t;
        let guess =
            square * t * (chord * t + first * rest) / (chord + (first + last - 2.0 * chord) * t * rest);
        (guess.sqrt(), logarithm)
    }

    /// Linear in the normal quantile of the missing share, which is exact at the money.
    fn guess_above(&self, inflection: f64, curve: &Curve) -> f64 {
        let at = |missing: f64| -2.0 * quantile(0.5 * missing * self.half);
        let (start, end) = (at(curve.missing), at(self.missing));
        let slope = curve.slope * self.half / (DENSITY_AT_ZERO * bell(0.5 * start));
        inflection + (end - start) / slope
    }

    /// Householder's step of the third kind for the branch's function.
    #[inline]
    fn step(&self, curve: &Curve, branch: Branch) -> f64 {
        let Curve { value, missing, slope, second, third } = *curve;
        let (newton, second, third) = match branch {
            Branch::ReciprocalLogarithm(target) => {
                let (logarithm, relative) = (ln(value), slope / value);
                let reciprocal = 1.0 / logarithm;
                let twice = 1.0 + 2.0 * reciprocal;
                (
                    (target - logarithm) * logarithm / (target * relative),
                    second - relative * twice,
                    third + 2.0 * relative * relative * (1.0 + 3.0 * reciprocal * (1.0 + reciprocal))
                        - 3.0 * second * relative * twice,
                )
            }
            Branch::Price => ((self.value - value) / slope, second, third),
            Branch::Missing => {
                let relative = slope / missing;
                (
                    ln(missing / self.missing) / relative,
                    second + relative,
                    third + relative * (2.0 * relative + 3.0 * second),
                )
            }
        };
        newton * (1.0 + 0.5 * second * newton) / (1.0 + newton * (second + third * newton / 6.0))
    }
}
