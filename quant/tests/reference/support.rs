//! What the tests share: the reference document and the closes it was computed from.

use std::collections::BTreeMap;
use std::io::Read;

use serde_json::Value;

/// The whole reference document.
pub fn reference() -> Value {
    let path = format!("{}/tests/fixtures/reference.json", env!("CARGO_MANIFEST_DIR"));
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

/// Closes of one file, by column, with the dates they share.
pub struct Closes {
    /// `YYYY-MM-DD`, rising.
    pub dates: Vec<String>,
    /// By ticker, a close per date.
    pub by_ticker: BTreeMap<String, Vec<f64>>,
}

impl Closes {
    /// One of `sp500_20`, `sp500_index` and `factor_etfs`.
    pub fn of(name: &str) -> Self {
        let path = format!("{}/../data/prices/{name}.csv.gz", env!("CARGO_MANIFEST_DIR"));
        let mut text = String::new();
        flate2::read::GzDecoder::new(std::fs::File::open(path).unwrap()).read_to_string(&mut text).unwrap();
        let mut lines = text.lines();
        let tickers: Vec<&str> = lines.next().unwrap().split(',').skip(1).collect();
        let mut closes = Self { dates: Vec::new(), by_ticker: BTreeMap::new() };
        for line in lines {
            let mut cells = line.split(',');
            closes.dates.push(cells.next().unwrap().to_owned());
            for (ticker, cell) in tickers.iter().zip(cells) {
                closes.by_ticker.entry((*ticker).to_owned()).or_default().push(cell.parse().unwrap());
            }
        }
        closes
    }

    /// The closes of `ticker` from one date to another, both included.
    pub fn window(&self, ticker: &str, from: &str, to: &str) -> &[f64] {
        let from = self.dates.partition_point(|date| date.as_str() < from);
        let to = self.dates.partition_point(|date| date.as_str() <= to);
        &self.by_ticker[ticker][from..to]
    }

    /// Their simple returns.
    pub fn returns(&self, ticker: &str, from: &str, to: &str) -> Vec<f64> {
        self.window(ticker, from, to).windows(2).map(|pair| pair[1] / pair[0] - 1.0).collect()
    }
}

/// `value` is `expected` up to a relative difference.
#[track_caller]
pub fn close(value: f64, expected: f64, relative: f64) {
    assert!(
        (value - expected).abs() <= relative * expected.abs(),
        "{value} is not {expected} to {relative} (relative {:e})",
        ((value - expected) / expected).abs()
    );
}

#[test]
fn the_closes_are_those_that_the_reference_names() {
    let document = reference();
    let portfolio = &document["portfolios"][0];
    let input = |name: &str| portfolio["input"][name].as_str().unwrap();
    let closes = Closes::of("sp500_20");
    let series: Vec<Vec<f64>> = portfolio["input"]["tickers"]
        .as_array()
        .unwrap()
        .iter()
        .map(|ticker| closes.returns(ticker.as_str().unwrap(), input("from"), input("to")))
        .collect();
    let stats = &portfolio["stats"];
    assert_eq!(series[0].len() as u64, stats["n_returns"].as_u64().unwrap());
    let sum: quant::sum::Sum = series.iter().flatten().copied().collect();
    let mean = sum.total().unwrap() / (series.len() * series[0].len()) as f64;
    close(mean, stats["mean_daily"].as_f64().unwrap(), 1e-12);
}

/// A JSON number.
#[track_caller]
pub fn number(value: &Value) -> f64 {
    value.as_f64().unwrap_or_else(|| panic!("{value} is no number"))
}

/// A reference portfolio with the closes it was computed from.
pub struct Case {
    block: Value,
    stocks: Closes,
}

/// All reference portfolios.
pub fn cases() -> Vec<Case> {
    let mut document = reference();
    let blocks = document["portfolios"].as_array_mut().unwrap();
    blocks.drain(..).map(|block| Case { block, stocks: Closes::of("sp500_20") }).collect()
}

impl Case {
    /// A block of its figures.
    pub fn block(&self, name: &str) -> &Value {
        &self.block[name]
    }

    /// Its stocks, in order.
    pub fn tickers(&self) -> Vec<String> {
        let tickers = self.block["input"]["tickers"].as_array().unwrap();
        tickers.iter().map(|ticker| ticker.as_str().unwrap().to_owned()).collect()
    }

    /// Simple returns of each stock.
    pub fn returns(&self) -> Vec<Vec<f64>> {
        let (from, to) = self.window();
        self.tickers().iter().map(|ticker| self.stocks.returns(ticker, from, to)).collect()
    }

    /// Simple returns of the index.
    pub fn index(&self) -> Vec<f64> {
        let (from, to) = self.window();
        Closes::of("sp500_index").returns("SP500", from, to)
    }

    /// Simple returns of factor funds.
    pub fn funds(&self, tickers: &[&str]) -> Vec<Vec<f64>> {
        let ((from, to), closes) = (self.window(), Closes::of("factor_etfs"));
        tickers.iter().map(|ticker| closes.returns(ticker, from, to)).collect()
    }

    /// Weights at the last close, in the order of the stocks.
    pub fn end_weights(&self) -> Vec<f64> {
        let weights = &self.block["cross_section"]["end_weights"];
        self.tickers().iter().map(|ticker| number(&weights[ticker])).collect()
    }

    /// Simple returns of the portfolio: the weighted mean every day, or those of what was bought and held.
    pub fn portfolio(&self) -> Vec<f64> {
        let (input, returns) = (&self.block["input"], self.returns());
        let count = returns.len();
        let mut values: Vec<f64> = match input["weights"].as_array() {
            Some(weights) => weights.iter().map(number).collect(),
            None => vec![1.0 / count as f64; count],
        };
        let held = input["mode"] == "buy_and_hold";
        (0..returns[0].len())
            .map(|day| {
                let (mut before, mut gained) = (0.0, 0.0);
                for (value, series) in values.iter_mut().zip(&returns) {
                    before += *value;
                    gained += *value * series[day];
                    if held {
                        *value *= 1.0 + series[day];
                    }
                }
                gained / before
            })
            .collect()
    }

    fn window(&self) -> (&str, &str) {
        let input = &self.block["input"];
        (input["from"].as_str().unwrap(), input["to"].as_str().unwrap())
    }
}
