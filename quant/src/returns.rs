//! From values to returns, and from a return to a return per year.

use fearless_simd::{Level, dispatch};

use crate::figure::{Because, Figure, Unavailable, finite, positive};
use crate::panel::last;

/// Calendar days per year in the exponent of annualised returns.
pub const CALENDAR_DAYS_PER_YEAR: f64 = 365.0;

/// `current / previous - 1`, a fraction. Both values must be above zero.
pub fn simple_return(previous: f64, current: f64) -> Figure {
    let previous = positive(previous, Because::EquityNotPositive)?;
    let current = positive(current, Because::EquityNotPositive)?;
    // The difference of neighbours is exact; the quotient minus one would round first.
    finite((current - previous) / previous)
}

/// `ln(current / previous)`. Both values must be above zero.
pub fn log_return(previous: f64, current: f64) -> Figure {
    finite(libm::log1p(simple_return(previous, current)?))
}

/// Simple returns of consecutive values: one fewer than there are values.
pub fn simple_returns(values: &[f64]) -> Result<Vec<f64>, Unavailable> {
    let mut returns = vec![0.0; values.len().saturating_sub(1)];
    simple_returns_into(values, &mut returns)?;
    Ok(returns)
}

/// [`simple_returns`] into a slice that is as long as they are many.
pub(crate) fn simple_returns_into(values: &[f64], returns: &mut [f64]) -> Result<(), Unavailable> {
    // One look at all, without a branch, costs a fraction of one at each; only a fault has to be found.
    if values.len() == returns.len() + 1 && dispatch!(Level::new(), _ => quotients(values, returns)) {
        return Ok(());
    }
    pairwise(values, simple_return).map(|_| ())
}

/// The last `count` of the simple returns of values that all must be above zero; all when there are fewer.
pub(crate) fn recent_returns(values: &[f64], count: usize) -> Result<Vec<f64>, Unavailable> {
    if dispatch!(Level::new(), _ => all_positive(values)) {
        simple_returns(last(values, count + 1))
    } else {
        Ok(last(&simple_returns(values)?, count).to_vec())
    }
}

#[inline(always)]
fn all_positive(values: &[f64]) -> bool {
    values.iter().fold(true, |all, value| all & (*value > 0.0) & (*value < f64::INFINITY))
}

/// The returns, and whether all of them and all values but the first are what they should be.
#[inline(always)]
fn quotients(values: &[f64], returns: &mut [f64]) -> bool {
    let later = values.get(1..).unwrap_or_default();
    let mut sound = values.first().is_none_or(|first| *first > 0.0 && *first < f64::INFINITY);
    for ((previous, current), into) in values.iter().zip(later).zip(returns) {
        let value = (current - previous) / previous;
        sound &= (*current > 0.0) & (*current < f64::INFINITY) & (value.abs() < f64::INFINITY);
        *into = value;
    }
    sound
}

/// Log returns of consecutive values: one fewer than there are values.
pub fn log_returns(values: &[f64]) -> Result<Vec<f64>, Unavailable> {
    pairwise(values, log_return)
}

/// What a return compares.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReturnKind {
    /// P_t / P_{t-1} - 1: adds up over holdings. For regressions, profit and value at risk.
    Simple,
    /// ln(P_t / P_{t-1}): adds up over time. For correlations.
    Log,
}

impl ReturnKind {
    /// The return from one value to the next. Both must be above zero.
    pub fn between(self, previous: f64, current: f64) -> Figure {
        match self {
            Self::Simple => simple_return(previous, current),
            Self::Log => log_return(previous, current),
        }
    }
}

/// `pnl / equity before`, a fraction: the day's return when payments count at its end. The equity must be above zero.
pub fn return_on_equity(pnl: f64, equity_before: f64) -> Figure {
    finite(finite(pnl)? / positive(equity_before, Because::EquityNotPositive)?)
}

/// Σ weight · return of every day, over series of simple returns of the same days: the returns of a book with these
/// exposures over equity held through all of them, shorts negative. Added in the order of the series.
pub fn weighted_returns(series: &[&[f64]], weights: &[f64]) -> Result<Vec<f64>, Unavailable> {
    let days = series.first().ok_or(Because::NoPoints)?.len();
    if series.len() != weights.len() || series.iter().any(|returns| returns.len() != days) {
        return Err(Because::LengthsDiffer.into());
    }
    let mut sums = vec![0.0; days];
    add_weighted(series, weights, &mut sums);
    if sums.iter().all(|sum| sum.is_finite()) { Ok(sums) } else { Err(Because::NotFinite.into()) }
}

/// Replaces `sums` by Σ weight · value of every place, added in the order of the series, which are at least as long.
pub(crate) fn add_weighted(series: &[&[f64]], weights: &[f64], sums: &mut [f64]) {
    dispatch!(Level::new(), _ => weighted(series, weights, sums));
}

/// So many places are summed up in registers while the series pass by.
const PLACES: usize = 32;

#[inline(always)]
fn weighted(series: &[&[f64]], weights: &[f64], sums: &mut [f64]) {
    let (blocks, rest) = sums.as_chunks_mut::<PLACES>();
    for (at, block) in blocks.iter_mut().enumerate() {
        let mut places = [0.0; PLACES];
        for (values, weight) in series.iter().zip(weights) {
            let values = values.get(at * PLACES..).and_then(<[f64]>::first_chunk::<PLACES>);
            for (place, value) in places.iter_mut().zip(values.unwrap_or(&[f64::NAN; PLACES])) {
                *place += weight * value;
            }
        }
        *block = places;
    }
    rest.fill(0.0);
    let start = blocks.len() * PLACES;
    for (values, weight) in series.iter().zip(weights) {
        for (sum, value) in rest.iter_mut().zip(values.get(start..).unwrap_or_default()) {
            *sum += weight * value;
        }
    }
}

