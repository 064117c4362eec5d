//! Reference values computed elsewhere in 50 digits, on years of real closes.

use std::collections::BTreeMap;

use quant::{
    Annualisation, Convention, EquityPoint, Figure, Performance, PerformanceAccumulator, RiskFreeSplit,
    correlation_matrix, panel, returns, var,
};
use serde::Deserialize;

use crate::support::{close, fixture};
use quant::panel::Panel;

const RELATIVE: f64 = 1e-9;

#[derive(Deserialize)]
struct Portfolio {
    mode: Mode,
    weights: Vec<f64>,
    days: Vec<i64>,
    closes: BTreeMap<String, Vec<f64>>,
    index: Vec<f64>,
    expected: Expected,
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum Mode {
    DailyRebalanced,
    BuyAndHold,
}

#[derive(Deserialize)]
struct Expected {
    n_returns: u64,
    calendar_days: i64,
    cumulative_return: f64,
    cagr_252: f64,
    mean_daily: f64,
    vol_annual: f64,
    sharpe_rf0: f64,
    sharpe_rf2pct: f64,
    sharpe_rf4pct_over_252: f64,
    sortino_rf0: f64,
    sortino_rf4pct_over_252: f64,
    max_drawdown: f64,
    max_drawdown_peak_day: i64,
    max_drawdown_trough_day: i64,
    max_drawdown_recovery_day: Option<i64>,
    calmar: f64,
    var_hist_95: f64,
    var_hist_99: f64,
    cvar_hist_95: f64,
    cvar_hist_99: f64,
    positive_days: u32,
    beta: f64,
    alpha_annual_x252: f64,
    corr_index: f64,
    tracking_error_annual: f64,
    information_ratio_annual: f64,
    correlation: Vec<Vec<f64>>,
    correlation_last_90: Vec<Vec<f64>>,
    correlation_log_last_90: Vec<Vec<f64>>,
}

impl Portfolio {
    /// Value of the portfolio on every day, 1 on the first.
    fn equity(&self) -> Vec<f64> {
        let value = |day: usize, base: usize| -> f64 {
            self.closes.values().zip(&self.weights).map(|(closes, w)| w * closes[day] / closes[base]).sum()
        };
        let mut equity = vec![1.0];
        for day in 1..self.days.len() {
            equity.push(match self.mode {
                Mode::BuyAndHold => value(day, 0),
                Mode::DailyRebalanced => equity[day - 1] * value(day, day - 1),
            });
        }
        equity
    }

    fn report(&self, convention: Convention) -> Performance {
        let mut accumulator = PerformanceAccumulator::new(convention);
        for ((day, equity), index) in self.days.iter().zip(self.equity()).zip(&self.index) {
            accumulator.push(EquityPoint::new(*day, equity).with_benchmark(*index));
        }
        accumulator.report()
    }

