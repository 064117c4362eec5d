//! Heterogeneous autoregression: volatility explained by that of the last day, week and month (Corsi 2009).
//!
//! Two kinds. [`forecast_month`] explains the volatility of the coming 21 sessions, in units of volatility; its
//! forecast is published. [`realised_variance`] is Corsi's own, in units of variance, with the squared daily return
//! as the day's realised variance.

use crate::convention::PERIODS_DAILY;
use crate::figure::{Because, Figure, Unavailable, finite};
use crate::moments::at_least;
use crate::panel::Panel;
use crate::regression::{Coefficient, Design, Fit, StandardErrors};
use crate::rolling::rolling_means;

/// Sessions of the adopted forecast and of its longest regressor.
pub const FORECAST_SESSIONS: usize = 21;
/// Fewest rows of its regression.
pub const FORECAST_ROWS_MIN: u64 = 60;

const WEEK: usize = 5;
const CORSI_MONTH: usize = 22;

/// A fitted heterogeneous autoregression. Coefficients belong to constant, day, week and month, in this order.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Har {
    /// Least-squares coefficients.
    pub coefficients: [f64; 4],
    /// Coefficient over its standard error, n - 4 degrees of freedom; none where the fit leaves no error.
    pub t_statistics: [Figure; 4],
    /// Share of the variance explained, 0 to 1.
    pub r_squared: f64,
    /// Rows of the regression.
    pub rows: u64,
    /// Day, week and month as of the last return.
    pub inputs: [f64; 3],
    /// What the coefficients make of the inputs, in the unit of the target.
    pub forecast: f64,
}

/// Volatility of the next 21 sessions, a fraction a year.
///
/// Explains y_t = √(252 · mean r² of t+1 .. t+21) by a constant, |r_t|√252, √(252 · mean r² of the last 5) and of the
/// last 21, by ordinary least squares over every t of the given returns; the forecast is at least zero. Needs 60
/// rows, so 101 returns.
pub fn forecast_month(returns: &[f64]) -> Result<Har, Unavailable> {
    Squares::of(returns).forecast_month()
}

/// Mean daily variance of the next `horizon` sessions, in squared daily returns; may be negative.
///
/// Explains the mean of r² over t+1 .. t+horizon by a constant, r_t², and the means of r² over the last 5 and the
/// last 22, by ordinary least squares (Corsi 2009, with squared returns for want of intraday data). Needs five rows.
pub fn realised_variance(returns: &[f64], horizon: usize) -> Result<Har, Unavailable> {
    Squares::of(returns).realised_variance(horizon)
}

/// The squared returns that several autoregressions share, and their means over the windows that all of them need.
pub(crate) struct Squares {
    days: Vec<f64>,
    weeks: Result<Vec<f64>, Unavailable>,
    /// Of [`CORSI_MONTH`].
    months: Result<Vec<f64>, Unavailable>,
}

impl Squares {
    pub(crate) fn of(returns: &[f64]) -> Self {
        let days: Vec<f64> = returns.iter().map(|r| r * r).collect();
        Self { weeks: rolling_means(&days, WEEK), months: rolling_means(&days, CORSI_MONTH), days }
    }

    /// See [`forecast_month`].
    pub(crate) fn forecast_month(&self) -> Result<Har, Unavailable> {
        let annual = |mean: &f64| (PERIODS_DAILY * mean).sqrt();
        let month: Vec<f64> = rolling_means(&self.days, FORECAST_SESSIONS)?.iter().map(annual).collect();
        let (days, weeks) = self.ending_with(FORECAST_SESSIONS)?;
        let inputs = Inputs {
            day: &days.iter().map(annual).collect::<Vec<_>>(),
            week: &weeks.iter().map(annual).collect::<Vec<_>>(),
            month: &month,
        };
        // The month that ends 21 sessions later is the target.
        let targets = month.get(FORECAST_SESSIONS..).unwrap_or_default();
        let mut har = inputs.explaining(targets, FORECAST_ROWS_MIN)?;
        har.forecast = har.forecast.max(0.0);
        Ok(har)
    }

    /// See [`realised_variance`].
    pub(crate) fn realised_variance(&self, horizon: usize) -> Result<Har, Unavailable> {
        let month = self.months.as_ref().map_err(|unavailable| *unavailable)?;
        let (day, week) = self.ending_with(CORSI_MONTH)?;
        let after = self.days.get(CORSI_MONTH..).unwrap_or_default();
        // A mean has the same bits in every series in which its window lies.
        let computed;
        let targets = match (horizon, &self.weeks) {
            (0, _) => return Err(Because::InvalidConvention.into()),
            _ if after.len() < horizon => &[],
            (1, _) => after,
            (WEEK, Ok(weeks)) => weeks.get(CORSI_MONTH..).unwrap_or_default(),
            (CORSI_MONTH, _) => month.get(CORSI_MONTH..).unwrap_or_default(),
            _ => {
                computed = rolling_means(after, horizon)?;
                &computed
            }
        };
        Inputs { day, week, month }.explaining(targets, 5)
    }

