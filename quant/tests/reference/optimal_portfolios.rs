//! `optimal_portfolios`: the weights of independent optimisers.

use quant::covariance::{Centring, Weighting, covariance_matrix};
use quant::optimal::hierarchical::hierarchical_risk_parity;
use quant::optimal::risk_parity::equal_risk_contribution;
use quant::optimal::{OptimalPortfolio, max_sharpe, min_variance};
use quant::panel::Panel;
use serde_json::Value;

use crate::support::{Closes, close, reference};

#[test]
fn optimal_weights_are_those_of_the_optimisers() {
    let document = reference();
    for case in document["optimal_portfolios"].as_array().unwrap() {
        let input = |name: &str| case["input"][name].as_str().unwrap();
        let closes = Closes::of("sp500_20");
        let tickers: Vec<&str> = case["input"]["tickers"]
            .as_array()
            .unwrap()
            .iter()
            .map(|ticker| ticker.as_str().unwrap())
            .collect();
        let returns: Vec<Vec<f64>> =
            tickers.iter().map(|ticker| closes.returns(ticker, input("from"), input("to"))).collect();
        let means: Vec<f64> = returns.iter().map(|of| of.iter().sum::<f64>() / of.len() as f64).collect();
        let panel = returns.concat();
        let panel = Panel::new(&panel, returns[0].len()).unwrap();
        let covariance = covariance_matrix(&panel, Weighting::Equal, Centring::SampleMean).unwrap();
        let check = |portfolio: OptimalPortfolio, expected: &Value| {
            for (ticker, weight) in tickers.iter().zip(&portfolio.weights) {
                let expected = expected[*ticker].as_f64().unwrap();
                assert!((weight - expected).abs() <= 1e-12, "{ticker} {weight} is not {expected}");
            }
            portfolio
        };
        let exact = [
            ("min_variance", min_variance(&covariance)),
            ("max_sharpe", max_sharpe(&covariance, &means)),
            ("equal_risk_contribution", equal_risk_contribution(&covariance)),
        ];
        for (name, portfolio) in exact {
            let portfolio = check(portfolio.unwrap(), &case[name]["weights"]);
            let volatility = (portfolio.variance * 252.0).sqrt();
            close(volatility, case[name]["vol_annual"].as_f64().unwrap(), 1e-12);
        }
        check(hierarchical_risk_parity(&covariance).unwrap(), &case["hrp_pypfopt"]);
    }
}
