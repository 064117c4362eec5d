//! The deterministic test series, and the tails printed for them.

use quant::sample::Sample;
use quant::var::{OrderedReturns, parametric_tail};
use quant::{Figure, periods};

use crate::support::printed;

/// m_t = 0.010 sin t + 0.005 cos 3t.
pub fn m(t: f64) -> f64 {
    0.010 * libm::sin(t) + 0.005 * libm::cos(3.0 * t)
}

/// a_t = 0.0005 + 1.2 m_t + 0.004 sin 2.1t.
pub fn a(t: f64) -> f64 {
    0.0005 + 1.2 * m(t) + 0.004 * libm::sin(2.1 * t)
}

/// s_t = (1 + 0.5 sin(t/20)) m_t.
pub fn s(t: f64) -> f64 {
    (1.0 + 0.5 * libm::sin(t / 20.0)) * m(t)
}

/// Terms 1 to `length`.
pub fn terms(series: fn(f64) -> f64, length: u32) -> Vec<f64> {
    (1..=length).map(|t| series(f64::from(t))).collect()
}

#[test]
fn first_values() {
    for (value, expected) in [
        (m(1.0), 0.003_464_747_365),
        (m(2.0), 0.013_893_825_702),
        (m(3.0), -0.003_144_451_229),
        (a(1.0), 0.008_110_534_305),
        (s(1.0), 0.003_551_329_963),
    ] {
        printed(Ok(value), expected, 12);
    }
}

#[test]
fn tails_of_the_last_hundred() {
    let returns = terms(s, 252);
    let returns = periods::last(&returns, 100).unwrap();
    let ordered = OrderedReturns::of(returns).unwrap();
    assert_eq!((ordered.tail_count(0.95), ordered.tail_count(0.99)), (Ok(5), Ok(1)));
    let published = ordered.tail(0.95, quant::var::TAIL_95_RETURNS_MIN).unwrap();
    printed(Ok(published.value_at_risk), 0.012_636_131_9, 10);
    printed(Ok(published.expected_shortfall), 0.017_027_091_6, 10);
    printed(ordered.tail(0.99, 0).map(|tail| tail.value_at_risk), 0.020_681_244_3, 10);
    assert!(ordered.tail(0.99, quant::var::TAIL_99_RETURNS_MIN).is_err());
    let normal = parametric_tail(&Sample::of(returns).unwrap(), 0.95).unwrap();
    printed(Ok(normal.value_at_risk), 0.013_096_845_6, 10);
    printed(Ok(normal.expected_shortfall), 0.016_414_915_2, 10);
}

#[test]
fn a_on_m_over_ninety_days() {
    let (a, m) = (terms(a, 90), terms(m, 90));
    let against = quant::against::Against::benchmark(&a, &m).unwrap();
    let alpha: Figure = against.alpha_daily(&quant::Convention::standard(252.0));
    printed(alpha, 0.000_512_532_8, 10);
    printed(against.beta(), 1.198_956_508_0, 10);
    printed(against.r_squared(), 0.918_737_089_9, 10);
}
