//! Five days of trading with every figure printed, and twelve hourly bars.
//!
//! 10,000 in cash on Monday 2025-01-06; 50 bought at 100 on the 7th, 20 sold at 99 on the 9th, 30 at 105 on
//! the 13th; closes 102, 99, 104, 101, 105.

use quant::convention::PERIODS_US_HOURLY;
use quant::{
    Annualisation, Because, Convention, Deviation, EquityPoint, Performance, PerformanceAccumulator, Side,
    SortinoDenominator, TradeAccumulator, TradeStatistics,
};

use crate::support::{daily, printed};

/// Day, equity, position value, benchmark close.
const POINTS: [(i64, f64, f64, f64); 6] = [
    (6, 10_000.0, 0.0, 500.0),
    (7, 10_100.0, 5_100.0, 503.0),
    (8, 9_950.0, 4_950.0, 499.0),
    (9, 10_100.0, 3_120.0, 506.0),
    (10, 10_010.0, 3_030.0, 504.0),
    (13, 10_130.0, 0.0, 508.0),
];

/// Equity at the close of twelve hourly bars, 2025-11-03 and 04.
const HOURLY: [f64; 12] = [
    10000.0, 10017.89, 10039.302, 10015.827, 9996.608, 9980.977, 9884.9755, 9880.077, 9857.5405, 9857.077,
    9856.877, 9856.877,
];

fn accumulated(convention: Convention) -> PerformanceAccumulator {
    let mut accumulator = PerformanceAccumulator::new(convention);
    for (day, equity, position, benchmark) in POINTS {
        accumulator
            .push(EquityPoint::new(day, equity).with_positions(position, position).with_benchmark(benchmark));
    }
    accumulator
}

fn report(convention: Convention) -> Performance {
    accumulated(convention).report()
}

fn standard() -> Convention {
    Convention::standard(252.0)
}

fn without_minimum() -> Convention {
    Convention { annualisation: Annualisation::CalendarDays { minimum: 0 }, ..standard() }
}

fn trades() -> TradeStatistics {
    let mut trades = TradeAccumulator::default();
    trades.executed(Side::Buy, 5_000.0);
    trades.executed(Side::Sell, 1_980.0);
    trades.closed(-20.0);
    trades.executed(Side::Sell, 3_150.0);
    trades.closed(150.0);
    trades.report(&accumulated(standard()))
}

#[test]
fn counts() {
    let report = report(standard());
    assert_eq!((report.points, report.returns), (6, 5));
    assert_eq!((report.calendar_days, report.trading_days), (7, 5));
    assert_eq!((report.initial_equity, report.final_equity), (Ok(10_000.0), Ok(10_130.0)));
    printed(report.mean_equity, 10_048.33, 2);
}

#[test]
fn returns_of_the_whole_and_of_a_year() {
    printed(report(standard()).cumulative_return, 0.013000, 6);
    printed(report(without_minimum()).annualised_return, 0.961067, 6);
    let periods = Convention { annualisation: Annualisation::Periods, ..standard() };
    printed(report(periods).annualised_return, 0.917415, 6);
}

#[test]
fn seven_days_are_not_annualised() {
    let report = report(standard());
    let too_few = Err(Because::TooFewCalendarDays { needed: 30 }.into());
    assert_eq!((report.annualised_return, report.calmar), (too_few, too_few));
}

#[test]
fn volatility() {
    printed(report(standard()).volatility, 0.215269, 6);
    let population = Convention { deviation: Deviation::Population, ..standard() };
    printed(report(population).volatility, 0.192542, 6);
    // The database variant: population, not annualised.
    printed(report(Convention { periods_per_year: 1.0, ..population }).volatility, 0.012129, 6);
}

#[test]
fn sharpe() {
    printed(report(standard()).sharpe, 3.114110, 6);
    printed(report(standard().with_risk_free(0.02)).sharpe, 3.022116, 6);
    printed(report(standard().with_risk_free(0.04)).sharpe, 2.931902, 6);
    let population = Convention { deviation: Deviation::Population, ..standard() };
    printed(report(population).sharpe, 3.481681, 6);
    // The file variant: (mean r P - rf) / (deviation √P).
    let divided = Convention { risk_free_split: quant::RiskFreeSplit::Divided, ..standard() };
    printed(report(divided.with_risk_free(0.02)).sharpe, 3.021203, 6);
}

#[test]
fn sortino() {
    printed(report(standard()).sortino, 5.452060, 6);
    let negatives = Convention {
        sortino: SortinoDenominator::NegativesOnly,
        deviation: Deviation::Population,
        ..standard()
    };
    printed(report(negatives).sortino, 14.217233, 6);
}

#[test]
fn drawdown() {
    let report = report(standard());
    printed(report.max_drawdown, 0.014851, 6);
    let deepest = report.drawdown.unwrap();
    assert_eq!((deepest.peak_index, deepest.trough_index, deepest.recovery_index), (1, 2, Some(3)));
    assert_eq!((deepest.peak, deepest.trough), (10_100.0, 9_950.0));
    assert_eq!(report.current_drawdown, Ok(0.0));
}

#[test]
fn calmar() {
    printed(report(without_minimum()).calmar, 64.71, 2);
}

#[test]
fn positive_periods() {
    printed(report(standard()).positive_period_rate, 0.60, 2);
}

#[test]
fn exposure() {
    let report = report(standard());
    printed(report.exposure, 0.269008, 6);
    printed(report.net_exposure, 0.269008, 6);
    printed(report.max_exposure, 5_100.0 / 10_100.0, 12);
    assert_eq!(report.invested_share, Ok(4.0 / 6.0));
}

#[test]
fn benchmark() {
    let report = report(standard());
    printed(report.benchmark_return, 0.016, 6);
    printed(report.excess_return, -0.003, 6);
    printed(report.tracking_error, 0.081012, 6);
    printed(report.information_ratio, -1.716270, 6);
    printed(report.beta, 1.477228, 6);
    printed(report.alpha, -0.525311, 6);
    printed(report.correlation, 0.978979, 6);
}

#[test]
fn trades_of_the_example() {
    let trades = trades();
    assert_eq!((trades.trades, trades.buys, trades.sells), (3, 1, 2));
    assert_eq!((trades.closing_trades, trades.winning_trades, trades.losing_trades), (2, 1, 1));
    assert_eq!(trades.realised, Ok(130.0));
    assert_eq!(trades.win_rate, Ok(0.5));
    assert_eq!((trades.profit_loss_ratio, trades.profit_factor), (Ok(7.5), Ok(7.5)));
    assert_eq!(trades.traded_notional, Ok(10_130.0));
    printed(trades.turnover, 1.008127, 6);
    printed(trades.turnover_annual, 50.81, 2);
}

#[test]
fn twelve_hourly_bars() {
    let report = daily(Convention::standard(PERIODS_US_HOURLY), &HOURLY).report();
    printed(report.cumulative_return, -0.0143123, 7);
    printed(report.max_drawdown, 0.01817108, 8);
    let deepest = report.drawdown.unwrap();
    assert_eq!((deepest.peak_index, deepest.trough_index, deepest.recovery_index), (2, 10, None));
    printed(report.sharpe, -16.162903, 6);
    printed(daily(Convention::ai_trader(), &HOURLY).report().sharpe, -17.643989, 6);
}
