//! Value at risk and expected shortfall, from history and from a normal distribution.
//!
//! Two conventions stand side by side. *Quantiles* interpolate between sorted returns, as numpy and pandas do, and
//! are negative for a loss. *Tails* take the k-th largest loss itself, as a risk report does, and are positive for
//! a loss. Both need the whole series: a percentile has no accumulator of constant size that is also exact.

use crate::figure::{Because, Figure, Unavailable, finite, number};
use crate::lanes::sum_of;
use crate::moments::at_least;
use crate::normal;
use crate::sample::Sample;

/// Fewest returns for a 5th percentile: one of them lies at or below it.
pub const VAR_95_RETURNS_MIN: u64 = 20;
/// Fewest returns for a 1st percentile.
pub const VAR_99_RETURNS_MIN: u64 = 100;
/// Fewest returns for a published tail at 95 %: five of them lie in it.
pub const TAIL_95_RETURNS_MIN: u64 = 100;
/// Fewest returns for a published tail at 99 %.
pub const TAIL_99_RETURNS_MIN: u64 = 250;

/// How much n (1 - c) may exceed a whole number and still count as it: 100 (1 - 0.95) is 5.000000000000004.
const COUNT_GUARD: f64 = 1e-9;

/// Losses in the worst outcomes of a period, as positive fractions of equity; negative when even those gain.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Tail {
    /// The loss that is not exceeded with the confidence asked for.
    pub value_at_risk: f64,
    /// The mean loss of the outcomes at least as bad.
    pub expected_shortfall: f64,
}

impl Tail {
    /// The tail of a longer period by the square root of time: both losses times √periods. It holds for
    /// independent returns with mean zero; a figure made with it must be labelled so.
    pub fn scaled(self, periods: u32) -> Self {
        let root = f64::from(periods).sqrt();
        Self { value_at_risk: self.value_at_risk * root, expected_shortfall: self.expected_shortfall * root }
    }
}

/// A series of returns in rising order: sorted once for every quantile and tail that is asked of it.
#[derive(Debug, Clone, PartialEq)]
pub struct OrderedReturns {
    sorted: Vec<f64>,
}

impl OrderedReturns {
    /// Refused when there are no returns or one of them is not finite.
    pub fn of(returns: &[f64]) -> Result<Self, Unavailable> {
        at_least(1, returns.len() as u64)?;
        if returns.iter().any(|value| !value.is_finite()) {
            return Err(Because::NotFinite.into());
        }
        let mut sorted = returns.to_vec();
        sorted.sort_unstable_by(f64::total_cmp);
        Ok(Self { sorted })
    }

    /// How many returns there are: at least one.
    pub fn count(&self) -> u64 {
        self.sorted.len() as u64
    }

    /// The `probability` quantile (0 to 1) by linear interpolation at position (n - 1) p (Hyndman and Fan 1996,
    /// type 7), a fraction per period: negative for a loss.
    pub fn quantile(&self, probability: f64) -> Figure {
        if !(0.0..=1.0).contains(&probability) {
            return Err(Because::InvalidConvention.into());
        }
        let position = number(self.count() - 1) * probability;
        let below = position.floor();
        let at = |index: f64| self.sorted.get(index as usize).copied().ok_or(Because::NotFinite);
        let (low, high) = (at(below)?, at(position.ceil())?);
        finite(low + (high - low) * (position - below))
    }

    /// Mean of the returns at or below the `probability` quantile, a fraction per period: negative for a loss.
    pub fn shortfall(&self, probability: f64) -> Figure {
        let threshold = self.quantile(probability)?;
        self.mean_of_lowest(self.sorted.partition_point(|value| *value <= threshold))
    }

