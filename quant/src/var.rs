//! Historical value at risk and expected shortfall. These need the whole series: a percentile has no
//! accumulator of constant size that is also exact.

use crate::figure::{Because, Figure, finite, number};
use crate::moments::at_least;
use crate::sum::Sum;

/// Fewest returns for a 5th percentile: one of them lies at or below it.
pub const VAR_95_RETURNS_MIN: u64 = 20;
/// Fewest returns for a 1st percentile.
pub const VAR_99_RETURNS_MIN: u64 = 100;

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
    mean_up_to(returns, historical_var_95(returns)?)
}

/// Mean of the returns at or below [`historical_var_99`], a fraction per period.
pub fn expected_shortfall_99(returns: &[f64]) -> Figure {
    mean_up_to(returns, historical_var_99(returns)?)
}

/// The `probability` quantile (0 to 1) by linear interpolation at position (n - 1) p of the sorted returns
/// (Hyndman and Fan 1996, type 7). Refused for fewer than `needed` returns, or none.
pub fn percentile(returns: &[f64], probability: f64, needed: u64) -> Figure {
    at_least(needed.max(1), returns.len() as u64)?;
    if !(0.0..=1.0).contains(&probability) {
        return Err(Because::InvalidConvention.into());
    }
    if returns.iter().any(|value| !value.is_finite()) {
        return Err(Because::NotFinite.into());
    }
    let mut sorted = returns.to_vec();
    sorted.sort_unstable_by(f64::total_cmp);
    let position = number(sorted.len() as u64 - 1) * probability;
    let below = position.floor();
    let at = |index: f64| sorted.get(index as usize).copied().ok_or(Because::NotFinite);
    let (low, high) = (at(below)?, at(position.ceil())?);
    finite(low + (high - low) * (position - below))
}

fn mean_up_to(returns: &[f64], threshold: f64) -> Figure {
    let mut sum = Sum::default();
    let mut count = 0;
    for value in returns.iter().filter(|value| **value <= threshold) {
        sum.add(*value);
        count += 1;
    }
    at_least(1, count)?;
    finite(sum.total()? / number(count))
}

#[cfg(test)]
mod tests {
    use super::*;

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
    }

    #[test]
    fn what_is_no_number_or_no_probability_is_refused() {
        assert_eq!(percentile(&[0.0, f64::NAN], 0.5, 1), Err(Because::NotFinite.into()));
        assert_eq!(percentile(&[0.0, 1.0], f64::NAN, 1), Err(Because::InvalidConvention.into()));
        assert_eq!(percentile(&[-f64::MAX, f64::MAX], 0.5, 1), Err(Because::NotFinite.into()));
    }

    #[test]
    fn shortfall_is_the_mean_beyond_the_percentile() {
        let returns: Vec<f64> = (0..21).map(|i| f64::from(i) - 10.0).collect();
        assert_eq!(historical_var_95(&returns), Ok(-9.0));
        assert_eq!(expected_shortfall_95(&returns), Ok(-9.5));
    }
}
