//! Which positions the volatility and the value at risk of a book come from.

use crate::covariance::portfolio_volatility;
use crate::figure::{Because, Figure, Unavailable, finite};
use crate::linear::Symmetric;

/// A book's volatility, split over its positions (Euler's theorem).
#[derive(Debug, Clone, PartialEq)]
pub struct RiskContributions {
    /// √(w'Σw), per period of the covariance.
    pub volatility: f64,
    /// w_i (Σw)_i / volatility, in the same unit; they sum to it. Negative for a position that hedges.
    pub contributions: Vec<f64>,
    /// The contributions as fractions of the volatility; they sum to one.
    pub shares: Vec<f64>,
}

/// Splits the volatility of `weights`, signed shares of the equity.
///
/// # Errors
/// `LengthsDiffer`, `ZeroDeviation` when the book does not vary, `NotFinite`.
pub fn risk_contributions(covariance: &Symmetric, weights: &[f64]) -> Result<RiskContributions, Unavailable> {
    let volatility = portfolio_volatility(covariance, weights)?;
    let parts: Vec<f64> =
        weights.iter().zip(covariance.times(weights)?).map(|(weight, cell)| weight * cell).collect();
    let size = parts.iter().map(|part| part.abs()).fold(0.0, f64::max);
    if volatility <= 0.0 || volatility * volatility <= f64::EPSILON * size {
        return Err(Because::ZeroDeviation.into());
    }
    let contributions = parts.iter().map(|part| finite(part / volatility)).collect::<Result<Vec<_>, _>>()?;
    let shares = contributions.iter().map(|part| finite(part / volatility)).collect::<Result<Vec<_>, _>>()?;
    Ok(RiskContributions { volatility, contributions, shares })
}

impl RiskContributions {
    /// Parametric component value at risk: each position's share of `value_at_risk`, in its unit and with its
    /// sign; the components sum to it. True for a value at risk without drift, which is a multiple of the
    /// volatility.
    pub fn component_var(&self, value_at_risk: f64) -> Result<Vec<f64>, Unavailable> {
        self.shares.iter().map(|share| finite(share * value_at_risk)).collect()
    }

    /// The part of one position, in units of volatility.
    pub fn contribution(&self, position: usize) -> Figure {
        self.contributions.get(position).copied().ok_or(Because::UnknownIndex.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::covariance::from_correlation;

    fn example() -> Symmetric {
        let rows = [[1.0, 0.6, 0.2], [0.6, 1.0, -0.1], [0.2, -0.1, 1.0]];
        let correlation = Symmetric::from_fn(3, |i, j| Ok(rows[i][j])).unwrap();
        from_correlation(&correlation, &[0.25, 0.30, 0.15]).unwrap()
    }

    #[test]
    fn contributions_add_up_to_the_volatility() {
        let risk = risk_contributions(&example(), &[0.5, 0.3, 0.2]).unwrap();
        for (part, expected) in
            risk.contributions.iter().zip([0.116_970_590_7, 0.073_748_376_8, 0.006_980_299_0])
        {
            assert!((part - expected).abs() < 1e-10);
        }
        assert!((risk.contributions.iter().sum::<f64>() - risk.volatility).abs() < 1e-15);
        for (share, expected) in risk.shares.iter().zip([0.5917, 0.3730, 0.0353]) {
            assert!((share - expected).abs() < 5e-5);
        }
        let components = risk.component_var(-1_000.0).unwrap();
        assert!((components.iter().sum::<f64>() + 1_000.0).abs() < 1e-9);
        assert_eq!(risk.contribution(3), Err(Because::UnknownIndex.into()));
    }

    #[test]
    fn nothing_at_risk_cannot_be_split() {
        assert_eq!(risk_contributions(&example(), &[0.0; 3]), Err(Because::ZeroDeviation.into()));
        assert_eq!(risk_contributions(&example(), &[1.0]), Err(Because::LengthsDiffer.into()));
        assert_eq!(risk_contributions(&example(), &[1.0, f64::NAN, 0.0]), Err(Because::NotFinite.into()));
    }
}
