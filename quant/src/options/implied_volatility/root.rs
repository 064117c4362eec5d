//! The root of the normalised price, as straight-line code for one option: a loop over many becomes vector instructions.

use crate::normal::{DENSITY_AT_ZERO, bell, exp, ln, lower_quantile, lower_tail};

/// What a price as `f64` leaves open, in units of the larger of spot and strike: eight roundings, of the price, the
/// discounted spot and strike and their difference.
const PRICE_NOISE: f64 = 8.0 * f64::EPSILON;
/// A time value of less than this many times the noise is noise.
const NOISE_MARGIN: f64 = 4.0;
/// A step of this relative length is the last: the method is of fourth order.
const LAST_STEP: f64 = 1e-4;
/// After so many steps there is none.
pub(super) const STEPS_MAX: u32 = 64;

/// A price, and the normalised one that is to be met: `b(x, s) = e^{x/2} Φ(x/s + s/2) - e^{-x/2} Φ(x/s - s/2)`, `x ≤ 0`. Of
/// what is no option the numbers mean nothing.
#[derive(Debug, Clone, Copy)]
pub(super) struct Quote {
    /// Between these two lies every price.
    pub intrinsic: f64,
    pub upper: f64,
    /// What the last digits of the price mean, in its unit.
    pub noise: f64,
    /// `√T`.
    pub root_time: f64,
    /// What the normalised price is counted in.
    pub scale: f64,
    x: f64,
    /// `e^{-x/2}`, at least one.
    half: f64,
    /// The normalised price, and what is missing to its bound `e^{x/2}`.
    value: f64,
    missing: f64,
}

impl Quote {
    /// The fields as a row of columns, and back.
    #[inline(always)]
    pub fn row(self) -> [f64; 9] {
        let Self { intrinsic, upper, noise, root_time, scale, x, half, value, missing } = self;
        [intrinsic, upper, noise, root_time, scale, x, half, value, missing]
    }

    #[inline(always)]
    pub fn of_row([intrinsic, upper, noise, root_time, scale, x, half, value, missing]: [f64; 9]) -> Self {
        Self { intrinsic, upper, noise, root_time, scale, x, half, value, missing }
    }

    #[inline(always)]
    pub fn of(
        sign: f64,
        spot: f64,
        strike: f64,
        years: f64,
        rate: f64,
        dividend_yield: f64,
        price: f64,
    ) -> Self {
        let spot_value = spot * exp(-dividend_yield * years);
        let strike_value = strike * exp(-rate * years);
        let gain = sign * (spot_value - strike_value);
        let intrinsic = if gain > 0.0 { gain } else { gain * 0.0 };
        let upper = if sign > 0.0 { spot_value } else { strike_value };
        let moneyness = ln(spot / strike) + (rate - dividend_yield) * years;
        let spot_above = spot_value > strike_value;
        let (smaller, larger) =
            if spot_above { (strike_value, spot_value) } else { (spot_value, strike_value) };
        let half = (larger / smaller).sqrt();
        let scale = smaller * half;
        Self {
            intrinsic,
            upper,
            noise: PRICE_NOISE * if spot > strike { spot } else { strike },
            root_time: years.sqrt(),
            scale,
            x: -moneyness.abs(),
            half,
            value: (price - intrinsic) / scale,
            missing: (upper - price) / scale,
        }
    }

    /// Whether the price is more than noise away from its bounds.
    #[inline(always)]
    pub fn determined(&self) -> bool {
        let margin = NOISE_MARGIN * self.noise;
        (self.value * self.scale >= margin) & (self.missing * self.scale >= margin)
    }

    /// The normalised price at a deviation.
    #[inline(always)]
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

    /// `s²` as the rational quadratic function of `-1 / ln b` (Gregory and Delbourgo 1982) that has the values and slopes at
    /// zero, where it is `x²/2` times it, and at the point of inflection.
    #[inline(always)]
    fn guess_below(&self, inflection: f64, curve: &Curve, logarithm: f64) -> f64 {
        let end = -1.0 / ln(curve.value);
        let (first, square) = (0.5 * self.x * self.x, inflection * inflection);
        let last = 2.0 * inflection * curve.value / (end * end * curve.slope);
        let chord = square / end;
        let t = -1.0 / (logarithm * end);
        let rest = 1.0 - t;
        let guess =
            square * t * (chord * t + first * rest) / (chord + (first + last - 2.0 * chord) * t * rest);
        guess.sqrt()
    }

    /// Linear in the normal quantile of the missing share, which is exact at the money.
    #[inline(always)]
    fn guess_above(&self, inflection: f64, curve: &Curve) -> f64 {
        let start = -2.0 * lower_quantile(0.5 * curve.missing * self.half);
        let end = -2.0 * lower_quantile(0.5 * self.missing * self.half);
        let slope = curve.slope * self.half / (DENSITY_AT_ZERO * bell(0.5 * start));
        inflection + (end - start) / slope
    }