    /// Days and weeks that end on the days on which a window of `month` ends.
    fn ending_with(&self, month: usize) -> Result<(&[f64], &[f64]), Unavailable> {
        let weeks = self.weeks.as_ref().map_err(|unavailable| *unavailable)?;
        let days = self.days.get(month - 1..).unwrap_or_default();
        Ok((days, weeks.get(month - WEEK..).unwrap_or_default()))
    }
}

/// √(252 · variance), a fraction a year. A negative forecast of a variance has none.
pub fn annual_volatility(daily_variance: f64) -> Figure {
    if daily_variance < 0.0 {
        return Err(Because::NotFinite.into());
    }
    finite((PERIODS_DAILY * daily_variance).sqrt())
}

/// The regressors on every day that has a whole month behind it.
struct Inputs<'a> {
    day: &'a [f64],
    week: &'a [f64],
    month: &'a [f64],
}

impl Inputs<'_> {
    /// The regression of the targets on the first as many days, and its forecast from the last day.
    fn explaining(&self, targets: &[f64], rows_min: u64) -> Result<Har, Unavailable> {
        let rows = targets.len();
        at_least(rows_min, rows as u64)?;
        let columns = [self.day, self.week, self.month];
        let explaining = columns.map(|column| column.get(..rows).unwrap_or(column)).concat();
        let fit = Design::new(&Panel::new(&explaining, rows)?)
            .and_then(|design| design.fit(targets, StandardErrors::Classical))
            .map_err(|unavailable| match unavailable.because {
                // A regressor that does not vary is a multiple of the constant.
                Because::ZeroDeviation => Because::Collinear.into(),
                _ => unavailable,
            })?;
        let Fit { intercept, ref slopes, r_squared, .. } = fit;
        let &[day, week, month] = slopes.as_slice() else { return Err(Because::LengthsDiffer.into()) };
        let fitted = [intercept, day, week, month];
        let last = |column: &[f64]| column.last().copied().ok_or(Because::NoPoints);
        let inputs @ [last_day, last_week, last_month] =
            [last(self.day)?, last(self.week)?, last(self.month)?];
        let forecast =
            intercept.value + day.value * last_day + week.value * last_week + month.value * last_month;
        Ok(Har {
            coefficients: fitted.map(|coefficient| coefficient.value),
            t_statistics: fitted.map(|coefficient: Coefficient| coefficient.t),
            r_squared: r_squared.unwrap_or(0.0),
            rows: rows as u64,
            inputs,
            forecast: finite(forecast)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn s(length: u32) -> Vec<f64> {
        let market = |t: f64| 0.010 * libm::sin(t) + 0.005 * libm::cos(3.0 * t);
        (1..=length).map(|t| (1.0 + 0.5 * libm::sin(f64::from(t) / 20.0)) * market(f64::from(t))).collect()
    }

    #[track_caller]
    fn printed(value: f64, expected: f64, digits: i32) {
        assert!((value - expected).abs() <= 0.5001 * 10f64.powi(-digits), "{value} is not {expected}");
    }

    #[test]
    fn the_forecast_of_the_test_series() {
        let har = forecast_month(&s(252)).unwrap();
        assert_eq!(har.rows, 211);
        for (value, expected) in har.coefficients.into_iter().zip([
            0.053_296_185_2,
            -0.075_681_112_4,
            1.220_035_790_8,
            -0.593_028_120_1,
        ]) {
            printed(value, expected, 10);
        }
        for (value, expected) in
            har.inputs.into_iter().zip([0.065_678_648_8, 0.098_272_770_8, 0.097_884_438_8])
        {
            printed(value, expected, 10);
        }
        printed(har.r_squared, 0.674_548_1, 7);
        printed(har.forecast, 0.110_173_624_9, 10);
    }

    #[test]
    fn too_few_rows_make_no_forecast() {
        assert_eq!(forecast_month(&s(100)).err(), Some(Because::TooFewReturns { needed: 60 }.into()));
        assert_eq!(forecast_month(&s(101)).unwrap().rows, 60);
        assert_eq!(forecast_month(&s(20)).err(), Some(Because::TooFewReturns { needed: 21 }.into()));
        assert_eq!(realised_variance(&s(26), 1).err(), Some(Because::TooFewReturns { needed: 5 }.into()));
        assert_eq!(realised_variance(&s(100), 0).err(), Some(Because::InvalidConvention.into()));
        assert_eq!(
            realised_variance(&s(100), usize::MAX).err(),
            Some(Because::TooFewReturns { needed: 5 }.into())
        );
    }

    #[test]
    fn a_series_that_does_not_vary_explains_nothing() {
        let dependent = Some(Because::Collinear.into());
        assert_eq!(forecast_month(&[0.01; 252]).err(), dependent);
        assert_eq!(realised_variance(&[0.0; 252], 1).err(), dependent);
    }

    #[test]
    fn hostile_returns_are_refused() {
        for value in [f64::NAN, f64::INFINITY, 1e200, f64::MAX] {
            let mut returns = s(252);
            returns[100] = value;
            assert_eq!(forecast_month(&returns).err(), Some(Because::NotFinite.into()), "{value}");
            assert_eq!(realised_variance(&returns, 5).err(), Some(Because::NotFinite.into()), "{value}");
        }
        assert_eq!(annual_volatility(-1e-9), Err(Because::NotFinite.into()));
    }
}