    /// The tail of the k = ⌈n (1 - c)⌉ largest losses: the smallest of them and their mean. The confidence c is
    /// between 0 and 1. Refused below `needed` returns.
    pub fn tail(&self, confidence: f64, needed: u64) -> Result<Tail, Unavailable> {
        at_least(needed, self.count())?;
        let count = self.tail_count(confidence)?;
        let nearest = self.sorted.get(count - 1).copied().ok_or(Because::NotFinite)?;
        Ok(Tail { value_at_risk: 0.0 - nearest, expected_shortfall: 0.0 - self.mean_of_lowest(count)? })
    }

    /// k of [`Self::tail`], at least one.
    pub fn tail_count(&self, confidence: f64) -> Result<usize, Unavailable> {
        tail_count(self.sorted.len(), confidence)
    }

    /// |95th percentile| / |5th percentile|, a pure number: above one when gains reach farther than losses.
    pub fn tail_ratio(&self) -> Figure {
        let (losses, gains) = (self.quantile(0.05)?.abs(), self.quantile(0.95)?.abs());
        if losses > 0.0 { finite(gains / losses) } else { Err(Because::NoLosingPeriods.into()) }
    }

    fn mean_of_lowest(&self, count: usize) -> Figure {
        let lowest = self.sorted.get(..count).unwrap_or_default();
        at_least(1, lowest.len() as u64)?;
        finite(sum_of(lowest, |value| value) / number(count as u64))
    }
}

/// [`OrderedReturns::tail`] of returns of which nothing else is asked: no others than those in the tail are sorted. The
/// buffer saves the allocation of the next call; what it holds does not matter.
pub fn historical_tail(
    returns: &[f64],
    confidence: f64,
    needed: u64,
    buffer: &mut Vec<f64>,
) -> Result<Tail, Unavailable> {
    at_least(needed.max(1), returns.len() as u64)?;
    if !returns.iter().fold(true, |all, value| all & value.is_finite()) {
        return Err(Because::NotFinite.into());
    }
    let count = tail_count(returns.len(), confidence)?;
    buffer.clear();
    buffer.extend_from_slice(returns);
    if count < buffer.len() {
        buffer.select_nth_unstable_by(count, f64::total_cmp);
        buffer.truncate(count);
    }
    buffer.sort_unstable_by(f64::total_cmp);
    let nearest = buffer.last().ok_or(Because::NotFinite)?;
    let mean = finite(sum_of(buffer, |value| value) / number(count as u64))?;
    Ok(Tail { value_at_risk: 0.0 - nearest, expected_shortfall: 0.0 - mean })
}

fn tail_count(returns: usize, confidence: f64) -> Result<usize, Unavailable> {
    if !(confidence > 0.0 && confidence < 1.0) {
        return Err(Because::InvalidConvention.into());
    }
    let count = (number(returns as u64) * (1.0 - confidence) - COUNT_GUARD).ceil().max(1.0);
    Ok((count as usize).min(returns))
}

/// The tail of a normal distribution with the sample's mean μ and deviation σ (n - 1): VaR = zσ - μ and
/// ES = σ φ(z) / (1 - c) - μ with z the normal quantile of c. Needs two returns; a constant series has the tail
/// of its one value.
pub fn parametric_tail(returns: &Sample<'_>, confidence: f64) -> Result<Tail, Unavailable> {
    normal_tail(returns.mean(), returns.deviation(crate::Deviation::Sample)?, confidence)
}

/// The tail of a normal distribution with this mean and deviation, both fractions per period.
pub fn normal_tail(mean: f64, deviation: f64, confidence: f64) -> Result<Tail, Unavailable> {
    if !(confidence > 0.0 && confidence < 1.0) || deviation < 0.0 {
        return Err(Because::InvalidConvention.into());
    }
    let z = normal::quantile(confidence);
    Ok(Tail {
        value_at_risk: finite(z * deviation - mean)?,
        expected_shortfall: finite(deviation * normal::density(z) / (1.0 - confidence) - mean)?,
    })
}

