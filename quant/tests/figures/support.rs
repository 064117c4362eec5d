//! What the tests share: comparing figures, and series from bare values.

use quant::{Convention, EquityPoint, Figure, PerformanceAccumulator};
use serde::de::DeserializeOwned;

/// The figure is the printed number, up to half a unit of its last digit.
#[track_caller]
pub fn printed(figure: Figure, expected: f64, digits: i32) {
    let value = figure.unwrap();
    let half = 0.5 * 10f64.powi(-digits) * (1.0 + 1e-9);
    assert!((value - expected).abs() <= half, "{value} is not {expected} to {digits} digits");
}

/// The figure is the expected number, up to a relative difference.
#[track_caller]
pub fn close(figure: Figure, expected: f64, relative: f64) {
    let value = figure.unwrap();
    assert!((value - expected).abs() <= relative * expected.abs(), "{value} is not {expected} to {relative}");
}

/// A series with a point a day from day 0.
pub fn daily(convention: Convention, values: &[f64]) -> PerformanceAccumulator {
    on_days(convention, &(0..).take(values.len()).collect::<Vec<_>>(), values)
}

/// A series with the given days.
pub fn on_days(convention: Convention, days: &[i64], values: &[f64]) -> PerformanceAccumulator {
    let mut accumulator = PerformanceAccumulator::new(convention);
    for (day, value) in days.iter().zip(values) {
        accumulator.push(EquityPoint::new(*day, *value));
    }
    accumulator
}

/// A file of `tests/fixtures`.
pub fn fixture<T: DeserializeOwned>(name: &str) -> T {
    let path = format!("{}/tests/fixtures/{name}", env!("CARGO_MANIFEST_DIR"));
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}