    /// Householder's step of the third kind for the branch's function.
    #[inline(always)]
    fn step(&self, curve: &Curve, branch: f64, target: f64) -> f64 {
        let Curve { value, missing, slope, second, third } = *curve;
        // One logarithm serves both branches that need one.
        let logarithm = ln(if branch == BELOW { value } else { missing / self.missing });
        let relative = slope / if branch == BELOW { value } else { missing };
        let reciprocal = 1.0 / logarithm;
        let twice = 1.0 + 2.0 * reciprocal;
        let below = (
            (target - logarithm) * logarithm / (target * relative),
            second - relative * twice,
            third + 2.0 * relative * relative * (1.0 + 3.0 * reciprocal * (1.0 + reciprocal))
                - 3.0 * second * relative * twice,
        );
        let plain = ((self.value - value) / slope, second, third);
        let above =
            (logarithm / relative, second + relative, third + relative * (2.0 * relative + 3.0 * second));
        let (newton, second, third) = if branch == BELOW {
            below
        } else if branch == ABOVE {
            above
        } else {
            plain
        };
        newton * (1.0 + 0.5 * second * newton) / (1.0 + newton * (second + third * newton / 6.0))
    }
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

/// Below the point of inflection the reciprocal logarithm of the price is nearly linear. The branches are numbers, because
/// a loop with them becomes vector instructions.
const BELOW: f64 = 0.0;
/// Then the price itself.
const MIDDLE: f64 = 1.0;
/// Then the logarithm of what is missing.
const ABOVE: f64 = 2.0;

/// The search for the deviation.
#[derive(Debug, Clone, Copy)]
pub(super) struct Root {
    /// The deviation so far, and the price's slope there once it is found.
    pub deviation: f64,
    pub slope: f64,
    guess: f64,
    low: f64,
    high: f64,
    branch: f64,
    /// The logarithm of the normalised price.
    target: f64,
    /// 0 while it goes on; 1 when it is found, or cannot be.
    done: f64,
}

impl Root {
    /// The fields as a row of columns, and back.
    #[inline(always)]
    pub fn row(self) -> [f64; 8] {
        let Self { deviation, slope, guess, low, high, branch, target, done } = self;
        [deviation, slope, guess, low, high, branch, target, done]
    }

    #[inline(always)]
    pub fn of_row([deviation, slope, guess, low, high, branch, target, done]: [f64; 8]) -> Self {
        Self { deviation, slope, guess, low, high, branch, target, done }
    }

    /// The first guess. There is nothing to find of what is no price.
    #[inline(always)]
    pub fn of(quote: &Quote) -> Self {
        let inflection = (-2.0 * quote.x).sqrt();
        let at_the_money = inflection == 0.0;
        let turning = quote.curve(if at_the_money { 1.0 } else { inflection });
        let or = |limit: f64, value: f64| if at_the_money { limit } else { value };
        let turning = Curve {
            value: or(0.0, turning.value),
            missing: or(1.0, turning.missing),
            slope: or(DENSITY_AT_ZERO, turning.slope),
            second: or(0.0, turning.second),
            third: or(-0.25, turning.third),
        };
        let target = ln(quote.value);
        let below = quote.guess_below(inflection, &turning, target);
        let middle = inflection + quote.step(&turning, MIDDLE, target);
        let above = quote.guess_above(inflection, &turning);
        let under = quote.value < turning.value;
        let branch = if under {
            BELOW
        } else if quote.value < quote.missing {
            MIDDLE
        } else {
            ABOVE
        };
        let guess = if branch == BELOW {
            below
        } else if branch == MIDDLE {
            middle
        } else {
            above
        };
        Self {
            deviation: guess,
            slope: 0.0,
            guess: guess.abs(),
            low: if under { 0.0 } else { inflection },
            high: if under { inflection } else { f64::INFINITY },
            branch,
            target,
            done: if quote.determined() { 0.0 } else { 1.0 },
        }
    }

    /// A step of the search; none when it is over, so that it has the same bits in any company.
    #[inline(always)]
    pub fn advance(&mut self, quote: &Quote) {
        let Self { deviation, low, high, guess, .. } = *self;
        let reach = 2.0 * if guess > low { guess } else { low };
        let middle = if high < f64::INFINITY { 0.5 * (low + high) } else { reach };
        // Without a step that is a number the bracket is halved.
        let s = if (deviation > low) & (deviation < high) { deviation } else { middle };
        let curve = quote.curve(s);
        let step = quote.step(&curve, self.branch, self.target);
        let last = step.abs() <= LAST_STEP * s;
        let under = curve.value < quote.value;
        let over = self.done != 0.0;
        self.deviation = if over { deviation } else { s + step };
        self.low = if under & !over { s } else { low };
        self.high = if under | over { high } else { s };
        self.slope = if last & !over { curve.slope } else { self.slope };
        self.done = if last | over { 1.0 } else { 0.0 };
    }

    /// Steps until it is over.
    pub fn find(&mut self, quote: &Quote) {
        for _ in 0..STEPS_MAX {
            if self.over() {
                return;
            }
            self.advance(quote);
        }
    }

    /// Whether another step would change nothing.
    #[inline(always)]
    pub fn over(&self) -> bool {
        self.done != 0.0
    }

    /// Whether there is a deviation: a search that ended has a slope there.
    pub fn found(&self) -> bool {
        self.over() && self.deviation.is_finite() && self.slope > 0.0
    }
}
