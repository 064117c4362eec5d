//! The daily returns of the reference portfolios, and days as numbers.

use quant::returns::weighted_returns;
use serde_json::Value;

use crate::support::{Closes, reference};

/// Relative difference that plain sums and moments may have.
pub const MOMENTS: f64 = 1e-12;
/// Relative difference that every other figure may have.
pub const FIGURES: f64 = 1e-9;

/// One portfolio of the reference, rebuilt from the closes.
pub struct Portfolio {
    /// Its block of the reference.
    pub reference: Value,
    /// `YYYY-MM-DD` of every close.
    pub dates: Vec<String>,
    /// Simple daily returns.
    pub returns: Vec<f64>,
    /// Returns of the index over the same days.
    pub index: Vec<f64>,
}

impl Portfolio {
    /// Every portfolio of the reference.
    pub fn all() -> Vec<Self> {
        let (stocks, index) = (Closes::of("sp500_20"), Closes::of("sp500_index"));
        let portfolios = reference()["portfolios"].as_array().unwrap().clone();
        portfolios.into_iter().map(|portfolio| Self::of(portfolio, &stocks, &index)).collect()
    }

    fn of(reference: Value, stocks: &Closes, index: &Closes) -> Self {
        let input = &reference["input"];
        let (from, to) = (text(&input["from"]), text(&input["to"]));
        let tickers: Vec<&str> = input["tickers"].as_array().unwrap().iter().map(text).collect();
        let closes: Vec<&[f64]> = tickers.iter().map(|ticker| stocks.window(ticker, from, to)).collect();
        let weights: Vec<f64> = match input["weights"].as_array() {
            Some(weights) => weights.iter().map(|weight| weight.as_f64().unwrap()).collect(),
            None => vec![1.0 / tickers.len() as f64; tickers.len()],
        };
        let returns = match text(&input["mode"]) {
            "daily_rebalanced" => {
                let returns: Vec<_> =
                    closes.iter().map(|closes| quant::returns::simple_returns(closes).unwrap()).collect();
                weighted_returns(&returns.iter().map(Vec::as_slice).collect::<Vec<_>>(), &weights).unwrap()
            }
            _ => quant::returns::simple_returns(&held(&closes, &weights)).unwrap(),
        };
        let window = |date: &&String| date.as_str() >= from && date.as_str() <= to;
        let dates = stocks.dates.iter().filter(window).cloned().collect();
        let ticker = index.by_ticker.keys().next().unwrap();
        let index = quant::returns::simple_returns(index.window(ticker, from, to)).unwrap();
        Self { dates, returns, index, reference }
    }

    /// The block of this name.
    pub fn block(&self, name: &str) -> &Value {
        &self.reference[name]
    }

    /// The date of the close with this index; 0 is before the first return.
    pub fn date(&self, index: u64) -> &str {
        &self.dates[usize::try_from(index).unwrap()]
    }
}

/// Value of a portfolio that starts at these weights and holds.
fn held(closes: &[&[f64]], weights: &[f64]) -> Vec<f64> {
    let value = |day: usize| -> f64 {
        closes.iter().zip(weights).map(|(closes, weight)| weight * closes[day] / closes[0]).sum()
    };
    (0..closes[0].len()).map(value).collect()
}

/// The number of that name.
#[track_caller]
pub fn number(block: &Value, name: &str) -> f64 {
    block[name].as_f64().unwrap_or_else(|| panic!("the reference has no number {name}"))
}

/// The text in a value.
#[track_caller]
pub fn text(value: &Value) -> &str {
    value.as_str().unwrap()
}

/// Days from 1970-01-01 to a date `YYYY-MM-DD`.
pub fn day_number(date: &str) -> i64 {
    let part = |range: std::ops::Range<usize>| date[range].parse::<i64>().unwrap();
    // March first, so that the leap day is a year's last.
    let months = part(0..4) * 12 + part(5..7) - 3;
    let (year, month) = (months.div_euclid(12), months.rem_euclid(12));
    year * 365 + year.div_euclid(4) - year.div_euclid(100)
        + year.div_euclid(400)
        + (153 * month + 2) / 5
        + part(8..10)
        - 719_469
}

#[test]
fn days_are_counted_from_1970() {
    assert_eq!((day_number("1970-01-01"), day_number("2000-03-01")), (0, 11_017));
    for portfolio in Portfolio::all() {
        let stats = portfolio.block("stats");
        let days = day_number(text(&stats["last_close"])) - day_number(text(&stats["first_close"]));
        assert_eq!(days, stats["calendar_days"].as_i64().unwrap());
        assert_eq!(portfolio.dates.len(), portfolio.returns.len() + 1);
        assert_eq!(portfolio.returns.len(), portfolio.index.len());
    }
}
