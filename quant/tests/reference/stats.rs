//! The blocks `stats`, `monthly_returns` and `annual_returns`.

use quant::against::Against;
use quant::periods::{Period, cagr_by_calendar, cagr_by_sessions, last, linked_by};
use quant::ratios;
use quant::rolling::{rolling_deviations, rolling_slopes};
use quant::sample::{Estimator, Sample};
use quant::var::{OrderedReturns, parametric_tail};
use quant::wealth::{WealthPath, linked, stability};
use quant::{Convention, Deviation, volatility};

use crate::series::{FIGURES, MOMENTS, Portfolio, day_number, number, text};
use crate::support::close;

fn daily() -> Convention {
    Convention::standard(252.0)
}

#[test]
fn growth() {
    for portfolio in Portfolio::all() {
        let stats = portfolio.block("stats");
        let path = WealthPath::of(&portfolio.returns).unwrap();
        close(path.cumulative_return, number(stats, "cumulative_return"), MOMENTS);
        assert_eq!(linked(&portfolio.returns), Ok(path.cumulative_return));
        assert_eq!(Period::Inception.linked(&portfolio.returns), Ok(path.cumulative_return));
        let cagr = cagr_by_sessions(path.cumulative_return, portfolio.returns.len() as u64).unwrap();
        close(cagr, number(stats, "cagr_252"), FIGURES);
        let days = day_number(text(&stats["last_close"])) - day_number(text(&stats["first_close"]));
        let by_calendar = cagr_by_calendar(path.cumulative_return, days).unwrap();
        close(by_calendar, number(stats, "cagr_365_25"), FIGURES);
        close(ratios::calmar(cagr, path.depth()).unwrap(), number(stats, "calmar"), FIGURES);
        close(stability(&portfolio.returns).unwrap(), number(stats, "stability_r2"), FIGURES);
    }
}

#[test]
fn drawdown() {
    for portfolio in Portfolio::all() {
        let stats = portfolio.block("stats");
        let path = WealthPath::of(&portfolio.returns).unwrap();
        close(path.max_drawdown, number(stats, "max_drawdown"), FIGURES);
        close(path.ulcer_index, number(stats, "ulcer_index"), FIGURES);
        let deepest = path.deepest.unwrap();
        assert_eq!(portfolio.date(deepest.peak_index), text(&stats["max_drawdown_peak"]));
        assert_eq!(portfolio.date(deepest.trough_index), text(&stats["max_drawdown_trough"]));
        let recovery = deepest.recovery_index.map(|index| portfolio.date(index));
        assert_eq!(recovery, stats["max_drawdown_recovery"].as_str());
    }
}

#[test]
fn moments() {
    for portfolio in Portfolio::all() {
        let stats = portfolio.block("stats");
        let sample = Sample::of(&portfolio.returns).unwrap();
        close(sample.mean(), number(stats, "mean_daily"), MOMENTS);
        close(ratios::volatility(&sample, &daily()).unwrap(), number(stats, "vol_annual"), MOMENTS);
        let downside = ratios::downside_deviation(&sample, &daily()).unwrap();
        close(downside, number(stats, "downside_deviation_annual"), MOMENTS);
        for (estimator, suffix) in [(Estimator::Population, ""), (Estimator::Unbiased, "_unbiased")] {
            // The third powers of the second portfolio nearly cancel.
            let skewness = sample.skewness(estimator).unwrap();
            close(skewness, number(stats, &format!("skew{suffix}")), FIGURES);
            let kurtosis = sample.excess_kurtosis(estimator).unwrap();
            close(kurtosis, number(stats, &format!("kurtosis_excess{suffix}")), MOMENTS);
        }
        close(sample.highest(), number(stats, "best_day"), MOMENTS);
        close(sample.lowest(), number(stats, "worst_day"), MOMENTS);
        assert_eq!(Some(sample.positive_count()), stats["positive_days"].as_u64());
    }
}

