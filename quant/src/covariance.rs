//! Covariance of return series, and the volatility of what is made of them.

use serde::{Deserialize, Serialize};

use crate::figure::{Because, Figure, Unavailable, finite, number};
use crate::lanes::{sum_of, sum_of_pairs};
use crate::linear::{Symmetric, subtract};
use crate::moments::at_least;
use crate::panel::Panel;
use crate::products::{all_products, dot};
use crate::sum::Sum;

/// Decay of the exponential weights for daily returns (RiskMetrics 1996).
pub const EWMA_LAMBDA: f64 = 0.94;
/// Returns an exponential covariance looks back on.
pub const EWMA_WINDOW: usize = 252;
/// Fewest returns of an exponential covariance.
pub const EWMA_RETURNS_MIN: u64 = 60;

/// How much each period counts.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum Weighting {
    /// All the same. The divisor is n − 1 about the sample mean, n about zero.
    Equal,
    /// λ^age, age 0 the last period, made to sum to one; no small-sample factor.
    Exponential {
        /// Above zero, below one.
        lambda: f64,
    },
}

/// What deviations are taken from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Centring {
    /// The mean under the same weights.
    SampleMean,
    /// Zero: a day's drift is small beside its deviation, and its estimate noisy.
    Zero,
}

impl Weighting {
    /// The number of equally weighted periods that know as much: 1/Σw².
    pub fn effective_periods(self, rows: usize) -> Figure {
        let weights = self.weights(rows)?;
        finite(1.0 / dot(&weights, &weights))
    }

    /// A weight per period, oldest first, that sum to one.
    fn weights(self, rows: usize) -> Result<Vec<f64>, Unavailable> {
        let raw: Vec<f64> = match self {
            Self::Equal => vec![1.0; rows],
            Self::Exponential { lambda } if lambda > 0.0 && lambda < 1.0 => {
                let mut weights: Vec<f64> =
                    std::iter::successors(Some(1.0), |weight| Some(weight * lambda)).take(rows).collect();
                weights.reverse();
                weights
            }
            Self::Exponential { .. } => return Err(Because::InvalidConvention.into()),
        };
        let total = raw.iter().copied().collect::<Sum>().total()?;
        Ok(raw.into_iter().map(|weight| weight / total).collect())
    }
}

/// Covariances of the series of `panel`, in squared units per period (not annualised).
///
/// # Errors
/// `TooFewReturns` below two periods, `MissingCells`, `NotFinite`, `InvalidConvention` for an impossible λ.
pub fn covariance_matrix(
    panel: &Panel,
    weighting: Weighting,
    centring: Centring,
) -> Result<Symmetric, Unavailable> {
    at_least(2, panel.rows() as u64)?;
    panel.complete()?;
    let count = number(panel.rows() as u64);
    let mut scaled = panel.values().to_vec();
    let columns = scaled.chunks_exact_mut(panel.rows());
    let factor = match weighting {
        Weighting::Equal => {
            if centring == Centring::SampleMean {
                for column in columns {
                    let mean = finite(sum_of(column, |value| value) / count)?;
                    subtract(column, mean);
                }
            }
            1.0 / if centring == Centring::SampleMean { count - 1.0 } else { count }
        }
        Weighting::Exponential { .. } => {
            let weights = weighting.weights(panel.rows())?;
            let roots: Vec<f64> = weights.iter().map(|weight| weight.sqrt()).collect();
            for column in columns {
                let mean = match centring {
                    Centring::SampleMean => finite(sum_of_pairs(column, &weights, |x, weight| x * weight))?,
                    Centring::Zero => 0.0,
                };
                column.iter_mut().zip(&roots).for_each(|(value, root)| *value = (*value - mean) * root);
            }
            1.0
        }
    };
    let columns: Vec<&[f64]> = scaled.chunks_exact(panel.rows()).collect();
    let mut cells = all_products(&columns);
    cells.iter_mut().for_each(|cell| *cell *= factor);
    Symmetric::of_mirrored(columns.len(), cells)
}

/// The correlations behind a covariance. `ZeroDeviation` when a variance is zero.
pub fn correlation_of(covariance: &Symmetric) -> Result<Symmetric, Unavailable> {
    let deviations = deviations(covariance)?;
    Symmetric::from_fn(covariance.size(), |i, j| {
        let (left, right) = deviations.get(i).zip(deviations.get(j)).ok_or(Because::UnknownIndex)?;
        if !(*left > 0.0 && *right > 0.0) {
            return Err(Because::ZeroDeviation.into());
        }
        if i == j { Ok(1.0) } else { Ok(finite(covariance.cell(i, j)? / (left * right))?.clamp(-1.0, 1.0)) }
    })
}

