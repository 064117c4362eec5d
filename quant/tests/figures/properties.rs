//! Laws that hold for every series.

use proptest::collection::vec;
use proptest::prelude::*;
use quant::convention::PERIODS_DAILY;
use quant::{
    Convention, DrawdownAccumulator, EquityPoint, Performance, PerformanceAccumulator, Side,
    TradeAccumulator, correlation, drawdowns, returns, var,
};

use crate::support::daily;

fn equity() -> impl Strategy<Value = Vec<f64>> {
    vec(1.0..1e6f64, 3..120)
}

fn anything() -> impl Strategy<Value = f64> {
    prop_oneof![
        8 => 1.0..1e6f64,
        1 => any::<f64>(),
        1 => prop_oneof![Just(f64::NAN), Just(f64::INFINITY), Just(f64::MAX), Just(5e-324), Just(0.0)],
    ]
}

fn point() -> impl Strategy<Value = EquityPoint> {
    let optional = || proptest::option::of(anything());
    (any::<i64>(), anything(), optional(), optional(), optional())
        .prop_map(|(day, equity, gross, net, benchmark)| EquityPoint { day, equity, gross, net, benchmark })
}

fn accumulated(convention: Convention, points: &[EquityPoint]) -> PerformanceAccumulator {
    let mut accumulator = PerformanceAccumulator::new(convention);
    points.iter().for_each(|point| accumulator.push(*point));
    accumulator
}

fn report(values: &[f64]) -> Performance {
    daily(Convention::standard(PERIODS_DAILY), values).report()
}

fn same(left: f64, right: f64, relative: f64) -> bool {
    (left - right).abs() <= relative * left.abs().max(right.abs()).max(1.0)
}

proptest! {
    #[test]
    fn the_currency_does_not_matter(values in equity(), exponent in -20i32..20) {
        // A power of two scales without rounding, so that equality is exact.
        let scale = 2f64.powi(exponent);
        let scaled: Vec<f64> = values.iter().map(|value| value * scale).collect();
        let (left, right) = (report(&values), report(&scaled));
        for ((name, left), (_, right)) in left.figures().into_iter().zip(right.figures()) {
            if !name.ends_with("_equity") {
                prop_assert_eq!(left, right, "{}", name);
            }
        }
    }

    #[test]
    fn drawdowns_lie_between_zero_and_one(values in equity()) {
        let all = drawdowns(&values).unwrap();
        prop_assert!(all.iter().all(|drawdown| (0.0..=1.0).contains(drawdown)));
        let report = report(&values);
        prop_assert_eq!(report.max_drawdown.unwrap(), all.iter().copied().fold(0.0, f64::max));
        if let Some(deepest) = report.drawdown {
            prop_assert!(deepest.peak_index < deepest.trough_index);
            prop_assert!(deepest.recovery_index.is_none_or(|recovery| recovery > deepest.trough_index));
        }
    }

    #[test]
    fn one_pass_agrees_with_two(values in equity()) {
        let returns = returns::simple_returns(&values).unwrap();
        let n = returns.len() as f64;
        let mean = returns.iter().sum::<f64>() / n;
        let deviation = (returns.iter().map(|r| (r - mean).powi(2)).sum::<f64>() / (n - 1.0)).sqrt();
        let downside = (returns.iter().map(|r| r.min(0.0).powi(2)).sum::<f64>() / n).sqrt();
        let report = report(&values);
        prop_assert!(same(report.volatility.unwrap(), deviation * PERIODS_DAILY.sqrt(), 1e-11));
        prop_assert!(same(report.sharpe.unwrap(), mean / deviation * PERIODS_DAILY.sqrt(), 1e-9));
        if let Ok(sortino) = report.sortino {
            prop_assert!(same(sortino, mean / downside * PERIODS_DAILY.sqrt(), 1e-9));
        }
    }

    #[test]
    fn a_series_is_its_own_benchmark(values in equity()) {
        let points: Vec<_> =
            values.iter().map(|value| EquityPoint::new(0, *value).with_benchmark(value * 4.0)).collect();
        let report = accumulated(Convention::standard(PERIODS_DAILY), &points).report();
        prop_assert!(same(report.beta.unwrap(), 1.0, 1e-12));
        prop_assert!(same(report.correlation.unwrap(), 1.0, 1e-12));
        prop_assert_eq!(report.excess_return, Ok(0.0));
        prop_assert_eq!(report.tracking_error, Ok(0.0));
        prop_assert!(report.information_ratio.is_err());
    }

    #[test]
    fn whatever_comes_in_only_numbers_leave(points in vec(point(), 0..40), risk_free in anything()) {
        for convention in [Convention::standard(PERIODS_DAILY), Convention::ai_trader()] {
            let report = accumulated(convention.with_risk_free(risk_free), &points).report();
            for (name, figure) in report.figures() {
                prop_assert!(figure.is_ok_and(f64::is_finite) || figure.is_err(), "{} is {:?}", name, figure);
            }
        }
    }

    #[test]
    fn whatever_is_traded_only_numbers_leave(results in vec(any::<f64>(), 0..40)) {
        let mut trades = TradeAccumulator::default();
        for result in results {
            trades.executed(Side::Buy, result);
            trades.closed(result);
        }
        for (name, figure) in trades.report(&daily(Convention::ai_trader(), &[1.0, 2.0])).figures() {
            prop_assert!(figure.is_ok_and(f64::is_finite) || figure.is_err(), "{} is {:?}", name, figure);
        }
        let json = serde_json::to_string(&trades).unwrap();
        prop_assert_eq!(serde_json::from_str::<TradeAccumulator>(&json).unwrap(), trades);
    }

    #[test]
    fn a_snapshot_resumes_bit_by_bit(points in vec(point(), 0..40), cut in 0usize..40) {
        let (before, after) = points.split_at(cut.min(points.len()));
        let stopped = accumulated(Convention::ai_trader().with_risk_free(0.02), before);
        let json = serde_json::to_string(&stopped).unwrap();
        let mut resumed: PerformanceAccumulator = serde_json::from_str(&json).unwrap();
        prop_assert_eq!(&resumed, &stopped);
        after.iter().for_each(|point| resumed.push(*point));
        let whole = accumulated(Convention::ai_trader().with_risk_free(0.02), &points);
        prop_assert_eq!(resumed.report(), whole.report());
        prop_assert_eq!(resumed, whole);
    }

    #[test]
    fn drawdown_of_a_prefix_never_exceeds_that_of_the_whole(values in equity(), cut in 1usize..120) {
        let mut accumulator = DrawdownAccumulator::default();
        let mut before = 0.0;
        for value in values.iter().take(cut) {
            let _ = accumulator.push(*value);
            let maximum = accumulator.maximum().unwrap();
            prop_assert!(maximum >= before);
            before = maximum;
        }
    }

    #[test]
    fn correlation_is_symmetric_and_bounded(pairs in vec((-0.5..0.5f64, -0.5..0.5f64), 2..60)) {
        let (left, right): (Vec<f64>, Vec<f64>) = pairs.into_iter().unzip();
        let (there, back) = (correlation(&left, &right), correlation(&right, &left));
        prop_assert_eq!(there, back);
        prop_assert!(there.is_err() || (-1.0..=1.0).contains(&there.unwrap()));
    }

    #[test]
    fn the_shortfall_is_no_better_than_the_percentile(values in vec(-0.9..0.9f64, 20..200)) {
        let (percentile, shortfall) = (var::historical_var_95(&values), var::expected_shortfall_95(&values));
        prop_assert!(shortfall.unwrap() <= percentile.unwrap());
    }
}
