//! The block `contract`: tapedeck's own definitions of ratios, volatility and tails.

use quant::har;
use quant::periods::last;
use quant::sample::Sample;
use quant::var::{OrderedReturns, parametric_tail};
use quant::volatility::{self, Direction};
use quant::{Convention, RiskFreeSplit, ratios};

use crate::series::{FIGURES, Portfolio, number};
use crate::support::close;
use crate::volatility::coefficients;

#[test]
fn ratios_over_a_divided_rate() {
    let divided = Convention { risk_free_split: RiskFreeSplit::Divided, ..Convention::standard(252.0) };
    let convention = divided.with_risk_free(0.04);
    for portfolio in Portfolio::all() {
        let block = portfolio.block("contract");
        let sample = Sample::of(&portfolio.returns).unwrap();
        let sharpe = ratios::sharpe(&sample, &convention).unwrap();
        close(sharpe, number(block, "sharpe_rf4pct_over_252"), FIGURES);
        let sortino = ratios::sortino(&sample, &convention).unwrap();
        close(sortino, number(block, "sortino_rf4pct_over_252"), FIGURES);
    }
}

#[test]
fn realised_volatility_its_trend_and_its_rank() {
    for portfolio in Portfolio::all() {
        let block = &portfolio.block("contract")["volatility"];
        for (sessions, name) in [(21, "21d"), (63, "63d"), (252, "252d")] {
            let realised = volatility::realised(&portfolio.returns, sessions).unwrap();
            close(realised, number(block, name), FIGURES);
        }
        let trend = volatility::trend(&portfolio.returns).unwrap();
        close(trend.slope, number(block, "trend_slope"), FIGURES);
        close(trend.r_squared.unwrap(), number(block, "trend_r2"), FIGURES);
        assert_eq!(trend.direction, Direction::Decreasing);
        assert_eq!(volatility::percentile(&portfolio.returns), Ok(number(block, "percentile")));
    }
}

#[test]
fn the_forecast_of_a_month() {
    for portfolio in Portfolio::all() {
        let block = &portfolio.block("contract")["volatility"];
        for (returns, name) in
            [(last(&portfolio.returns, 252).unwrap(), "har"), (&portfolio.returns, "har_full_window")]
        {
            let (fitted, expected) = (har::forecast_month(returns).unwrap(), &block[name]);
            assert_eq!(Some(fitted.rows), expected["rows"].as_u64());
            coefficients(&fitted, &expected["coef"], ["const", "d1", "d5", "d21"]);
            for (input, expected) in fitted.inputs.iter().zip(expected["inputs"].as_array().unwrap()) {
                close(*input, expected.as_f64().unwrap(), FIGURES);
            }
            close(fitted.r_squared, number(expected, "r2"), FIGURES);
            close(fitted.forecast, number(expected, "forecast"), FIGURES);
        }
    }
}

#[test]
fn tails() {
    for portfolio in Portfolio::all() {
        let ordered = OrderedReturns::of(&portfolio.returns).unwrap();
        let sample = Sample::of(&portfolio.returns).unwrap();
        for (confidence, name) in [(0.95, "var_95"), (0.99, "var_99")] {
            let block = &portfolio.block("contract")[name];
            assert_eq!(ordered.tail_count(confidence).unwrap() as u64, block["k"].as_u64().unwrap());
            let historical = ordered.tail(confidence, 0).unwrap();
            close(historical.value_at_risk, number(block, "historical_loss"), FIGURES);
            close(historical.expected_shortfall, number(block, "historical_es"), FIGURES);
            let normal = parametric_tail(&sample, confidence).unwrap();
            close(normal.value_at_risk, number(block, "parametric_loss"), FIGURES);
            close(normal.expected_shortfall, number(block, "parametric_es"), FIGURES);
        }
    }
}
