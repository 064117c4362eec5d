//! Optimal portfolios: long only, fully invested weights from a covariance matrix.
//!
//! Means and covariances are per period and of any scale; the weights do not depend on it. Each method is exact up to the
//! arithmetic, none draws random numbers, and equal input gives equal bits.

mod cholesky;
mod covariance;
pub mod hierarchical;
mod nonnegative;
pub mod risk_parity;

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::figure::Unavailable;
use crate::optimal::nonnegative::nonnegative_minimum;

pub use covariance::Covariance;

/// A long-only portfolio.
#[derive(Debug, Clone, PartialEq)]
pub struct OptimalPortfolio {
    /// Share of each asset in the order of the matrix, at or above zero, summing to one.
    pub weights: Vec<f64>,
    /// Variance of the portfolio's return per period: `w' Σ w`.
    pub variance: f64,
}

/// Why there is no optimal portfolio.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NoPortfolio {
    /// There are no assets.
    NoAssets,
    /// The matrix is not square, or the means are not one per asset.
    LengthsDiffer,
    /// An input was NaN or infinite, or the result would have been.
    NotFinite,
    /// The matrix differs from its mirror image.
    NotSymmetric,
    /// The matrix lets a portfolio have no risk, or less: there is no one best portfolio.
    NotPositiveDefinite,
    /// No asset has a mean above zero, so that no portfolio has a Sharpe ratio worth maximising.
    NoPositiveMean,
    /// The covariances could not be computed from the series.
    Returns(Unavailable),
    /// The iteration did not settle.
    NotSettled,
}

impl fmt::Display for NoPortfolio {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let phrase = match self {
            Self::Returns(unavailable) => return unavailable.fmt(f),
            Self::NoAssets => "no assets",
            Self::LengthsDiffer => "matrix and series of different sizes",
            Self::NotFinite => "not a finite number",
            Self::NotSymmetric => "covariances not symmetric",
            Self::NotPositiveDefinite => "covariances not positive definite",
            Self::NoPositiveMean => "no asset with a positive mean",
            Self::NotSettled => "the iteration did not settle",
        };
        f.write_str(phrase)
    }
}

impl std::error::Error for NoPortfolio {}

/// The long-only portfolio with the least variance (Markowitz 1952), exact by active sets.
///
/// Minimises `½ z'Σz - 1'z` over `z ≥ 0`: the conditions of the optimum are the same up to the scale of `z`.
pub fn min_variance(covariance: &Covariance) -> Result<OptimalPortfolio, NoPortfolio> {
    covariance.portfolio(nonnegative_minimum(covariance, &vec![1.0; covariance.size()])?)
}

/// The long-only portfolio with the greatest ratio of mean (in excess of the risk-free rate, per period) to deviation
/// (Sharpe 1966), exact by active sets.
///
/// Minimises `½ z'Σz - m'z` over `z ≥ 0`. Refused if no mean is above zero.
pub fn max_sharpe(covariance: &Covariance, excess_means: &[f64]) -> Result<OptimalPortfolio, NoPortfolio> {
    if excess_means.len() != covariance.size() {
        return Err(NoPortfolio::LengthsDiffer);
    }
    if excess_means.iter().any(|mean| !mean.is_finite()) {
        return Err(NoPortfolio::NotFinite);
    }
    let greatest = excess_means.iter().copied().fold(0.0, f64::max);
    if greatest <= 0.0 {
        return Err(NoPortfolio::NoPositiveMean);
    }
    let scaled: Vec<f64> = excess_means.iter().map(|mean| mean / greatest).collect();
    covariance.portfolio(nonnegative_minimum(covariance, &scaled)?)
}
