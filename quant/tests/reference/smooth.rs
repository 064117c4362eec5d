//! Smooth series of which every figure was computed independently: daily simple returns, t = 1, 2, … in radians.

use std::ops::RangeInclusive;

/// A return by its day.
pub type Series = fn(f64) -> f64;

/// The market: 0.010 sin t + 0.005 cos 3t.
pub fn m(t: f64) -> f64 {
    0.010 * libm::sin(t) + 0.005 * libm::cos(3.0 * t)
}

/// A position that follows the market by 1.2.
pub fn a(t: f64) -> f64 {
    0.0005 + 1.2 * m(t) + 0.004 * libm::sin(2.1 * t)
}

/// A position that follows the market by 0.8.
pub fn b(t: f64) -> f64 {
    0.8 * m(t) - 0.003 * libm::cos(1.7 * t)
}

/// A spread that has nothing to do with the market.
pub fn v(t: f64) -> f64 {
    0.006 * libm::sin(1.3 * t) + 0.002 * libm::cos(t)
}

/// A factor that overlaps the market.
pub fn g(t: f64) -> f64 {
    0.5 * m(t) + 0.004 * libm::sin(0.7 * t)
}

/// A position made of market and overlapping factor.
pub fn c(t: f64) -> f64 {
    1.1 * m(t) - 0.6 * g(t) + 0.002 * libm::sin(2.3 * t)
}

/// The values of a series on the days given.
pub fn of(series: Series, days: RangeInclusive<u32>) -> Vec<f64> {
    days.map(|day| series(f64::from(day))).collect()
}

#[test]
fn the_first_values_are_those_printed() {
    let printed: [(Series, f64); 6] = [
        (m, 0.003464747365),
        (a, 0.008110534305),
        (b, 0.003158331375),
        (v, 0.006861953724),
        (g, 0.004309244431),
        (c, 0.002717085867),
    ];
    for (series, expected) in printed {
        assert!((series(1.0) - expected).abs() < 5e-13);
    }
}
