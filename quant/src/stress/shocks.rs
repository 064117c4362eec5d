//! From the shocks a scenario gives to a shock of every factor.

use serde::{Deserialize, Serialize};

use crate::figure::{Because, Unavailable, finite};
use crate::linear::{COLLINEAR_FLOOR, Cholesky, Symmetric};

/// A given move of one factor.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Shock {
    /// Index of the factor.
    pub factor: usize,
    /// Its return, a fraction; of a rate factor the return of the proxy, not the change of the yield.
    pub size: f64,
}

/// What the factors do that a scenario does not name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Propagation {
    /// Nothing.
    Direct,
    /// What is to be expected given the named ones.
    Correlated,
}

/// A shock per factor: the given ones as they are, the others zero or, correlated, their conditional expectation
/// Σ_UA Σ_AA⁻¹ s_A under the `covariance` of the factors (for normal returns; for others the best linear one).
///
/// # Errors
/// `UnknownIndex` for a factor that is not there; `InvalidConvention` for one named twice; `Collinear` when the named
/// ones determine each other, so that given shocks may contradict the covariance; `NotFinite`.
pub fn shock_vector(
    covariance: &Symmetric,
    given: &[Shock],
    propagation: Propagation,
) -> Result<Vec<f64>, Unavailable> {
    let mut known = vec![None; covariance.size()];
    for shock in given {
        let cell = known.get_mut(shock.factor).ok_or(Because::UnknownIndex)?;
        if cell.replace(finite(shock.size)?).is_some() {
            return Err(Because::InvalidConvention.into());
        }
    }
    let unknown = known.iter().any(Option::is_none);
    if propagation == Propagation::Direct || given.is_empty() || !unknown {
        return Ok(known.into_iter().map(Option::unwrap_or_default).collect());
    }
    let named: Vec<usize> = given.iter().map(|shock| shock.factor).collect();
    let sizes: Vec<f64> = given.iter().map(|shock| shock.size).collect();
    let solved = Cholesky::new(&covariance.select(&named)?, COLLINEAR_FLOOR)?.solve(&sizes)?;
    let mut shocks = Vec::with_capacity(known.len());
    for (factor, known) in known.into_iter().enumerate() {
        shocks.push(match known {
            Some(size) => size,
            None => {
                let mut expected = crate::sum::Sum::default();
                for (index, weight) in named.iter().zip(&solved) {
                    expected.add_product(covariance.cell(factor, *index)?, *weight);
                }
                expected.total()?
            }
        });
    }
    Ok(shocks)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn covariance(rho: f64) -> Symmetric {
        Symmetric::from_fn(2, |i, j| Ok(if i == j { 4e-4 } else { rho * 4e-4 })).unwrap()
    }

    fn shocks(rho: f64, given: &[(usize, f64)], propagation: Propagation) -> Result<Vec<f64>, Unavailable> {
        let given: Vec<Shock> =
            given.iter().map(|(factor, size)| Shock { factor: *factor, size: *size }).collect();
        shock_vector(&covariance(rho), &given, propagation)
    }

    #[test]
    fn what_is_not_named_stays_or_follows() {
        assert_eq!(shocks(0.5, &[(1, -0.2)], Propagation::Direct), Ok(vec![0.0, -0.2]));
        let followed = shocks(0.5, &[(1, -0.2)], Propagation::Correlated).unwrap();
        assert!((followed[0] + 0.1).abs() < 1e-15);
        assert_eq!(followed[1], -0.2);
        assert_eq!(shocks(0.5, &[], Propagation::Correlated), Ok(vec![0.0, 0.0]));
    }

    #[test]
    fn a_scenario_that_names_all_needs_no_covariance() {
        assert_eq!(shocks(1.0, &[(1, -0.2), (0, 0.3)], Propagation::Correlated), Ok(vec![0.3, -0.2]));
    }

    #[test]
    fn a_scenario_must_make_sense() {
        let refused = |given: &[(usize, f64)]| shocks(0.5, given, Propagation::Direct).unwrap_err().because;
        assert_eq!(refused(&[(2, 0.1)]), Because::UnknownIndex);
        assert_eq!(refused(&[(0, 0.1), (0, 0.1)]), Because::InvalidConvention);
        assert_eq!(refused(&[(0, f64::NAN)]), Because::NotFinite);
        let still = Symmetric::from_fn(2, |_, _| Ok(0.0)).unwrap();
        let given = [Shock { factor: 0, size: 0.1 }];
        assert_eq!(shock_vector(&still, &given, Propagation::Correlated), Err(Because::Collinear.into()));
    }
}
