//! From values to returns, and from a return to a return per year.

use crate::figure::{Because, Figure, Unavailable, finite, positive};

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
    pairwise(values, simple_return)
}

/// Log returns of consecutive values: one fewer than there are values.
pub fn log_returns(values: &[f64]) -> Result<Vec<f64>, Unavailable> {
    pairwise(values, log_return)
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
    fn days_below_the_minimum_are_not_annualised() {
        assert_eq!(annualised_by_days(0.1, 29, 30), Err(Because::TooFewCalendarDays { needed: 30 }.into()));
        assert_eq!(annualised_by_days(0.1, 0, 0), Err(Because::TooFewCalendarDays { needed: 1 }.into()));
        assert!((annualised_by_days(0.1, 365, 30).unwrap() - 0.1).abs() < 1e-15);
    }
}