/// The covariance of series with these deviations and correlations: ρ_ij σ_i σ_j.
pub fn from_correlation(correlation: &Symmetric, deviations: &[f64]) -> Result<Symmetric, Unavailable> {
    if deviations.len() != correlation.size() {
        return Err(Because::LengthsDiffer.into());
    }
    Symmetric::from_fn(correlation.size(), |i, j| {
        let (left, right) = deviations.get(i).zip(deviations.get(j)).ok_or(Because::UnknownIndex)?;
        finite(correlation.cell(i, j)? * left * right)
    })
}

/// Root of each variance, per period. `NotFinite` for a negative one.
pub fn deviations(covariance: &Symmetric) -> Result<Vec<f64>, Unavailable> {
    covariance.diagonal().map(|variance| finite(variance.sqrt())).collect()
}

/// Deviation of Σ w r, √(w'Σw), per period; zero when the parts hedge each other. Weights are signed shares of
/// whatever the returns are to be counted on.
pub fn portfolio_volatility(covariance: &Symmetric, weights: &[f64]) -> Figure {
    finite(covariance.quadratic(weights)?.max(0.0).sqrt())
}

#[cfg(test)]
mod tests {
    use super::*;

    const VALUES: [f64; 8] = [0.01, -0.02, 0.03, 0.00, 0.02, -0.01, 0.01, 0.04];

    #[test]
    fn equal_weights_are_the_sample_covariance() {
        let panel = Panel::new(&VALUES, 4).unwrap();
        let covariance = covariance_matrix(&panel, Weighting::Equal, Centring::SampleMean).unwrap();
        // Σ(x − 0.005)(y − 0.015) = 0.0002, Σ(x − 0.005)² = 0.0013, over n − 1.
        assert!((covariance.get(0, 0).unwrap() - 0.0013 / 3.0).abs() < 1e-18);
        assert!((covariance.get(0, 1).unwrap() - 0.0004 / 3.0).abs() < 1e-18);
        let about_zero = covariance_matrix(&panel, Weighting::Equal, Centring::Zero).unwrap();
        assert!((about_zero.get(0, 0).unwrap() - 0.0014 / 4.0).abs() < 1e-18);
    }

    #[test]
    fn sixty_decaying_periods_know_as_much_as_thirty_one() {
        let effective = Weighting::Exponential { lambda: EWMA_LAMBDA }.effective_periods(60).unwrap();
        assert!((effective - 30.79).abs() < 0.005);
        assert_eq!(Weighting::Equal.effective_periods(64), Ok(64.0));
    }

    #[test]
    fn correlations_and_deviations_make_a_covariance_and_come_back() {
        let panel = Panel::new(&VALUES, 4).unwrap();
        let covariance = covariance_matrix(&panel, Weighting::Equal, Centring::SampleMean).unwrap();
        let correlation = correlation_of(&covariance).unwrap();
        let back = from_correlation(&correlation, &deviations(&covariance).unwrap()).unwrap();
        for (cell, expected) in back.rows().flatten().zip(covariance.rows().flatten()) {
            assert!((cell - expected).abs() < 1e-18);
        }
    }

    #[test]
    fn gaps_and_impossible_weights_are_refused() {
        let gap = [0.1, f64::NAN];
        let refused = |values: &[f64], weighting| {
            covariance_matrix(&Panel::new(values, 2).unwrap(), weighting, Centring::Zero).unwrap_err().because
        };
        assert_eq!(refused(&gap, Weighting::Equal), Because::MissingCells);
        assert_eq!(refused(&[0.1, f64::INFINITY], Weighting::Equal), Because::NotFinite);
        for lambda in [0.0, 1.0, f64::NAN] {
            assert_eq!(refused(&[0.1, 0.2], Weighting::Exponential { lambda }), Because::InvalidConvention);
        }
        let constant =
            covariance_matrix(&Panel::new(&[0.0, 0.0], 2).unwrap(), Weighting::Equal, Centring::SampleMean);
        assert_eq!(correlation_of(&constant.unwrap()), Err(Because::ZeroDeviation.into()));
    }
}
