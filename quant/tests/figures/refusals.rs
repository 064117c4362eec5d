//! What cannot be computed says why, and nothing that is not a number leaves.

use quant::{
    Because, Convention, EquityPoint, Figure, Performance, PerformanceAccumulator, Side, TradeAccumulator,
};
use serde_json::json;

use crate::support::daily;

fn report(values: &[f64]) -> Performance {
    daily(Convention::standard(252.0), values).report()
}

fn refused(because: Because) -> Figure {
    Err(because.into())
}

#[test]
fn an_empty_series_has_no_figures() {
    for (name, figure) in report(&[]).figures() {
        assert_eq!(figure, refused(Because::NoPoints), "{name}");
    }
}

#[test]
fn one_point_has_a_drawdown_of_zero_and_no_returns() {
    let report = report(&[100.0]);
    assert_eq!(report.max_drawdown, Ok(0.0));
    assert_eq!(report.cumulative_return, refused(Because::TooFewReturns { needed: 1 }));
    assert_eq!(report.sharpe, refused(Because::TooFewReturns { needed: 2 }));
}

#[test]
fn two_points_have_a_return_but_no_deviation() {
    let report = report(&[100.0, 110.0]);
    assert_eq!(report.cumulative_return, Ok(0.1));
    for figure in [report.volatility, report.sharpe, report.sortino] {
        assert_eq!(figure, refused(Because::TooFewReturns { needed: 2 }));
    }
    assert_eq!(report.beta, refused(Because::NoBenchmark));
    assert_eq!(report.exposure, refused(Because::NoPositionValues));
}

#[test]
fn a_flat_series_has_volatility_zero_and_no_ratios() {
    let report = report(&[100.0; 40]);
    assert_eq!(report.volatility, Ok(0.0));
    assert_eq!(report.annualised_return, Ok(0.0));
    assert_eq!(report.sharpe, refused(Because::ZeroDeviation));
    assert_eq!(report.sortino, refused(Because::NoLosingPeriods));
    assert_eq!(report.calmar, refused(Because::NoDrawdown));
}

#[test]
fn constant_growth_has_no_sharpe_although_its_returns_round_differently() {
    let values: Vec<f64> = (0..200).map(|i| 100.0 * libm::pow(1.01, f64::from(i))).collect();
    assert_eq!(report(&values).sharpe, refused(Because::ZeroDeviation));
}

#[test]
fn equity_at_or_below_zero_spoils_every_figure() {
    for (value, because) in [
        (0.0, Because::EquityNotPositive),
        (-1.0, Because::EquityNotPositive),
        (f64::NAN, Because::NotFinite),
        (f64::INFINITY, Because::NotFinite),
    ] {
        let report = report(&[100.0, 90.0, value, 100.0, 110.0]);
        for (name, figure) in report.figures() {
            assert_eq!(figure, refused(because), "{name} after {value}");
        }
        assert_eq!(report.drawdown, None);
    }
}

#[test]
fn a_convention_that_is_no_number_gives_no_ratio() {
    let report = daily(Convention::standard(f64::NAN), &[100.0, 110.0, 90.0]).report();
    assert_eq!(report.sharpe, refused(Because::InvalidConvention));
    assert_eq!(report.volatility, refused(Because::InvalidConvention));
    assert!(report.max_drawdown.is_ok());
}

#[test]
fn one_session_of_minutes_is_not_annualised() {
    let mut accumulator = PerformanceAccumulator::new(Convention::minute_bars());
    for minute in 0..390 {
        accumulator.push(EquityPoint::new(0, 100.0 + f64::from(minute % 7)));
    }
    let report = accumulator.report();
    let too_few = refused(Because::TooFewTradingDays { needed: 30 });
    for figure in [report.annualised_return, report.volatility, report.sharpe, report.sortino] {
        assert_eq!(figure, too_few);
    }
    assert!(report.cumulative_return.is_ok() && report.positive_period_rate.is_ok());
    for day in 1..30 {
        accumulator.push(EquityPoint::new(day, 100.0 + (day % 5) as f64));
    }
    assert!(accumulator.report().sharpe.is_ok());
}

#[test]
fn trades_without_a_loss_have_no_profit_factor() {
    let series = daily(Convention::standard(252.0), &[100.0, 110.0]);
    let mut trades = TradeAccumulator::default();
    assert_eq!(trades.report(&series).win_rate, refused(Because::NoClosingTrades));
    assert_eq!(trades.report(&series).profit_factor, refused(Because::NoClosingTrades));
    assert_eq!(trades.report(&series).turnover, Ok(0.0));
    trades.executed(Side::Sell, -50.0);
    trades.closed(5.0);
    trades.closed(0.0);
    let report = trades.report(&series);
    assert_eq!(report.profit_factor, refused(Because::NoLosingTrades));
    assert_eq!((report.win_rate, report.traded_notional), (Ok(0.5), Ok(50.0)));
    trades.closed(f64::NAN);
    assert_eq!(trades.report(&series).win_rate, refused(Because::NotFinite));
}

#[test]
fn json_has_numbers_nulls_and_reasons() {
    let report = serde_json::to_value(report(&[100.0, 110.0])).unwrap();
    assert_eq!(report["points"], 2);
    assert_eq!(report["cumulative_return"], 0.1);
    assert_eq!(report["sharpe"], serde_json::Value::Null);
    assert_eq!(report["drawdown"], serde_json::Value::Null);
    assert_eq!(report["convention"]["annualisation"], json!({"calendar_days": {"minimum": 30}}));
    assert_eq!(
        report["unavailable"],
        json!({
            "alpha": "no benchmark",
            "annualised_return": "fewer than 30 calendar days",
            "benchmark_return": "no benchmark",
            "beta": "no benchmark",
            "calmar": "fewer than 30 calendar days",
            "correlation": "no benchmark",
            "excess_return": "no benchmark",
            "exposure": "no position values",
            "information_ratio": "no benchmark",
            "invested_share": "no position values",
            "max_exposure": "no position values",
            "net_exposure": "no position values",
            "sharpe": "fewer than 2 returns",
            "sortino": "fewer than 2 returns",
            "tracking_error": "no benchmark",
            "volatility": "fewer than 2 returns",
        })
    );
}