    fn matches(&self, last: usize, each: fn(&[f64]) -> Vec<f64>, expected: &[Vec<f64>]) {
        let series: Vec<_> = self.closes.values().map(|closes| each(closes)).collect();
        let tails: Vec<_> = series.iter().map(|series| panel::last(series, last)).collect();
        let values = tails.concat();
        let matrix = correlation_matrix(&Panel::new(&values, tails[0].len()).unwrap(), 2);
        for (row, expected) in matrix.rows().zip(expected) {
            for (figure, expected) in row.iter().zip(expected) {
                close(*figure, *expected, RELATIVE);
            }
        }
        assert_eq!(matrix.rows().len(), expected.len());
    }
}

fn portfolios() -> Vec<Portfolio> {
    fixture("portfolios.json")
}

fn by_periods() -> Convention {
    Convention { annualisation: Annualisation::Periods, ..Convention::standard(252.0) }
}

fn simple(values: &[f64]) -> Vec<f64> {
    returns::simple_returns(values).unwrap()
}

fn log(values: &[f64]) -> Vec<f64> {
    returns::log_returns(values).unwrap()
}

#[test]
fn returns_and_their_deviation() {
    for portfolio in portfolios() {
        let (report, expected) = (portfolio.report(by_periods()), &portfolio.expected);
        assert_eq!((report.returns, report.calendar_days), (expected.n_returns, expected.calendar_days));
        close(report.cumulative_return, expected.cumulative_return, RELATIVE);
        close(report.annualised_return, expected.cagr_252, RELATIVE);
        close(report.volatility, expected.vol_annual, RELATIVE);
        let days = f64::from(expected.positive_days) / expected.n_returns as f64;
        close(report.positive_period_rate, days, 1e-15);
        let mean = quant::moments::Moments::default();
        let mean = simple(&portfolio.equity()).iter().fold(mean, |mut moments, value| {
            moments.push(*value);
            moments
        });
        close(mean.mean(), expected.mean_daily, 1e-12);
    }
}

#[test]
fn years_by_calendar_days() {
    for portfolio in portfolios() {
        let expected = &portfolio.expected;
        let years = expected.calendar_days as f64 / 365.0;
        let annualised = libm::pow(1.0 + expected.cumulative_return, 1.0 / years) - 1.0;
        close(portfolio.report(Convention::standard(252.0)).annualised_return, annualised, RELATIVE);
    }
}

#[test]
fn ratios_with_and_without_a_risk_free_rate() {
    for portfolio in portfolios() {
        let expected = &portfolio.expected;
        let report = portfolio.report(by_periods());
        close(report.sharpe, expected.sharpe_rf0, RELATIVE);
        close(report.sortino, expected.sortino_rf0, RELATIVE);
        close(report.calmar, expected.calmar, RELATIVE);
        close(portfolio.report(by_periods().with_risk_free(0.02)).sharpe, expected.sharpe_rf2pct, RELATIVE);
        let divided = Convention { risk_free_split: RiskFreeSplit::Divided, ..by_periods() };
        let report = portfolio.report(divided.with_risk_free(0.04));
        close(report.sharpe, expected.sharpe_rf4pct_over_252, RELATIVE);
        close(report.sortino, expected.sortino_rf4pct_over_252, RELATIVE);
    }
}

#[test]
fn the_deepest_fall_and_its_days() {
    for portfolio in portfolios() {
        let (report, expected) = (portfolio.report(by_periods()), &portfolio.expected);
        close(report.max_drawdown, -expected.max_drawdown, RELATIVE);
        let deepest = report.drawdown.unwrap();
        let day = |index: u64| portfolio.days[index as usize];
        assert_eq!(day(deepest.peak_index), expected.max_drawdown_peak_day);
        assert_eq!(day(deepest.trough_index), expected.max_drawdown_trough_day);
        assert_eq!(deepest.recovery_index.map(day), expected.max_drawdown_recovery_day);
    }
}

#[test]
fn beside_the_index() {
    for portfolio in portfolios() {
        let (report, expected) = (portfolio.report(by_periods()), &portfolio.expected);
        close(report.beta, expected.beta, RELATIVE);
        close(report.alpha, expected.alpha_annual_x252, RELATIVE);
        close(report.correlation, expected.corr_index, RELATIVE);
        close(report.tracking_error, expected.tracking_error_annual, RELATIVE);
        close(report.information_ratio, expected.information_ratio_annual, RELATIVE);
    }
}

#[test]
fn tails() {
    for portfolio in portfolios() {
        let (returns, expected) = (simple(&portfolio.equity()), &portfolio.expected);
        let tail = |function: fn(&[f64]) -> Figure| function(&returns);
        close(tail(var::historical_var_95), expected.var_hist_95, RELATIVE);
        close(tail(var::historical_var_99), expected.var_hist_99, RELATIVE);
        close(tail(var::expected_shortfall_95), expected.cvar_hist_95, RELATIVE);
        close(tail(var::expected_shortfall_99), expected.cvar_hist_99, RELATIVE);
    }
}

#[test]
fn correlations_of_the_stocks() {
    for portfolio in portfolios() {
        let expected = &portfolio.expected;
        portfolio.matches(usize::MAX, simple, &expected.correlation);
        portfolio.matches(90, simple, &expected.correlation_last_90);
        portfolio.matches(90, log, &expected.correlation_log_last_90);
    }
}
