//! Optimal portfolios: long only, fully invested weights from a covariance matrix.
//!
//! Means and covariances are per period and of any scale; the weights do not depend on it. Each method is exact up to the
//! arithmetic, none draws random numbers, and equal input gives equal bits.

pub mod hierarchical;
mod nonnegative;
pub mod risk_parity;

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::figure::{Because, Unavailable};
use crate::linear::Symmetric;
use crate::optimal::nonnegative::nonnegative_minimum;
use crate::products::dot;

/// A pivot below this share of its variance is rounding: the matrix counts as singular.
const PIVOT_MIN: f64 = 1e-13;

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
    /// The means are not one per asset.
    LengthsDiffer,
    /// An input was NaN or infinite, or the result would have been.
    NotFinite,
    /// The matrix lets a portfolio have no risk, or less: there is no one best portfolio.
    NotPositiveDefinite,
    /// No asset has a mean above zero, so that no portfolio has a Sharpe ratio worth maximising.
    NoPositiveMean,
    /// The iteration did not settle.
    NotSettled,
}

impl fmt::Display for NoPortfolio {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let phrase = match self {
            Self::NoAssets => "no assets",
            Self::LengthsDiffer => "matrix and means of different sizes",
            Self::NotFinite => "not a finite number",
            Self::NotPositiveDefinite => "covariances not positive definite",
            Self::NoPositiveMean => "no asset with a positive mean",
            Self::NotSettled => "the iteration did not settle",
        };
        f.write_str(phrase)
    }
}

impl std::error::Error for NoPortfolio {}

impl From<Unavailable> for NoPortfolio {
    fn from(unavailable: Unavailable) -> Self {
        match unavailable.because {
            Because::Collinear => Self::NotPositiveDefinite,
            Because::LengthsDiffer => Self::LengthsDiffer,
            _ => Self::NotFinite,
        }
    }
}

/// The long-only portfolio with the least variance (Markowitz 1952), exact by active sets.
///
/// Minimises `½ z'Σz - 1'z` over `z ≥ 0`: the conditions of the optimum are the same up to the scale of `z`.
pub fn min_variance(covariance: &Symmetric) -> Result<OptimalPortfolio, NoPortfolio> {
    usable(covariance)?;
    portfolio(covariance, nonnegative_minimum(covariance, &vec![1.0; covariance.size()])?)
}

/// The long-only portfolio with the greatest ratio of mean (in excess of the risk-free rate, per period) to deviation
/// (Sharpe 1966), exact by active sets.
///
/// Minimises `½ z'Σz - m'z` over `z ≥ 0`. Refused if no mean is above zero.
pub fn max_sharpe(covariance: &Symmetric, excess_means: &[f64]) -> Result<OptimalPortfolio, NoPortfolio> {
    usable(covariance)?;
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
    portfolio(covariance, nonnegative_minimum(covariance, &scaled)?)
}

/// Refuses a matrix without assets or with a variance that is not above zero.
fn usable(covariance: &Symmetric) -> Result<(), NoPortfolio> {
    if covariance.size() == 0 {
        return Err(NoPortfolio::NoAssets);
    }
    if covariance.diagonal().any(|variance| variance <= 0.0) {
        return Err(NoPortfolio::NotPositiveDefinite);
    }
    Ok(())
}

/// Scales weights to one.
fn portfolio(covariance: &Symmetric, weights: Vec<f64>) -> Result<OptimalPortfolio, NoPortfolio> {
    let total: f64 = weights.iter().sum();
    let weights: Vec<f64> = weights.into_iter().map(|weight| weight / total).collect();
    let variance = dot(&weights, &covariance.times(&weights)?);
    let numbers = variance.is_finite() && weights.iter().all(|weight| weight.is_finite());
    if numbers { Ok(OptimalPortfolio { weights, variance }) } else { Err(NoPortfolio::NotFinite) }
}
