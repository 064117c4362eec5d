//! Whatever comes in, a figure of a return series is a finite number or says why there is none.

use proptest::collection::vec;
use proptest::prelude::*;
use quant::against::Against;
use quant::cash_flows::{CashFlow, Valuation, time_weighted_return, xirr};
use quant::har::Har;
use quant::linear::Symmetric;
use quant::monte_carlo::NormalReturns;
use quant::periods::{Period, cagr_by_calendar, cagr_by_sessions};
use quant::returns::{overlapping_returns, weighted_returns};
use quant::rolling::{rolling_deviations, rolling_means, rolling_slopes};
use quant::sample::{Estimator, Sample};
use quant::var::{OrderedReturns, Tail, parametric_tail};
use quant::volatility::{Bar, EwmaStart};
use quant::wealth::{WealthPath, linked, stability};
use quant::{Convention, Deviation, Figure, Unavailable, har, ratios, volatility};

fn value() -> impl Strategy<Value = f64> {
    prop_oneof![
        8 => -0.1..0.1f64,
        2 => any::<f64>(),
        1 => prop_oneof![
            Just(f64::NAN), Just(f64::INFINITY), Just(1e308), Just(-1e308), Just(5e-324), Just(0.0), Just(-1.0),
        ],
    ]
}

/// Mostly usable series, some with one hostile value, some constant, some hostile throughout.
fn series() -> impl Strategy<Value = Vec<f64>> {
    let usable = || vec(-0.1..0.1f64, 0..300);
    prop_oneof![
        usable(),
        (usable(), value(), any::<prop::sample::Index>()).prop_map(|(mut series, value, at)| {
            if !series.is_empty() {
                let at = at.index(series.len());
                series[at] = value;
            }
            series
        }),
        (value(), 0usize..300).prop_map(|(value, length)| vec![value; length]),
        vec(value(), 0..40),
    ]
}

fn tail(tail: Result<Tail, Unavailable>) -> [Figure; 2] {
    [tail.map(|tail| tail.value_at_risk), tail.map(|tail| tail.expected_shortfall)]
}

fn fit(fit: Result<Har, Unavailable>) -> Vec<Figure> {
    match fit {
        Ok(fit) => fit
            .coefficients
            .into_iter()
            .chain(fit.inputs)
            .chain([fit.r_squared, fit.forecast])
            .map(Ok)
            .chain(fit.t_statistics)
            .chain([har::annual_volatility(fit.forecast)])
            .collect(),
        Err(unavailable) => vec![Err(unavailable)],
    }
}

fn each(values: Result<Vec<f64>, Unavailable>) -> Vec<Figure> {
    values.map_or_else(|unavailable| vec![Err(unavailable)], |values| values.into_iter().map(Ok).collect())
}

fn of_sample(returns: &[f64], convention: &Convention) -> Vec<Figure> {
    let sample = match Sample::of(returns) {
        Ok(sample) => sample,
        Err(unavailable) => return vec![Err(unavailable)],
    };
    let mut figures = vec![Ok(sample.mean()), Ok(sample.lowest()), Ok(sample.highest())];
    for estimator in [Estimator::Population, Estimator::Unbiased] {
        figures.extend([sample.skewness(estimator), sample.excess_kurtosis(estimator)]);
    }
    figures.extend([
        sample.deviation(Deviation::Sample),
        ratios::volatility(&sample, convention),
        ratios::sharpe(&sample, convention),
        ratios::sortino(&sample, convention),
        ratios::downside_deviation(&sample, convention),
        ratios::omega(&sample, convention.risk_free_annual),
    ]);
    figures.extend(tail(parametric_tail(&sample, 0.95)));
    figures
}

fn of_path(returns: &[f64]) -> Vec<Figure> {
    let path = WealthPath::of(returns);
    let mut figures = vec![
        path.map(|path| path.cumulative_return),
        path.map(|path| path.max_drawdown),
        path.map(|path| path.current_drawdown),
        path.map(|path| path.ulcer_index),
        linked(returns),
        stability(returns),
        linked(returns).and_then(|total| cagr_by_sessions(total, 252)),
        linked(returns).and_then(|total| cagr_by_calendar(total, 365)),
        linked(returns).and_then(|total| ratios::calmar(total, path?.depth())),
    ];
    for period in
        [Period::Day, Period::Month, Period::Year, Period::YearToDate { first: 3 }, Period::Inception]
    {
        figures.push(period.linked(returns));
    }
    figures
}

