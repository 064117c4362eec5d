//! Mean, spread and shape of a slice: the figures of [`crate::moments::Moments`] where the whole series is at
//! hand, several times as fast, and its higher moments, which need a second pass.

use crate::convention::Deviation;
use crate::figure::{Because, Figure, Unavailable, finite, number};
use crate::lanes::sum_of;
use crate::moments::{at_least, divisible, divisor};

/// Whether moments describe the values at hand or estimate those of the population they come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Estimator {
    /// Moments of the values themselves: g1 and g2.
    Population,
    /// Corrected for the size of the sample: G1 and G2 (Joanes and Gill 1998).
    Unbiased,
}

/// A series of finite values with its mean and squared deviations. Sums follow [`crate::lanes`].
#[derive(Debug, Clone, Copy)]
pub struct Sample<'a> {
    values: &'a [f64],
    mean: f64,
    squares: f64,
}

impl<'a> Sample<'a> {
    /// Reads the series twice. Refused when it is empty or a value, or the sum of their squares, is not finite.
    pub fn of(values: &'a [f64]) -> Result<Self, Unavailable> {
        at_least(1, values.len() as u64)?;
        let count = number(values.len() as u64);
        let mean = finite(sum_of(values, |x| x) / count)?;
        // The mean is rounded, so the deviations do not quite add up to zero: their sum corrects the squares
        // (Chan, Golub and LeVeque 1983).
        let residue = sum_of(values, |x| x - mean);
        let squares = finite(sum_of(values, |x| (x - mean) * (x - mean)) - residue * residue / count)?;
        Ok(Self { values, mean, squares: squares.max(0.0) })
    }

    /// The values, in their order.
    pub fn values(&self) -> &'a [f64] {
        self.values
    }

    /// How many values there are: at least one.
    pub fn count(&self) -> u64 {
        self.values.len() as u64
    }

    /// Arithmetic mean, in the unit of the values.
    pub fn mean(&self) -> f64 {
        self.mean
    }

    /// Σ(x - mean)², in squared units.
    pub fn squared_deviations(&self) -> f64 {
        self.squares
    }

    /// Mean squared deviation from the mean, in squared units. Needs two values.
    pub fn variance(&self, deviation: Deviation) -> Figure {
        at_least(2, self.count())?;
        finite(self.squares / divisor(self.count(), deviation))
    }

    /// Standard deviation, in the unit of the values, not annualised. Needs two values.
    pub fn deviation(&self, deviation: Deviation) -> Figure {
        Ok(self.variance(deviation)?.sqrt())
    }

    /// The deviation as a divisor: refused when it is zero up to rounding.
    pub fn deviation_to_divide_by(&self, deviation: Deviation) -> Figure {
        divisible(self.deviation(deviation)?, self.mean)
    }

    /// Skewness, a pure number: m3 / m2^1.5, times √(n(n-1)) / (n-2) when unbiased. Needs three values that vary.
    pub fn skewness(&self, estimator: Estimator) -> Figure {
        at_least(3, self.count())?;
        let deviation = self.deviation_to_divide_by(Deviation::Population)?;
        let count = number(self.count());
        let skewness = self.standardised(deviation, |z| z * z * z) / count;
        finite(match estimator {
            Estimator::Population => skewness,
            Estimator::Unbiased => skewness * (count * (count - 1.0)).sqrt() / (count - 2.0),
        })
    }

    /// Kurtosis less the three of a normal distribution, a pure number: m4 / m2² - 3, and when unbiased
    /// (n-1) / ((n-2)(n-3)) · ((n+1) g2 + 6). Needs four values that vary.
    pub fn excess_kurtosis(&self, estimator: Estimator) -> Figure {
        at_least(4, self.count())?;
        let deviation = self.deviation_to_divide_by(Deviation::Population)?;
        let count = number(self.count());
        let excess = self.standardised(deviation, |z| (z * z) * (z * z)) / count - 3.0;
        finite(match estimator {
            Estimator::Population => excess,
            Estimator::Unbiased => {
                (count - 1.0) / ((count - 2.0) * (count - 3.0)) * ((count + 1.0) * excess + 6.0)
            }
        })
    }

    /// The lowest value: the worst day of a series of daily returns.
    pub fn lowest(&self) -> f64 {
        self.values.iter().copied().fold(f64::INFINITY, f64::min)
    }

    /// The highest value: the best day of a series of daily returns.
    pub fn highest(&self) -> f64 {
        self.values.iter().copied().fold(f64::NEG_INFINITY, f64::max)
    }

    /// How many values are above zero.
    pub fn positive_count(&self) -> u64 {
        self.values.iter().map(|value| u64::from(*value > 0.0)).sum()
    }

    /// Σ term((x - mean) / deviation).
    fn standardised(&self, deviation: f64, term: impl Fn(f64) -> f64) -> f64 {
        let (mean, inverse) = (self.mean, 1.0 / deviation);
        sum_of(self.values, |x| term((x - mean) * inverse))
    }
}

/// Two series of equal length with their moments and joint deviations.
#[derive(Debug, Clone, Copy)]
pub struct PairedSample<'a> {
    y: Sample<'a>,
    x: Sample<'a>,
    products: f64,
}

