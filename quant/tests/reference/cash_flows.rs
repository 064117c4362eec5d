//! The block `cash_flows`: payments every half year.

use quant::cash_flows::{CashFlow, Valuation, time_weighted_return, xirr};

use crate::series::{day_number, number, text};
use crate::support::{Closes, close, reference};

/// Day, and the investor's payment: negative when paid in. The last is the value at the end.
fn flows(case: &serde_json::Value) -> Vec<(String, f64)> {
    let flows = case["flows"].as_array().unwrap();
    flows.iter().map(|flow| (text(&flow[0]).to_owned(), flow[1].as_f64().unwrap())).collect()
}

#[test]
fn the_rate_of_the_money() {
    for case in reference()["cash_flows"].as_array().unwrap() {
        let flows: Vec<CashFlow> = flows(case)
            .into_iter()
            .map(|(date, amount)| CashFlow { day: day_number(&date), amount })
            .collect();
        close(xirr(&flows).unwrap(), number(case, "xirr_act365"), 1e-12);
        let reversed: Vec<CashFlow> = flows.into_iter().rev().collect();
        close(xirr(&reversed).unwrap(), number(case, "xirr_act365"), 1e-12);
    }
}

#[test]
fn the_return_of_the_time() {
    let stocks = Closes::of("sp500_20");
    for case in reference()["cash_flows"].as_array().unwrap() {
        let tickers: Vec<&str> = case["input"]["tickers"].as_array().unwrap().iter().map(text).collect();
        let price = |ticker: &str, date: &str| stocks.window(ticker, date, date)[0];
        let mut shares = vec![0.0; tickers.len()];
        let valuations: Vec<Valuation> = flows(case)
            .iter()
            .map(|(date, payment)| {
                let prices: Vec<f64> = tickers.iter().map(|ticker| price(ticker, date)).collect();
                let value = shares.iter().zip(&prices).map(|(shares, price)| shares * price).sum();
                let flow = -payment;
                for (shares, price) in shares.iter_mut().zip(&prices) {
                    *shares += flow / tickers.len() as f64 / price;
                }
                Valuation { value, flow }
            })
            .collect();
        close(valuations.last().unwrap().value, number(case, "end_value"), 1e-12);
        close(time_weighted_return(&valuations).unwrap(), number(case, "twr_total"), 1e-12);
    }
}
