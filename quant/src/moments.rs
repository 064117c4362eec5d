//! Mean, variance and covariance of a stream.
//!
//! The algorithm is the textbook one, sums of values and of products, but in compensated sums of exact
//! products ([`Sum::add_product`]): about 32 digits, so that the subtraction Σx² - n·mean² that ruins it in
//! plain `f64` is harmless. Welford's recurrence would need a division a point and loses digits with n.

use serde::{Deserialize, Serialize};

use crate::convention::Deviation;
use crate::figure::{Because, Figure, finite, number};
use crate::sum::Sum;

/// Deviation up to which returns count as constant. A return is a quotient near one, minus one: its own
/// rounding is about 2e-16, and a ratio over such a deviation would only measure that rounding.
pub const DEVIATION_FLOOR: f64 = 1e-15;

/// Count, mean and variance of what was pushed. Constant size.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct Moments {
    count: u64,
    sum: Sum,
    squares: Sum,
}

impl Moments {
    /// Takes one value. NaN and infinities make every figure unavailable.
    pub fn push(&mut self, value: f64) {
        self.count += 1;
        self.sum.add(value);
        self.squares.add_product(value, value);
    }

    /// How many values were pushed.
    pub fn count(&self) -> u64 {
        self.count
    }

    /// Arithmetic mean, in the unit of the values. Needs one value.
    pub fn mean(&self) -> Figure {
        at_least(1, self.count)?;
        finite(self.sum.total()? / number(self.count))
    }

    /// Mean squared deviation from the mean, in squared units. Needs two values.
    pub fn variance(&self, deviation: Deviation) -> Figure {
        at_least(2, self.count)?;
        finite(self.squared_deviations()? / divisor(self.count, deviation))
    }

    /// Standard deviation, in the unit of the values, not annualised. Needs two values.
    pub fn deviation(&self, deviation: Deviation) -> Figure {
        finite(self.variance(deviation)?.sqrt())
    }

    /// The deviation as a divisor: refused when it is zero up to rounding ([`DEVIATION_FLOOR`]).
    pub fn deviation_to_divide_by(&self, deviation: Deviation) -> Figure {
        divisible(self.deviation(deviation)?, self.mean()?)
    }

    /// Σ(x - mean)².
    fn squared_deviations(&self) -> Figure {
        Ok(self.deviations_with(self, &self.squares)?.max(0.0))
    }

    /// Σ(x - mean x)(y - mean y), from Σxy. Holds for any rounding of the means up to its square.
    fn deviations_with(&self, other: &Self, products: &Sum) -> Figure {
        let (mean, other_mean) = (self.mean()?, other.mean()?);
        let mut sum = *products;
        sum.add_scaled(&other.sum, -mean);
        sum.add_scaled(&self.sum, -other_mean);
        let mut product_of_means = Sum::default();
        product_of_means.add_product(mean, other_mean);
        sum.add_scaled(&product_of_means, number(self.count));
        sum.total()
    }
}

/// Joint moments of two streams of equal length. Constant size.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct JointMoments {
    y: Moments,
    x: Moments,
    products: Sum,
}

impl JointMoments {
    /// Takes one pair: the explained value and the explaining one.
    pub fn push(&mut self, y: f64, x: f64) {
        self.y.push(y);
        self.x.push(x);
        self.products.add_product(y, x);
    }

    /// Moments of the explained stream.
    pub fn y(&self) -> &Moments {
        &self.y
    }

    /// Moments of the explaining stream.
    pub fn x(&self) -> &Moments {
        &self.x
    }

    /// Mean product of the deviations. Needs two pairs.
    pub fn covariance(&self, deviation: Deviation) -> Figure {
        at_least(2, self.y.count)?;
        finite(self.y.deviations_with(&self.x, &self.products)? / divisor(self.y.count, deviation))
    }

    /// Slope of the least-squares line of y on x: cov(y, x) / var(x). Refused when x does not vary.
    pub fn slope(&self) -> Figure {
        self.x.deviation_to_divide_by(Deviation::Population)?;
        finite(self.covariance(Deviation::Population)? / self.x.variance(Deviation::Population)?)
    }

    /// Pearson's correlation, -1 to 1. Refused when one of the streams does not vary.
    pub fn correlation(&self) -> Figure {
        let y = self.y.deviation_to_divide_by(Deviation::Population)?;
        let x = self.x.deviation_to_divide_by(Deviation::Population)?;
        Ok(finite(self.covariance(Deviation::Population)? / (y * x))?.clamp(-1.0, 1.0))
    }
}

/// The deviation of values around `mean`, unless it only measures their rounding ([`DEVIATION_FLOOR`]).
pub(crate) fn divisible(deviation: f64, mean: f64) -> Figure {
    if deviation > DEVIATION_FLOOR * mean.abs().max(1.0) {
        Ok(deviation)
    } else {
        Err(Because::ZeroDeviation.into())
    }
}

/// What the sum of squared deviations is divided by.
pub(crate) fn divisor(count: u64, deviation: Deviation) -> f64 {
    match deviation {
        Deviation::Sample => number(count) - 1.0,
        Deviation::Population => number(count),
    }
}

/// Refuses fewer than `needed` returns.
pub(crate) fn at_least(needed: u64, count: u64) -> Result<(), crate::Unavailable> {
    if count >= needed { Ok(()) } else { Err(Because::TooFewReturns { needed }.into()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn moments(values: &[f64]) -> Moments {
        let mut moments = Moments::default();
        values.iter().for_each(|value| moments.push(*value));
        moments
    }

    #[test]
    fn variance_survives_a_large_mean() {
        let moments = moments(&[1e9 + 4.0, 1e9 + 7.0, 1e9 + 13.0, 1e9 + 16.0]);
        assert_eq!(moments.mean(), Ok(1e9 + 10.0));
        assert_eq!(moments.variance(Deviation::Sample), Ok(30.0));
        assert_eq!(moments.variance(Deviation::Population), Ok(22.5));
    }

    #[test]
    fn constant_values_have_no_deviation_to_divide_by() {
        let moments = moments(&[0.1, 0.1, 0.1]);
        assert!(moments.deviation(Deviation::Sample).unwrap() < DEVIATION_FLOOR);
        assert_eq!(moments.deviation_to_divide_by(Deviation::Sample), Err(Because::ZeroDeviation.into()));
    }

    #[test]
    fn one_value_has_a_mean_but_no_variance() {
        let moments = moments(&[0.25]);
        assert_eq!(moments.mean(), Ok(0.25));
        assert_eq!(moments.variance(Deviation::Population), Err(Because::TooFewReturns { needed: 2 }.into()));
        assert_eq!(Moments::default().mean(), Err(Because::TooFewReturns { needed: 1 }.into()));
    }

    #[test]
    fn a_line_has_its_slope_and_correlation_one() {
        let mut joint = JointMoments::default();
        for x in [1.0, 2.0, 4.0, 8.0] {
            joint.push(3.0 - 2.0 * x, x);
        }
        assert_eq!(joint.slope(), Ok(-2.0));
        assert_eq!(joint.correlation(), Ok(-1.0));
    }

    #[test]
    fn nothing_finite_comes_from_nan() {
        assert_eq!(moments(&[0.1, f64::NAN]).mean(), Err(Because::NotFinite.into()));
        assert_eq!(moments(&[1e200, -1e200]).variance(Deviation::Sample), Err(Because::NotFinite.into()));
    }
}
