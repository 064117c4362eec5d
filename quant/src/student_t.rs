//! How unlikely a t statistic is: p values of Student's distribution by the incomplete beta function.

use crate::figure::{Because, Figure, finite, number, positive};
use crate::moments::at_least;

/// Terms of the continued fraction; it converges in about √(max(a, b)) of them.
const TERMS_MAX: u32 = 10_000;

/// Two-sided p value of `t` with `degrees` of freedom, 0 to 1: the chance of a larger |t| when the true
/// coefficient is zero. I_x(ν/2, 1/2) at x = ν/(ν + t²) (Abramowitz and Stegun 26.7.1).
///
/// True to about 1e-11, relatively, up to 10,000 degrees. Zero when it is below the smallest number.
pub fn two_sided_p(t: f64, degrees: f64) -> Figure {
    finite(t)?;
    positive(degrees, Because::InvalidConvention)?;
    let square = t * t;
    if square.is_infinite() {
        return Ok(0.0);
    }
    incomplete_beta(degrees / 2.0, 0.5, degrees / (degrees + square), square / (degrees + square))
}

/// p value of Pearson's correlation `rho` of `count` pairs, two-sided: t = ρ √((n − 2)/(1 − ρ²)) with n − 2
/// degrees of freedom. Needs three pairs.
pub fn correlation_p(rho: f64, count: u64) -> Figure {
    at_least(3, count)?;
    if !(-1.0..=1.0).contains(&finite(rho)?) {
        return Err(Because::InvalidConvention.into());
    }
    let degrees = number(count - 2);
    let rest = (1.0 - rho) * (1.0 + rho);
    if rest <= 0.0 {
        return Ok(0.0);
    }
    two_sided_p(rho * (degrees / rest).sqrt(), degrees)
}

/// I_x(a, b), with `y` = 1 − x given apart, because the difference would lose digits.
fn incomplete_beta(a: f64, b: f64, x: f64, y: f64) -> Figure {
    if y <= 0.0 {
        return Ok(1.0);
    }
    if x <= 0.0 {
        return Ok(0.0);
    }
    // ln x from the smaller of the two, where it has its digits.
    let ln_x = if x > 0.5 { libm::log1p(-y) } else { libm::log(x) };
    let ln_y = if y > 0.5 { libm::log1p(-x) } else { libm::log(y) };
    let ln_front = libm::lgamma(a + b) - libm::lgamma(a) - libm::lgamma(b) + a * ln_x + b * ln_y;
    let front = libm::exp(ln_front);
    let value = if x < (a + 1.0) / (a + b + 2.0) {
        front * continued_fraction(a, b, x)? / a
    } else {
        1.0 - front * continued_fraction(b, a, y)? / b
    };
    Ok(finite(value)?.clamp(0.0, 1.0))
}

/// The continued fraction of the incomplete beta function (Abramowitz and Stegun 26.5.8) by Lentz's method.
fn continued_fraction(a: f64, b: f64, x: f64) -> Figure {
    let away_from_zero = |value: f64| if value.abs() < 1e-300 { 1e-300 } else { value };
    let mut c = 1.0;
    let mut d = 1.0 / away_from_zero(1.0 - (a + b) * x / (a + 1.0));
    let mut fraction = d;
    for term in 1..=TERMS_MAX {
        let m = f64::from(term);
        let even = m * (b - m) * x / ((a + 2.0 * m - 1.0) * (a + 2.0 * m));
        let odd = -(a + m) * (a + b + m) * x / ((a + 2.0 * m) * (a + 2.0 * m + 1.0));
        let mut change = 1.0;
        for coefficient in [even, odd] {
            d = 1.0 / away_from_zero(1.0 + coefficient * d);
            c = away_from_zero(1.0 + coefficient / c);
            change = c * d;
            fraction *= change;
        }
        if (change - 1.0).abs() <= f64::EPSILON {
            return finite(fraction);
        }
    }
    Err(Because::NotFinite.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn close(figure: Figure, expected: f64, relative: f64) {
        let value = figure.unwrap();
        assert!((value - expected).abs() <= relative * expected, "{value} is not {expected}");
    }

    #[test]
    fn one_and_two_degrees_have_closed_forms() {
        for t in [0.01f64, 0.7, 1.0, 3.0, 50.0] {
            close(two_sided_p(t, 1.0), 1.0 - 2.0 * libm::atan(t) / std::f64::consts::PI, 1e-12);
            close(two_sided_p(-t, 2.0), 1.0 - t / (2.0 + t * t).sqrt(), 1e-11);
        }
    }

    #[test]
    fn four_degrees_have_a_closed_form_far_in_the_tail() {
        // P(|T| > t) = 1 - u (3 - u²)/2 with u = t/√(4 + t²) = (1 - u)² (2 + u)/2.
        for t in [0.5f64, 2.0, 30.0, 1000.0] {
            let root = (4.0 + t * t).sqrt();
            let (u, one_minus_u) = (t / root, 4.0 / (root * (root + t)));
            close(two_sided_p(t, 4.0), one_minus_u * one_minus_u * (2.0 + u) / 2.0, 1e-12);
        }
    }

    #[test]
    fn the_slope_of_the_example_is_significant() {
        close(two_sided_p(12.5807735, 3.0), 0.001_082_8, 1e-4);
    }

    #[test]
    fn zero_is_certain_and_the_infinite_impossible() {
        assert_eq!(two_sided_p(0.0, 10.0), Ok(1.0));
        assert_eq!(two_sided_p(1e200, 10.0), Ok(0.0));
        assert_eq!(two_sided_p(f64::NAN, 10.0), Err(Because::NotFinite.into()));
        assert_eq!(two_sided_p(1.0, 0.0), Err(Because::InvalidConvention.into()));
    }

    #[test]
    fn a_correlation_is_as_unlikely_as_its_slope() {
        close(correlation_p(0.5, 20), two_sided_p(0.5 * (18.0f64 / 0.75).sqrt(), 18.0).unwrap(), 1e-15);
        assert_eq!(correlation_p(-1.0, 20), Ok(0.0));
        assert_eq!(correlation_p(0.5, 2), Err(Because::TooFewReturns { needed: 3 }.into()));
        assert_eq!(correlation_p(1.5, 20), Err(Because::InvalidConvention.into()));
    }
}