/// Compounded simple returns of every `periods` consecutive ones, in order: n - periods + 1 of them. They overlap, so
/// that neighbours are not independent.
pub fn overlapping_returns(returns: &[f64], periods: usize) -> Result<Vec<f64>, Unavailable> {
    if periods == 0 {
        return Err(Because::InvalidConvention.into());
    }
    let mut wealth = Vec::with_capacity(returns.len() + 1);
    wealth.push(1.0);
    let mut last = 1.0;
    for value in returns {
        last *= 1.0 + value;
        wealth.push(last);
    }
    wealth
        .iter()
        .zip(wealth.iter().skip(periods))
        .map(|(before, after)| simple_return(*before, *after))
        .collect()
}

/// `(1 + total)^exponent - 1`: a total return as the return of a year, both fractions.
pub fn compounded(total_return: f64, exponent: f64) -> Figure {
    finite(libm::expm1(libm::log1p(total_return) * exponent))
}

/// `(1 + total)^(365 / days) - 1`. Fewer than `minimum` calendar days, or none, are refused.
pub fn annualised_by_days(total_return: f64, calendar_days: i64, minimum: i64) -> Figure {
    let needed = minimum.max(1);
    if calendar_days < needed {
        return Err(Because::TooFewCalendarDays { needed }.into());
    }
    compounded(total_return, CALENDAR_DAYS_PER_YEAR / calendar_days as f64)
}

fn pairwise(values: &[f64], each: fn(f64, f64) -> Figure) -> Result<Vec<f64>, Unavailable> {
    values.iter().zip(values.iter().skip(1)).map(|(previous, current)| each(*previous, *current)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn returns_are_one_fewer_than_values() {
        assert_eq!(simple_returns(&[100.0, 150.0, 75.0]), Ok(vec![0.5, -0.5]));
        assert_eq!(simple_returns(&[100.0]), Ok(vec![]));
        assert_eq!(simple_returns(&[]), Ok(vec![]));
    }

    #[test]
    fn a_log_return_is_the_logarithm_of_the_ratio() {
        assert!((log_return(100.0, 105.0).unwrap() - libm::log(1.05)).abs() < 1e-16);
    }

    #[test]
    fn values_must_be_above_zero() {
        assert_eq!(simple_returns(&[1.0, 0.0]), Err(Because::EquityNotPositive.into()));
        assert_eq!(simple_returns(&[-1.0, 1.0]), Err(Because::EquityNotPositive.into()));
        assert_eq!(simple_returns(&[1.0, f64::NAN]), Err(Because::NotFinite.into()));
        assert_eq!(simple_return(f64::MIN_POSITIVE, f64::MAX), Err(Because::NotFinite.into()));
    }

    #[test]
    fn returns_of_the_specification() {
        let closes = [100.0, 102.0, 99.0, 101.5];
        for (kind, expected) in [
            (ReturnKind::Simple, [0.02, -0.029_411_764_7, 0.025_252_525_3]),
            (ReturnKind::Log, [0.019_802_627_3, -0.029_852_963_1, 0.024_938_948_3]),
        ] {
            for (pair, expected) in closes.windows(2).zip(expected) {
                assert!((kind.between(pair[0], pair[1]).unwrap() - expected).abs() < 6e-11);
            }
        }
    }

    #[test]
    fn a_book_weighs_its_returns() {
        let book = weighted_returns(&[&[0.01, 0.02], &[0.03, -0.01]], &[1.5, -0.5]).unwrap();
        assert!((book[0] - 0.0).abs() < 1e-17 && (book[1] - 0.035).abs() < 1e-17);
        assert_eq!(weighted_returns(&[&[0.1], &[0.1, 0.2]], &[1.0, 1.0]), Err(Because::LengthsDiffer.into()));
        assert_eq!(weighted_returns(&[&[0.1]], &[]), Err(Because::LengthsDiffer.into()));
        assert_eq!(weighted_returns(&[&[1e308]], &[10.0]), Err(Because::NotFinite.into()));
        assert_eq!(weighted_returns(&[], &[]), Err(Because::NoPoints.into()));
    }

    #[test]
    fn overlapping_returns_compound() {
        let two_days = overlapping_returns(&[0.1, 0.1, -0.5], 2).unwrap();
        assert!((two_days[0] - 0.21).abs() < 1e-15 && (two_days[1] + 0.45).abs() < 1e-15);
        assert_eq!(overlapping_returns(&[0.1], 2), Ok(vec![]));
        assert_eq!(overlapping_returns(&[0.1], 0), Err(Because::InvalidConvention.into()));
        assert_eq!(overlapping_returns(&[-1.0, 0.1], 1), Err(Because::EquityNotPositive.into()));
    }

    #[test]
    fn a_day_earns_on_what_it_started_with() {
        assert_eq!(return_on_equity(-50.0, 1000.0), Ok(-0.05));
        assert_eq!(return_on_equity(1.0, 0.0), Err(Because::EquityNotPositive.into()));
        assert_eq!(return_on_equity(f64::NAN, 1.0), Err(Because::NotFinite.into()));
    }

    #[test]
    fn days_below_the_minimum_are_not_annualised() {
        assert_eq!(annualised_by_days(0.1, 29, 30), Err(Because::TooFewCalendarDays { needed: 30 }.into()));
        assert_eq!(annualised_by_days(0.1, 0, 0), Err(Because::TooFewCalendarDays { needed: 1 }.into()));
        assert!((annualised_by_days(0.1, 365, 30).unwrap() - 0.1).abs() < 1e-15);
    }
}