fn of_volatility(returns: &[f64]) -> Vec<Figure> {
    let trend = volatility::trend(returns);
    let mut figures = vec![
        volatility::realised(returns, 21),
        trend.map(|trend| trend.slope),
        trend.and_then(|trend| trend.r_squared),
        volatility::percentile(returns),
        volatility::ewma(returns, 0.94, EwmaStart::FirstSquare),
        volatility::ewma(returns, 0.94, EwmaStart::Adjusted),
    ];
    figures.extend(fit(har::forecast_month(returns)));
    figures.extend([1, 5, 22].into_iter().flat_map(|horizon| fit(har::realised_variance(returns, horizon))));
    figures.extend(each(rolling_deviations(returns, 21, Deviation::Sample)));
    figures.extend(each(rolling_means(returns, 5)));
    figures.extend(each(overlapping_returns(returns, 10)));
    figures
}

fn of_tails(returns: &[f64]) -> Vec<Figure> {
    let ordered = match OrderedReturns::of(returns) {
        Ok(ordered) => ordered,
        Err(unavailable) => return vec![Err(unavailable)],
    };
    let mut figures = vec![ordered.quantile(0.05), ordered.shortfall(0.05), ordered.tail_ratio()];
    figures.extend([0.9, 0.95, 0.99].into_iter().flat_map(|confidence| tail(ordered.tail(confidence, 0))));
    figures
}

fn beside(returns: &[f64], benchmark: &[f64], convention: &Convention) -> Vec<Figure> {
    let against = match Against::benchmark(returns, benchmark) {
        Ok(against) => against,
        Err(unavailable) => return vec![Err(unavailable)],
    };
    let mut figures = vec![
        against.beta(),
        against.r_squared(),
        against.alpha_annual(convention),
        against.alpha_annual_compounded(convention),
        against.tracking_error(convention),
        against.information_ratio(convention),
        against.up_capture(),
        against.down_capture(),
    ];
    figures.extend(rolling_slopes(returns, benchmark, 21).unwrap_or_default());
    figures.extend(each(weighted_returns(&[returns, benchmark], &[2.0, -1.0])));
    figures
}

#[track_caller]
fn finite_or_refused(figures: Vec<Figure>) -> Result<(), TestCaseError> {
    for (index, figure) in figures.into_iter().enumerate() {
        prop_assert!(figure.is_err() || figure.is_ok_and(f64::is_finite), "figure {} is {:?}", index, figure);
    }
    Ok(())
}

proptest! {
    #[test]
    fn only_numbers_leave(returns in series(), risk_free in value()) {
        for convention in [Convention::standard(252.0), Convention::ai_trader()] {
            finite_or_refused(of_sample(&returns, &convention.with_risk_free(risk_free)))?;
        }
        finite_or_refused(of_path(&returns))?;
        finite_or_refused(of_volatility(&returns))?;
        finite_or_refused(of_tails(&returns))?;
    }

    #[test]
    fn only_numbers_leave_a_comparison(pairs in vec((value(), value()), 0..60)) {
        let (returns, benchmark): (Vec<f64>, Vec<f64>) = pairs.into_iter().unzip();
        finite_or_refused(beside(&returns, &benchmark, &Convention::standard(252.0)))?;
    }

    #[test]
    fn only_numbers_leave_payments(flows in vec((any::<i64>(), value()), 0..12)) {
        let dated: Vec<_> = flows.iter().map(|(day, amount)| CashFlow { day: *day, amount: *amount }).collect();
        let valuations: Vec<_> =
            flows.iter().map(|(_, amount)| Valuation { value: amount.abs(), flow: 0.1 * amount }).collect();
        finite_or_refused(vec![xirr(&dated), time_weighted_return(&valuations)])?;
    }

    #[test]
    fn only_numbers_leave_bars_and_simulations(values in vec(value(), 8)) {
        let bars: Vec<_> = values
            .chunks(4)
            .map(|bar| Bar { open: bar[0], high: bar[1].max(bar[0]).max(bar[3]), low: bar[2].abs(), close: bar[3] })
            .collect();
        finite_or_refused(vec![volatility::yang_zhang(100.0, &bars)])?;
        let covariance = [vec![values[0], values[1]], vec![values[1], values[2]]];
        let simulated = Symmetric::from_rows(&covariance)
            .and_then(|covariance| NormalReturns::of(&values[3..5], &covariance))
            .and_then(|model| model.book_returns(&values[5..7], 20, 1));
        finite_or_refused(each(simulated))?;
    }
}
