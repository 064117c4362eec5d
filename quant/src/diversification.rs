//! How far the positions of a book move apart.

use crate::concentration::gross_weights;
use crate::correlation::CorrelationMatrix;
use crate::covariance::{deviations, portfolio_volatility};
use crate::figure::{Because, Figure, Unavailable, finite};
use crate::linear::Symmetric;
use crate::sum::Sum;

/// Correlation of the pairs of a book, weighted by how much of it they are.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct WeightedCorrelation {
    /// Σ w_i w_j |ρ_ij| / Σ w_i w_j over pairs i < j: 0 diversified, 1 a single bet.
    pub absolute: f64,
    /// The same with signed ρ, -1 to 1.
    pub signed: f64,
    /// 1 − `absolute`: 1 diversified, 0 a single bet.
    pub diversification_score: f64,
    /// Share of Σ w_i w_j whose pairs have a correlation, above 0 to 1.
    pub coverage: f64,
}

/// The weighted correlation of a book; pairs without a correlation leave both sums. `exposures` are signed,
/// in the order of the matrix; their gross weights count.
///
/// # Errors
/// `LengthsDiffer`, `TooFewSeries` below two, `NoPositions` when fewer than two exposures are not zero,
/// `MissingCells` when no pair has a correlation, `NotFinite`.
pub fn weighted_correlation(
    matrix: &CorrelationMatrix,
    exposures: &[f64],
) -> Result<WeightedCorrelation, Unavailable> {
    if matrix.size() != exposures.len() {
        return Err(Because::LengthsDiffer.into());
    }
    if exposures.len() < 2 {
        return Err(Because::TooFewSeries { needed: 2 }.into());
    }
    let weights = gross_weights(exposures)?;
    let (mut absolute, mut signed) = (Sum::default(), Sum::default());
    let (mut covered, mut all) = (Sum::default(), Sum::default());
    for (i, j, figure) in matrix.pairs() {
        let (left, right) = weights.get(i).zip(weights.get(j)).ok_or(Because::UnknownIndex)?;
        let weight = left * right;
        all.add(weight);
        if let Ok(rho) = figure {
            covered.add(weight);
            absolute.add_product(weight, rho.abs());
            signed.add_product(weight, rho);
        }
    }
    let (covered, all) = (covered.total()?, all.total()?);
    if all <= 0.0 {
        return Err(Because::NoPositions.into());
    }
    if covered <= 0.0 {
        return Err(Because::MissingCells.into());
    }
    let absolute = finite(absolute.total()? / covered)?.clamp(0.0, 1.0);
    Ok(WeightedCorrelation {
        absolute,
        signed: finite(signed.total()? / covered)?.clamp(-1.0, 1.0),
        diversification_score: 1.0 - absolute,
        coverage: finite(covered / all)?.min(1.0),
    })
}

/// The number of uncorrelated equal positions that are as diversified: 1/(w'Rw), w the gross weights.
///
/// # Errors
/// `LengthsDiffer`, `NoPositions`, `ZeroDeviation` when w'Rw is not above zero, `NotFinite`.
pub fn effective_positions(correlation: &Symmetric, exposures: &[f64]) -> Figure {
    let square = correlation.quadratic(&gross_weights(exposures)?)?;
    if square <= f64::EPSILON { Err(Because::ZeroDeviation.into()) } else { finite(1.0 / square) }
}

/// Σ |w| σ / σ_p (Choueifaty and Coignard 2008): 1 for a single bet, more the more the parts offset each
/// other. Weights are signed shares; their scale does not matter.
///
/// # Errors
/// `LengthsDiffer`, `ZeroDeviation` when the whole does not vary, `NotFinite`.
pub fn diversification_ratio(covariance: &Symmetric, weights: &[f64]) -> Figure {
    let whole = portfolio_volatility(covariance, weights)?;
    let mut parts = Sum::default();
    for (weight, deviation) in weights.iter().zip(deviations(covariance)?) {
        parts.add_product(weight.abs(), deviation);
    }
    let parts = parts.total()?;
    // A perfect hedge leaves rounding, and a ratio over it would only measure that.
    if whole <= 1e-9 * parts || whole <= 0.0 {
        return Err(Because::ZeroDeviation.into());
    }
    finite(parts / whole)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::correlation::correlation_matrix;
    use crate::covariance::from_correlation;
    use crate::panel::Panel;

    fn three(ab: f64, ac: f64, bc: f64) -> Symmetric {
        let rows = [[1.0, ab, ac], [ab, 1.0, bc], [ac, bc, 1.0]];
        Symmetric::from_fn(3, |i, j| Ok(rows[i][j])).unwrap()
    }

    fn close(value: f64, expected: f64) {
        assert!((value - expected).abs() <= 1e-9 * expected.abs(), "{value} is not {expected}");
    }

    #[test]
    fn three_positions_are_worth_less_than_two() {
        close(effective_positions(&three(0.6, 0.2, -0.1), &[5.0, -3.0, 2.0]).unwrap(), 1.700_680_272_1);
    }

    #[test]
    fn three_positions_offset_a_fifth_of_their_volatility() {
        let covariance = from_correlation(&three(0.6, 0.2, -0.1), &[0.25, 0.30, 0.15]).unwrap();
        close(portfolio_volatility(&covariance, &[0.5, 0.3, 0.2]).unwrap(), 0.197_699_266_6);
        close(diversification_ratio(&covariance, &[0.5, 0.3, 0.2]).unwrap(), 1.239_255_988_4);
    }

    #[test]
    fn a_pair_without_correlation_leaves_both_sums() {
        let missing = f64::NAN;
        let values = [0.1, -0.1, 0.2, 0.1, 0.2, -0.1, 0.1, missing, missing];
        let matrix = correlation_matrix(&Panel::new(&values, 3).unwrap(), 2);
        let rho = matrix.get(0, 1).unwrap().unwrap();
        let weighted = weighted_correlation(&matrix, &[50.0, -30.0, 20.0]).unwrap();
        close(weighted.absolute, rho.abs());
        close(weighted.signed, rho);
        close(weighted.coverage, 0.15 / 0.31);
        assert_eq!(weighted_correlation(&matrix, &[0.0, 0.0, 1.0]), Err(Because::NoPositions.into()));
        assert_eq!(weighted_correlation(&matrix, &[1.0, 0.0, 1.0]), Err(Because::MissingCells.into()));
        assert_eq!(weighted_correlation(&matrix, &[1.0]), Err(Because::LengthsDiffer.into()));
    }

    #[test]
    fn a_perfect_hedge_has_no_ratio() {
        let covariance = from_correlation(&three(1.0, 0.0, 0.0), &[0.2, 0.2, 0.1]).unwrap();
        assert_eq!(diversification_ratio(&covariance, &[0.5, -0.5, 0.0]), Err(Because::ZeroDeviation.into()));
        let opposed = three(-1.0, 0.0, 0.0);
        assert_eq!(effective_positions(&opposed, &[1.0, 1.0, 0.0]), Err(Because::ZeroDeviation.into()));
    }
}
