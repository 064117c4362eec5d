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