impl<'a> PairedSample<'a> {
    /// The explained series and the explaining one. Refused as [`Sample::of`] refuses, or when their lengths
    /// differ.
    pub fn of(y: &'a [f64], x: &'a [f64]) -> Result<Self, Unavailable> {
        if y.len() != x.len() {
            return Err(Because::LengthsDiffer.into());
        }
        let (y, x) = (Sample::of(y)?, Sample::of(x)?);
        let (y_mean, x_mean) = (y.mean, x.mean);
        let products =
            finite(crate::lanes::sum_of_pairs(y.values, x.values, |y, x| (y - y_mean) * (x - x_mean)))?;
        Ok(Self { y, x, products })
    }

    /// Moments of the explained series.
    pub fn y(&self) -> &Sample<'a> {
        &self.y
    }

    /// Moments of the explaining series.
    pub fn x(&self) -> &Sample<'a> {
        &self.x
    }

    /// Mean product of the deviations. Needs two pairs.
    pub fn covariance(&self, deviation: Deviation) -> Figure {
        at_least(2, self.y.count())?;
        finite(self.products / divisor(self.y.count(), deviation))
    }

    /// Slope of the least-squares line of y on x: cov(y, x) / var(x). Refused when x does not vary.
    pub fn slope(&self) -> Figure {
        self.x.deviation_to_divide_by(Deviation::Population)?;
        finite(self.products / self.x.squares)
    }

    /// Pearson's correlation, -1 to 1. Refused when one of the series does not vary.
    pub fn correlation(&self) -> Figure {
        self.y.deviation_to_divide_by(Deviation::Population)?;
        self.x.deviation_to_divide_by(Deviation::Population)?;
        Ok(finite(self.products / (self.y.squares.sqrt() * self.x.squares.sqrt()))?.clamp(-1.0, 1.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::moments::Moments;

    #[test]
    fn it_agrees_with_the_compensated_stream() {
        let values: Vec<f64> = (0..1000).map(|i| 0.01 * libm::sin(f64::from(i))).collect();
        let mut stream = Moments::default();
        values.iter().for_each(|value| stream.push(*value));
        let sample = Sample::of(&values).unwrap();
        let deviation = stream.deviation(Deviation::Sample).unwrap();
        assert!((sample.mean() - stream.mean().unwrap()).abs() < 1e-18);
        assert!((sample.deviation(Deviation::Sample).unwrap() / deviation - 1.0).abs() < 1e-15);
    }

    #[test]
    fn variance_survives_a_large_mean() {
        let values = [1e9 + 4.0, 1e9 + 7.0, 1e9 + 13.0, 1e9 + 16.0];
        assert_eq!(Sample::of(&values).unwrap().variance(Deviation::Sample), Ok(30.0));
    }

    #[test]
    fn shape_of_a_small_sample() {
        // 1, 2, 3, 10: m2 = 12.5, m3 = 45, m4 = 348.5.
        let sample = Sample::of(&[1.0, 2.0, 3.0, 10.0]).unwrap();
        let skewness = 45.0 / (12.5 * 12.5f64.sqrt());
        assert!((sample.skewness(Estimator::Population).unwrap() - skewness).abs() < 1e-15);
        let unbiased = skewness * 12f64.sqrt() / 2.0;
        assert!((sample.skewness(Estimator::Unbiased).unwrap() - unbiased).abs() < 1e-15);
        let excess = 348.5 / 156.25 - 3.0;
        assert!((sample.excess_kurtosis(Estimator::Population).unwrap() - excess).abs() < 1e-15);
        let unbiased = 1.5 * (5.0 * excess + 6.0);
        assert!((sample.excess_kurtosis(Estimator::Unbiased).unwrap() - unbiased).abs() < 1e-14);
    }

    #[test]
    fn too_little_or_too_flat_says_so() {
        assert_eq!(Sample::of(&[]).err(), Some(Because::TooFewReturns { needed: 1 }.into()));
        let one = Sample::of(&[0.1]).unwrap();
        assert_eq!(one.deviation(Deviation::Sample), Err(Because::TooFewReturns { needed: 2 }.into()));
        let flat = Sample::of(&[0.1; 5]).unwrap();
        assert_eq!(flat.skewness(Estimator::Unbiased), Err(Because::ZeroDeviation.into()));
        assert_eq!(flat.excess_kurtosis(Estimator::Unbiased), Err(Because::ZeroDeviation.into()));
    }

    #[test]
    fn a_line_has_its_slope_and_correlation_one() {
        let x = [1.0, 2.0, 4.0, 8.0];
        let y = x.map(|x| 3.0 - 2.0 * x);
        let pair = PairedSample::of(&y, &x).unwrap();
        assert_eq!((pair.slope(), pair.correlation()), (Ok(-2.0), Ok(-1.0)));
        assert_eq!(PairedSample::of(&y, &x[1..]).err(), Some(Because::LengthsDiffer.into()));
    }

    #[test]
    fn nothing_finite_comes_from_nan_or_overflow() {
        for values in [[0.1, f64::NAN], [0.1, f64::INFINITY], [1e200, -1e200], [f64::MAX, f64::MAX]] {
            assert_eq!(Sample::of(&values).err(), Some(Because::NotFinite.into()), "{values:?}");
        }
    }
}