#[test]
fn ratios_of_reward_and_risk() {
    for portfolio in Portfolio::all() {
        let stats = portfolio.block("stats");
        let sample = Sample::of(&portfolio.returns).unwrap();
        close(ratios::sharpe(&sample, &daily()).unwrap(), number(stats, "sharpe_rf0"), FIGURES);
        let two_percent = daily().with_risk_free(0.02);
        close(ratios::sharpe(&sample, &two_percent).unwrap(), number(stats, "sharpe_rf2pct"), FIGURES);
        close(ratios::sortino(&sample, &daily()).unwrap(), number(stats, "sortino_rf0"), FIGURES);
        close(ratios::omega(&sample, 0.0).unwrap(), number(stats, "omega_0"), FIGURES);
    }
}

#[test]
fn tails() {
    for portfolio in Portfolio::all() {
        let stats = portfolio.block("stats");
        let ordered = OrderedReturns::of(&portfolio.returns).unwrap();
        let sample = Sample::of(&portfolio.returns).unwrap();
        for (confidence, percent) in [(0.95, "95"), (0.99, "99")] {
            let named = |name: &str| number(stats, &format!("{name}_{percent}"));
            close(ordered.quantile(1.0 - confidence).unwrap(), named("var_hist"), FIGURES);
            close(ordered.shortfall(1.0 - confidence).unwrap(), named("cvar_hist"), FIGURES);
            let normal = parametric_tail(&sample, confidence).unwrap();
            close(-normal.value_at_risk, named("var_gauss"), FIGURES);
            close(-normal.expected_shortfall, named("cvar_gauss"), FIGURES);
        }
        close(ordered.tail_ratio().unwrap(), number(stats, "tail_ratio"), FIGURES);
    }
}

#[test]
fn beside_the_index() {
    for portfolio in Portfolio::all() {
        let stats = portfolio.block("stats");
        let against = Against::benchmark(&portfolio.returns, &portfolio.index).unwrap();
        for (figure, name) in [
            (against.beta(), "beta"),
            (against.alpha_daily(&daily()), "alpha_daily"),
            (against.alpha_annual(&daily()), "alpha_annual_x252"),
            (against.alpha_annual_compounded(&daily()), "alpha_annual_compound"),
            (against.pair().correlation(), "corr_index"),
            (against.r_squared(), "r2_index"),
            (against.tracking_error(&daily()), "tracking_error_annual"),
            (against.information_ratio(&daily()), "information_ratio_annual"),
            (against.up_capture(), "up_capture_mean_ratio"),
            (against.down_capture(), "down_capture_mean_ratio"),
        ] {
            close(figure.unwrap(), number(stats, name), FIGURES);
        }
    }
}

#[test]
fn the_last_of_the_rolling_windows() {
    for portfolio in Portfolio::all() {
        let stats = portfolio.block("stats");
        let expected = number(stats, "rolling_vol_63_last");
        close(volatility::realised(&portfolio.returns, 63).unwrap(), expected, FIGURES);
        let deviations = rolling_deviations(&portfolio.returns, 63, Deviation::Sample).unwrap();
        close(deviations.last().unwrap() * 252f64.sqrt(), expected, FIGURES);
        let slopes = rolling_slopes(&portfolio.returns, &portfolio.index, 252).unwrap();
        let expected = number(stats, "rolling_beta_252_last");
        close(slopes.last().unwrap().unwrap(), expected, FIGURES);
        let year =
            Against::benchmark(last(&portfolio.returns, 252).unwrap(), last(&portfolio.index, 252).unwrap());
        close(year.unwrap().beta().unwrap(), expected, FIGURES);
    }
}

#[test]
fn months_and_years() {
    for portfolio in Portfolio::all() {
        for (length, name) in [(7, "monthly_returns"), (4, "annual_returns")] {
            let keys: Vec<&str> = portfolio.dates[1..].iter().map(|date| &date[..length]).collect();
            let linked = linked_by(&portfolio.returns, &keys).unwrap();
            let expected = portfolio.block(name).as_object().unwrap();
            assert_eq!(linked.len(), expected.len());
            for (key, value) in linked {
                let (value, expected) = (value.unwrap(), expected[key].as_f64().unwrap());
                // A month near zero is a difference of growth near one: relative to that.
                assert!((value - expected).abs() <= MOMENTS * (1.0 + expected).abs(), "{key}: {value}");
            }
        }
    }
}
