//! Laws that hold for every return series.

use proptest::collection::vec;
use proptest::prelude::*;
use quant::cash_flows::{CashFlow, xirr};
use quant::rolling::{rolling_deviations, rolling_sums};
use quant::sample::{Estimator, PairedSample, Sample};
use quant::var::{OrderedReturns, parametric_tail};
use quant::wealth::WealthPath;
use quant::{Convention, Deviation, Figure, har, ratios, volatility};

fn returns() -> impl Strategy<Value = Vec<f64>> {
    vec(-0.5..0.5f64, 2..300)
}

fn same(left: Figure, right: Figure, relative: f64) -> bool {
    match (left, right) {
        (Ok(left), Ok(right)) => (left - right).abs() <= relative * left.abs().max(right.abs()).max(1e-12),
        (left, right) => left == right,
    }
}

fn scaled(returns: &[f64], factor: f64) -> Vec<f64> {
    returns.iter().map(|value| value * factor).collect()
}

proptest! {
    #[test]
    fn ratios_do_not_depend_on_the_leverage(returns in returns()) {
        // A power of two scales without rounding, so that equality is exact.
        let double = scaled(&returns, 0.25);
        let (one, other) = (Sample::of(&returns).unwrap(), Sample::of(&double).unwrap());
        let convention = Convention::standard(252.0);
        prop_assert_eq!(ratios::sharpe(&one, &convention), ratios::sharpe(&other, &convention));
        prop_assert_eq!(ratios::sortino(&one, &convention), ratios::sortino(&other, &convention));
        prop_assert_eq!(ratios::omega(&one, 0.0), ratios::omega(&other, 0.0));
        let skewness = |sample: &Sample<'_>| sample.skewness(Estimator::Population);
        prop_assert!(same(skewness(&one), skewness(&other), 1e-14));
        prop_assert!(same(
            one.excess_kurtosis(Estimator::Unbiased),
            other.excess_kurtosis(Estimator::Unbiased),
            1e-14,
        ));
    }

    #[test]
    fn volatility_and_tails_grow_with_the_leverage(returns in returns()) {
        let quarter = scaled(&returns, 0.25);
        for start in [volatility::EwmaStart::FirstSquare, volatility::EwmaStart::Adjusted] {
            let of = |returns: &[f64]| volatility::ewma(returns, 0.94, start).unwrap();
            prop_assert_eq!(0.25 * of(&returns), of(&quarter));
        }
        let realised = |returns: &[f64]| volatility::realised(returns, returns.len()).unwrap();
        prop_assert_eq!(0.25 * realised(&returns), realised(&quarter));
        let tail = |returns: &[f64]| OrderedReturns::of(returns).unwrap().tail(0.95, 0).unwrap();
        prop_assert_eq!(0.25 * tail(&returns).value_at_risk, tail(&quarter).value_at_risk);
        prop_assert_eq!(0.25 * tail(&returns).expected_shortfall, tail(&quarter).expected_shortfall);
    }

    #[test]
    fn the_mirror_image_has_mirrored_figures(returns in returns()) {
        let mirrored = scaled(&returns, -1.0);
        let (one, other) = (Sample::of(&returns).unwrap(), Sample::of(&mirrored).unwrap());
        prop_assert_eq!(one.mean(), -other.mean());
        prop_assert_eq!(one.variance(Deviation::Sample), other.variance(Deviation::Sample));
        let skewness = |sample: &Sample<'_>| sample.skewness(Estimator::Unbiased);
        prop_assert_eq!(skewness(&one), skewness(&other).map(|value| -value));
        let (one, other) = (OrderedReturns::of(&returns).unwrap(), OrderedReturns::of(&mirrored).unwrap());
        for probability in [0.01, 0.05, 0.5] {
            let gain = other.quantile(1.0 - probability).unwrap();
            prop_assert!((one.quantile(probability).unwrap() + gain).abs() < 1e-14);
        }
    }

    #[test]
    fn more_confidence_is_more_loss(returns in returns(), low in 0.01..0.99f64, high in 0.01..0.99f64) {
        let (low, high) = (low.min(high), low.max(high));
        let ordered = OrderedReturns::of(&returns).unwrap();
        let sample = Sample::of(&returns).unwrap();
        for tail in [
            &|confidence| ordered.tail(confidence, 0).unwrap() as quant::var::Tail,
            &|confidence| parametric_tail(&sample, confidence).unwrap(),
        ] as [&dyn Fn(f64) -> quant::var::Tail; 2] {
            let (low, high) = (tail(low), tail(high));
            prop_assert!(low.value_at_risk <= high.value_at_risk);
            prop_assert!(low.expected_shortfall <= high.expected_shortfall + 1e-15);
            prop_assert!(high.value_at_risk <= high.expected_shortfall + 1e-15);
        }
        prop_assert!(ordered.quantile(1.0 - high).unwrap() <= ordered.quantile(1.0 - low).unwrap());
    }

    #[test]
    fn drawdowns_lie_between_minus_one_and_zero(returns in returns()) {
        let path = WealthPath::of(&returns).unwrap();
        prop_assert!((-1.0..=0.0).contains(&path.max_drawdown));
        prop_assert!((path.max_drawdown..=0.0).contains(&path.current_drawdown));
        prop_assert!((0.0..=path.depth() + 1e-15).contains(&path.ulcer_index));
        prop_assert!(path.cumulative_return > -1.0);
    }

    #[test]
    fn every_window_is_what_it_is_alone(returns in returns(), window in 2usize..40) {
        prop_assume!(window <= returns.len());
        let sums = rolling_sums(&returns, window).unwrap();
        let deviations = rolling_deviations(&returns, window, Deviation::Sample).unwrap();
        for ((values, sum), deviation) in returns.windows(window).zip(sums).zip(deviations) {
            let alone = Sample::of(values).unwrap();
            prop_assert!((sum - alone.mean() * window as f64).abs() < 1e-13);
            prop_assert!((deviation - alone.deviation(Deviation::Sample).unwrap()).abs() < 1e-14);
        }
    }

    #[test]
    fn correlation_knows_no_order_and_no_scale(pairs in vec((-0.5..0.5f64, -0.5..0.5f64), 2..100)) {
        let (left, right): (Vec<f64>, Vec<f64>) = pairs.into_iter().unzip();
        let there = PairedSample::of(&left, &right).unwrap().correlation();
        prop_assert_eq!(there, PairedSample::of(&right, &left).unwrap().correlation());
        let quarter = scaled(&left, 0.25);
        prop_assert_eq!(there, PairedSample::of(&quarter, &right).unwrap().correlation());
    }

    #[test]
    fn the_forecast_scales_with_the_returns(returns in vec(-0.5..0.5f64, 101..200)) {
        let (one, quarter) = (har::forecast_month(&returns), har::forecast_month(&scaled(&returns, 0.25)));
        prop_assert!(same(one.map(|fit| 0.25 * fit.forecast), quarter.map(|fit| fit.forecast), 1e-9));
        if let Ok(fit) = one {
            prop_assert!((0.0..=1.0).contains(&fit.r_squared) && fit.forecast >= 0.0);
        }
    }

    #[test]
    fn the_rate_balances_the_flows(paid in vec((0i64..2000, 1.0..1e6f64), 1..20), ratio in 0.3..3.0f64) {
        let mut flows: Vec<CashFlow> =
            paid.iter().map(|(day, amount)| CashFlow { day: *day, amount: -amount }).collect();
        let total: f64 = paid.iter().map(|(_, amount)| amount).sum();
        let end = ratio * total;
        flows.push(CashFlow { day: 3001, amount: end });
        let rate = xirr(&flows).unwrap();
        let worth: f64 =
            flows.iter().map(|flow| flow.amount * (1.0 + rate).powf((3001 - flow.day) as f64 / 365.0)).sum();
        prop_assert!(worth.abs() <= 1e-10 * end, "{} leaves {}", rate, worth);
        prop_assert_eq!(rate > 0.0, end > total);
    }
}
