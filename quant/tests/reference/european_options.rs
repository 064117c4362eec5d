//! `european_options`: prices, Greeks and implied volatilities of the Black-Scholes-Merton model.

use quant::options::batch::{OptionColumns, greek_columns};
use quant::options::greeks::greeks;
use quant::options::implied_volatility::implied_volatility;
use quant::options::{OptionKind, OptionMarket, OptionTerms};
use serde_json::Value;

use crate::support::reference;

/// Terms, market and volatility of one row.
pub fn option(row: &Value) -> (OptionTerms, OptionMarket, f64) {
    let number = |name: &str| row[name].as_f64().unwrap();
    let kind = if row["cp"] == "c" { OptionKind::Call } else { OptionKind::Put };
    let terms = OptionTerms { kind, strike: number("K"), years: number("days") / 365.0 };
    (terms, OptionMarket { spot: number("S"), rate: number("r"), dividend_yield: number("q") }, number("vol"))
}

#[test]
fn prices_and_greeks_are_those_of_fifty_digits() {
    let document = reference();
    for row in document["european_options"].as_array().unwrap() {
        let (terms, market, volatility) = option(row);
        let of = greeks(&terms, &market, volatility).unwrap();
        let figures = [
            ("price", of.price, market.spot),
            ("delta", of.delta, 1.0),
            ("gamma", of.gamma, 1.0),
            ("theta", of.theta, market.spot),
            ("vega", of.vega, market.spot),
            ("rho", of.rho, market.spot),
            ("dividend_rho", of.dividend_rho, market.spot),
            ("vanna", of.vanna, market.spot),
            ("vomma", of.vomma, market.spot),
        ];
        for (name, value, scale) in figures {
            let expected = row[name].as_f64().unwrap();
            let tolerance = 1e-12 * scale.max(expected.abs());
            assert!((value - expected).abs() <= tolerance, "{name} {value} is not {expected} in {row}");
        }
    }
}

#[test]
fn a_batch_has_the_bits_of_its_options() {
    let document = reference();
    let rows: Vec<_> = document["european_options"].as_array().unwrap().iter().map(option).collect();
    let column = |of: fn(&(OptionTerms, OptionMarket, f64)) -> f64| rows.iter().map(of).collect::<Vec<_>>();
    let kind: Vec<_> = rows.iter().map(|row| row.0.kind).collect();
    let priced = greek_columns(&OptionColumns {
        kind: &kind,
        spot: &column(|row| row.1.spot),
        strike: &column(|row| row.0.strike),
        years: &column(|row| row.0.years),
        rate: &column(|row| row.1.rate),
        dividend_yield: &column(|row| row.1.dividend_yield),
        volatility: &column(|row| row.2),
    })
    .unwrap();
    let columns = priced.complete().unwrap();
    for (at, (terms, market, volatility)) in rows.iter().enumerate() {
        let of = greeks(terms, market, *volatility).unwrap();
        let batch = [
            columns.price[at],
            columns.delta[at],
            columns.gamma[at],
            columns.theta[at],
            columns.vega[at],
            columns.rho[at],
        ];
        let single = [of.price, of.delta, of.gamma, of.theta, of.vega, of.rho];
        assert_eq!(batch.map(f64::to_bits), single.map(f64::to_bits));
    }
}

#[test]
fn a_price_gives_its_volatility_back_or_says_that_it_cannot() {
    let document = reference();
    for row in document["european_options"].as_array().unwrap() {
        let (terms, market, _) = option(row);
        let found = implied_volatility(&terms, &market, row["price"].as_f64().unwrap());
        match row["iv"].as_f64() {
            Some(expected) => {
                let found = found.unwrap();
                let tolerance = row["iv_abs_tol"].as_f64().unwrap();
                assert!((found.volatility - expected).abs() <= tolerance, "{found:?} in {row}");
                assert!(found.uncertainty <= 1.1 * tolerance, "{found:?} in {row}");
            }
            None => assert!(found.is_err(), "{found:?} in {row}"),
        }
    }
}
