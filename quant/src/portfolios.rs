//! Several portfolios seen as one.
//!
//! Exposures, concentration, sectors, correlations and stress are not averaged: merge the positions first, then
//! calculate. Here is what follows exactly from the parts.

use crate::covariance::{from_correlation, portfolio_volatility};
use crate::figure::{Because, Figure, Unavailable, finite};
use crate::linear::Symmetric;
use crate::sum::Sum;

/// Weight of each portfolio in the whole: value / Σ value. A single value may be negative, the whole may not.
///
/// # Errors
/// `EquityNotPositive` when the whole is zero or less; `NotFinite`.
pub fn portfolio_weights(values: &[f64]) -> Result<Vec<f64>, Unavailable> {
    let whole = values.iter().copied().collect::<Sum>().total()?;
    if whole <= 0.0 {
        return Err(Because::EquityNotPositive.into());
    }
    values.iter().map(|value| finite(value / whole)).collect()
}

/// Beta of the whole: Σ value β / Σ value.
///
/// # Errors
/// `LengthsDiffer` and those of [`portfolio_weights`].
pub fn combined_beta(values: &[f64], betas: &[f64]) -> Figure {
    if values.len() != betas.len() {
        return Err(Because::LengthsDiffer.into());
    }
    let mut sum = Sum::default();
    for (weight, beta) in portfolio_weights(values)?.iter().zip(betas) {
        sum.add_product(*weight, *beta);
    }
    sum.total()
}

/// Volatility of the whole, √(ΣΣ w_i w_j ρ_ij σ_i σ_j), in the unit of the volatilities. Their weighted mean is
/// the limit for ρ = 1.
///
/// # Errors
/// `LengthsDiffer` and those of [`portfolio_weights`].
pub fn combined_volatility(values: &[f64], volatilities: &[f64], correlation: &Symmetric) -> Figure {
    portfolio_volatility(&from_correlation(correlation, volatilities)?, &portfolio_weights(values)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn correlated(rho: f64) -> Symmetric {
        Symmetric::from_fn(2, |i, j| Ok(if i == j { 1.0 } else { rho })).unwrap()
    }

    #[test]
    fn two_portfolios() {
        let values = [500_000.0, 300_000.0];
        assert_eq!(portfolio_weights(&values), Ok(vec![0.625, 0.375]));
        assert!((combined_beta(&values, &[1.2, 0.8]).unwrap() - 1.05).abs() < 1e-15);
        let volatility = |rho| combined_volatility(&values, &[0.18, 0.10], &correlated(rho)).unwrap();
        assert!((volatility(0.3) - 0.128_816_730_3).abs() < 1e-10);
        assert!((volatility(1.0) - 0.15).abs() < 1e-15);
    }

    #[test]
    fn a_whole_without_value_has_no_weights() {
        assert_eq!(portfolio_weights(&[1.0, -1.0]), Err(Because::EquityNotPositive.into()));
        assert_eq!(portfolio_weights(&[]), Err(Because::EquityNotPositive.into()));
        assert_eq!(combined_beta(&[1.0], &[]), Err(Because::LengthsDiffer.into()));
        assert_eq!(combined_volatility(&[1.0], &[0.1], &correlated(0.0)), Err(Because::LengthsDiffer.into()));
    }
}
