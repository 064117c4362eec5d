//! Returns of periods: the last day, week, month, year; calendar months and years; a return a year.

use crate::convention::PERIODS_DAILY;
use crate::figure::{Because, Figure, Unavailable};
use crate::moments::at_least;
use crate::returns::compounded;
use crate::wealth::linked;

/// Calendar days per year, leap years included, in the exponent of [`cagr_by_calendar`].
pub const CALENDAR_DAYS_PER_MEAN_YEAR: f64 = 365.25;
/// Fewer returns than this, or fewer calendar days than 365, are not extrapolated to a year.
pub const YEAR_RETURNS_MIN: u64 = 252;
/// Calendar days of the shortest year.
pub const YEAR_DAYS_MIN: i64 = 365;

/// A stretch of a series that ends with its last return.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Period {
    /// One session.
    Day,
    /// 5 sessions.
    Week,
    /// 21 sessions.
    Month,
    /// 63 sessions.
    Quarter,
    /// From the last session of the prior year: `first` is the index of the year's first return.
    YearToDate {
        /// Index of the first return of the year, 0 for the first of the series.
        first: usize,
    },
    /// 252 sessions.
    Year,
    /// Every return there is.
    Inception,
}

impl Period {
    /// Linked return of the period over daily simple returns, a fraction, not annualised. Refused when the
    /// history is shorter.
    pub fn linked(self, returns: &[f64]) -> Figure {
        let sessions = match self {
            Self::Day => 1,
            Self::Week => 5,
            Self::Month => 21,
            Self::Quarter => 63,
            Self::Year => 252,
            Self::YearToDate { first } => return linked(returns.get(first..).unwrap_or_default()),
            Self::Inception => returns.len().max(1),
        };
        linked(last(returns, sessions)?)
    }
}

/// The last `count` values. Refused when there are fewer.
pub fn last(values: &[f64], count: usize) -> Result<&[f64], Unavailable> {
    at_least(count as u64, values.len() as u64)?;
    Ok(values.get(values.len() - count..).unwrap_or_default())
}

/// Linked return of every run of equal keys, in order: with a key per return such as the month of its day, the
/// monthly returns. Refused when keys and returns differ in number.
pub fn linked_by<K: Copy + PartialEq>(returns: &[f64], keys: &[K]) -> Result<Vec<(K, Figure)>, Unavailable> {
    if returns.len() != keys.len() {
        return Err(Because::LengthsDiffer.into());
    }
    let mut rest = returns;
    let runs = keys.chunk_by(|left, right| left == right);
    Ok(runs
        .filter_map(|run| {
            let (these, after) = rest.split_at_checked(run.len())?;
            rest = after;
            Some((*run.first()?, linked(these)))
        })
        .collect())
}

/// (1 + total)^(252 / n) - 1 of a total return over n sessions, a fraction a year. Refused below 252 returns.
pub fn cagr_by_sessions(total_return: f64, returns: u64) -> Figure {
    at_least(YEAR_RETURNS_MIN, returns)?;
    compounded(total_return, PERIODS_DAILY / returns as f64)
}

/// (1 + total)^(365.25 / days) - 1 of a total return over so many calendar days, a fraction a year. Refused below
/// 365 days.
pub fn cagr_by_calendar(total_return: f64, calendar_days: i64) -> Figure {
    if calendar_days < YEAR_DAYS_MIN {
        return Err(Because::TooFewCalendarDays { needed: YEAR_DAYS_MIN }.into());
    }
    compounded(total_return, CALENDAR_DAYS_PER_MEAN_YEAR / calendar_days as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn periods_end_with_the_last_return() {
        let returns = [0.5, 0.1, 0.0, 0.0, 0.0, 0.1];
        let near = |figure: Figure, expected: f64| assert!((figure.unwrap() - expected).abs() < 1e-15);
        near(Period::Day.linked(&returns), 0.1);
        near(Period::Week.linked(&returns), 0.21);
        near(Period::Inception.linked(&returns), 0.815);
        near(Period::YearToDate { first: 2 }.linked(&returns), 0.1);
    }

    #[test]
    fn a_shorter_history_has_no_return_of_the_period() {
        for (period, needed) in
            [(Period::Week, 5), (Period::Month, 21), (Period::Quarter, 63), (Period::Year, 252)]
        {
            let returns = vec![0.001; needed - 1];
            let refused = Because::TooFewReturns { needed: needed as u64 };
            assert_eq!(period.linked(&returns), Err(refused.into()));
            assert!(period.linked(&vec![0.001; needed]).is_ok());
        }
        assert_eq!(Period::Inception.linked(&[]), Err(Because::TooFewReturns { needed: 1 }.into()));
        assert_eq!(
            Period::YearToDate { first: 1 }.linked(&[0.1]),
            Err(Because::TooFewReturns { needed: 1 }.into())
        );
    }

    #[test]
    fn runs_of_a_key_are_linked() {
        let months = linked_by(&[0.5, 0.5, 0.1, -1.0], &["a", "a", "b", "c"]).unwrap();
        assert_eq!(months[0], ("a", Ok(1.25)));
        assert!((months[1].1.unwrap() - 0.1).abs() < 1e-15);
        assert_eq!(months[2], ("c", Err(Because::EquityNotPositive.into())));
        assert_eq!(linked_by(&[0.1], &[1, 2]), Err(Because::LengthsDiffer.into()));
        assert_eq!(linked_by::<u8>(&[], &[]), Ok(vec![]));
    }

    #[test]
    fn less_than_a_year_is_not_annualised() {
        assert_eq!(cagr_by_sessions(0.1, 251), Err(Because::TooFewReturns { needed: 252 }.into()));
        assert!((cagr_by_sessions(0.21, 504).unwrap() - 0.1).abs() < 1e-15);
        assert_eq!(cagr_by_calendar(0.1, 364), Err(Because::TooFewCalendarDays { needed: 365 }.into()));
        assert!((cagr_by_calendar(0.21, 730).unwrap() - 0.100_0).abs() < 1e-4);
        assert!(cagr_by_sessions(-1.0, 252).is_ok_and(|lost| lost == -1.0));
        assert_eq!(cagr_by_sessions(f64::NAN, 252), Err(Because::NotFinite.into()));
    }
}