/// The 5th percentile of the returns, a fraction per period: negative for a loss. Needs 20 returns.
pub fn historical_var_95(returns: &[f64]) -> Figure {
    percentile(returns, 0.05, VAR_95_RETURNS_MIN)
}

/// The 1st percentile of the returns, a fraction per period: negative for a loss. Needs 100 returns.
pub fn historical_var_99(returns: &[f64]) -> Figure {
    percentile(returns, 0.01, VAR_99_RETURNS_MIN)
}

/// Mean of the returns at or below [`historical_var_95`], a fraction per period.
pub fn expected_shortfall_95(returns: &[f64]) -> Figure {
    at_least(VAR_95_RETURNS_MIN, returns.len() as u64)?;
    OrderedReturns::of(returns)?.shortfall(0.05)
}

/// Mean of the returns at or below [`historical_var_99`], a fraction per period.
pub fn expected_shortfall_99(returns: &[f64]) -> Figure {
    at_least(VAR_99_RETURNS_MIN, returns.len() as u64)?;
    OrderedReturns::of(returns)?.shortfall(0.01)
}

/// [`OrderedReturns::quantile`] of returns that nothing else is asked of. Refused for fewer than `needed` returns,
/// or none.
pub fn percentile(returns: &[f64], probability: f64, needed: u64) -> Figure {
    at_least(needed.max(1), returns.len() as u64)?;
    OrderedReturns::of(returns)?.quantile(probability)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The twenty returns of the worked example.
    const RETURNS: [f64; 20] = [
        -0.021, 0.004, 0.012, -0.008, 0.003, -0.015, 0.009, -0.002, 0.007, -0.030, 0.011, 0.005, -0.006,
        0.001, -0.012, 0.014, 0.002, -0.004, 0.008, -0.018,
    ];

    #[test]
    fn the_largest_losses_of_the_example() {
        let ordered = OrderedReturns::of(&RETURNS).unwrap();
        let tail = ordered.tail(0.90, 0).unwrap();
        assert_eq!(tail.value_at_risk, 0.021);
        assert!((tail.expected_shortfall - 0.0255).abs() < 1e-17);
        assert_eq!(ordered.tail(0.95, 0).unwrap().value_at_risk, 0.030);
        assert_eq!((ordered.tail_count(0.90), ordered.tail_count(0.95)), (Ok(2), Ok(1)));
    }

    #[test]
    fn the_normal_tail_of_the_example() {
        let sample = Sample::of(&RETURNS).unwrap();
        let tail = parametric_tail(&sample, 0.95).unwrap();
        assert!((tail.value_at_risk - 0.021_910_633_2).abs() < 5e-11);
        assert!((tail.expected_shortfall - 0.026_968_737_3).abs() < 5e-11);
        let month = tail.scaled(4);
        assert_eq!(month.value_at_risk, 2.0 * tail.value_at_risk);
        assert_eq!(month.expected_shortfall, 2.0 * tail.expected_shortfall);
    }

    #[test]
    fn float_error_adds_no_loss_to_the_tail() {
        for (count, confidence, expected) in
            [(100, 0.95, 5), (100, 0.99, 1), (300, 0.99, 3), (101, 0.95, 6), (1000, 0.975, 25)]
        {
            let ordered = OrderedReturns::of(&vec![0.01; count]).unwrap();
            assert_eq!(ordered.tail_count(confidence), Ok(expected), "{count} at {confidence}");
        }
    }

    #[test]
    fn a_percentile_lies_between_its_neighbours() {
        assert_eq!(percentile(&[3.0, 1.0, 2.0], 0.5, 1), Ok(2.0));
        assert_eq!(percentile(&[0.0, 1.0], 0.25, 1), Ok(0.25));
        assert_eq!(percentile(&[0.0, 1.0], 1.0, 1), Ok(1.0));
    }

    #[test]
    fn few_returns_have_no_tail() {
        assert_eq!(historical_var_95(&[0.0; 19]), Err(Because::TooFewReturns { needed: 20 }.into()));
        assert_eq!(historical_var_99(&[0.0; 99]), Err(Because::TooFewReturns { needed: 100 }.into()));
        assert_eq!(percentile(&[], 0.5, 0), Err(Because::TooFewReturns { needed: 1 }.into()));
        let ordered = OrderedReturns::of(&RETURNS).unwrap();
        let refused = Because::TooFewReturns { needed: TAIL_95_RETURNS_MIN };
        assert_eq!(ordered.tail(0.95, TAIL_95_RETURNS_MIN), Err(refused.into()));
    }

    #[test]
    fn what_is_no_number_or_no_probability_is_refused() {
        assert_eq!(percentile(&[0.0, f64::NAN], 0.5, 1), Err(Because::NotFinite.into()));
        assert_eq!(percentile(&[0.0, 1.0], f64::NAN, 1), Err(Because::InvalidConvention.into()));
        assert_eq!(percentile(&[-f64::MAX, f64::MAX], 0.5, 1), Err(Because::NotFinite.into()));
        let ordered = OrderedReturns::of(&[-f64::MAX, -f64::MAX]).unwrap();
        assert_eq!(ordered.tail(0.01, 0), Err(Because::NotFinite.into()));
        for confidence in [0.0, 1.0, -1.0, f64::NAN] {
            assert_eq!(ordered.tail(confidence, 0), Err(Because::InvalidConvention.into()));
            assert_eq!(normal_tail(0.0, 1.0, confidence), Err(Because::InvalidConvention.into()));
        }
        assert_eq!(normal_tail(f64::NAN, 1.0, 0.95), Err(Because::NotFinite.into()));
        assert_eq!(normal_tail(0.0, f64::NAN, 0.95), Err(Because::NotFinite.into()));
        assert_eq!(normal_tail(0.0, -1.0, 0.95), Err(Because::InvalidConvention.into()));
    }

    #[test]
    fn a_tail_is_the_same_whether_the_rest_is_sorted_or_not() {
        let mut generator = crate::monte_carlo::Generator::seeded(3);
        let mut buffer = Vec::new();
        for count in [0, 1, 5, 100, 252] {
            let mut returns: Vec<f64> = (0..count).map(|_| 0.01 * generator.normal()).collect();
            // Equal ones on the border.
            returns.iter_mut().skip(50).step_by(3).for_each(|value| *value = -0.01);
            for confidence in [0.01, 0.9, 0.95, 0.99, 1.0] {
                let sorted = OrderedReturns::of(&returns).and_then(|ordered| ordered.tail(confidence, 5));
                let alone = historical_tail(&returns, confidence, 5, &mut buffer);
                assert_eq!(alone.ok(), sorted.ok(), "{count} at {confidence}");
            }
        }
        let refused = historical_tail(&[0.1, f64::NAN], 0.5, 0, &mut buffer);
        assert_eq!(refused, Err(Because::NotFinite.into()));
    }

    #[test]
    fn a_constant_series_has_the_tail_of_its_value() {
        let ordered = OrderedReturns::of(&[0.25; 20]).unwrap();
        let gain = Tail { value_at_risk: -0.25, expected_shortfall: -0.25 };
        assert_eq!(ordered.tail(0.95, 0), Ok(gain));
        assert_eq!(parametric_tail(&Sample::of(&[0.25; 20]).unwrap(), 0.95), Ok(gain));
        assert_eq!(
            OrderedReturns::of(&[0.0; 20]).unwrap().tail_ratio(),
            Err(Because::NoLosingPeriods.into())
        );
    }

    #[test]
    fn shortfall_is_the_mean_beyond_the_percentile() {
        let returns: Vec<f64> = (0..21).map(|i| f64::from(i) - 10.0).collect();
        assert_eq!(historical_var_95(&returns), Ok(-9.0));
        assert_eq!(expected_shortfall_95(&returns), Ok(-9.5));
    }
}
