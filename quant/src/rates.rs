//! Sensitivity to interest rates, through a bond fund as proxy.
//!
//! A beta on the fund's returns is a beta on prices, not on yields: a yield shock has to become a return of the
//! fund before it meets the beta.

use serde::{Deserialize, Serialize};

use crate::figure::{Because, Figure, finite, positive};

/// How strongly a position follows the rate proxy, by |β|.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RateSensitivity {
    /// Below 0.05.
    VeryLow,
    /// Below 0.15.
    Low,
    /// Below 0.30.
    Moderate,
    /// Below 0.50.
    High,
    /// 0.50 and more.
    VeryHigh,
}

/// How a bond fund's price answers its yield.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct RateProxy {
    /// Effective duration in years, above zero; about 16 to 17 for long treasuries.
    pub duration: f64,
    /// Convexity in years²; zero leaves it out.
    pub convexity: f64,
}

impl RateProxy {
    /// Return of the fund, a fraction, when its yield moves by `yield_change`, a fraction (0.005 is 50 basis
    /// points): −D Δy + ½ C Δy².
    ///
    /// # Errors
    /// `InvalidConvention` for a duration that is not above zero; `NotFinite`.
    pub fn price_return(&self, yield_change: f64) -> Figure {
        let duration = positive(self.duration, Because::InvalidConvention)?;
        finite(-duration * yield_change + 0.5 * self.convexity * yield_change * yield_change)
    }

    /// A beta on the fund's returns as a beta on yields, −D β: the return for a yield that rises by 1.00, if the
    /// fund moves by its duration only.
    pub fn yield_beta(&self, beta: f64) -> Figure {
        finite(-positive(self.duration, Because::InvalidConvention)? * beta)
    }
}

/// The band of a beta on the rate proxy.
pub fn rate_sensitivity(beta: f64) -> RateSensitivity {
    match beta.abs() {
        size if size < 0.05 => RateSensitivity::VeryLow,
        size if size < 0.15 => RateSensitivity::Low,
        size if size < 0.30 => RateSensitivity::Moderate,
        size if size < 0.50 => RateSensitivity::High,
        _ => RateSensitivity::VeryHigh,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::beta::{BetaSource, factor_exposure};

    const TLT: RateProxy = RateProxy { duration: 16.5, convexity: 0.0 };

    fn close(figure: Figure, expected: f64) {
        assert!((figure.unwrap() - expected).abs() <= 1e-12 * expected.abs(), "{figure:?} is not {expected}");
    }

    #[test]
    fn a_fund_falls_by_its_duration() {
        for (change, expected) in [(0.0025, -0.04125), (0.005, -0.0825), (0.01, -0.165), (0.03, -0.495)] {
            close(TLT.price_return(change), expected);
        }
        close(RateProxy { convexity: 400.0, ..TLT }.price_return(0.01), -0.145);
        close(TLT.yield_beta(0.30), -4.95);
    }

    #[test]
    fn a_rise_of_yields_costs_a_book_that_is_long_bonds() {
        let book = factor_exposure(
            &[60_000.0, -30_000.0],
            &[Ok(0.30), Ok(-0.10)],
            100_000.0,
            BetaSource::Univariate,
        )
        .unwrap();
        close(Ok(book.beta), 0.21);
        close(Ok(book.dollars * TLT.price_return(0.005).unwrap()), -1_732.5);
        close(Ok(0.30 * TLT.price_return(0.005).unwrap()), -0.02475);
    }

    #[test]
    fn bands_go_by_size_whatever_the_sign() {
        let bands = [0.0499, -0.05, 0.15, -0.49, 0.5].map(rate_sensitivity);
        assert_eq!(
            bands,
            [
                RateSensitivity::VeryLow,
                RateSensitivity::Low,
                RateSensitivity::Moderate,
                RateSensitivity::High,
                RateSensitivity::VeryHigh
            ]
        );
    }

    #[test]
    fn a_fund_without_duration_answers_nothing() {
        let none = RateProxy { duration: 0.0, convexity: 0.0 };
        assert_eq!(none.price_return(0.01), Err(Because::InvalidConvention.into()));
        assert_eq!(TLT.price_return(f64::NAN), Err(Because::NotFinite.into()));
    }
}
