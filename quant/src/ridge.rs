//! Ridge regression: least squares that pays for large coefficients (Hoerl and Kennard 1970).

use serde::{Deserialize, Serialize};

use crate::figure::{Because, Figure, Unavailable, finite, number};
use crate::linear::Cholesky;
use crate::regression::{Centred, Design};

/// The usual λ of style factors, not scaled by the number of periods: over 90 of them nearly least squares.
pub const LAMBDA: f64 = 1.0;

/// What is added to the sum of squared residuals. The intercept is free in both.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum Penalty {
    /// λ Σ b², b the coefficients of the series scaled to population deviation one. λ is dimensionless and
    /// weighs as much as λ periods would: choose it relative to n.
    Standardised {
        /// Zero or more; zero is ordinary least squares.
        lambda: f64,
    },
    /// α Σ β², β the coefficients of the series as they are. α has the unit of a sum of squared returns.
    Raw {
        /// Zero or more; zero is ordinary least squares.
        alpha: f64,
    },
}

/// A ridge fit. It has no standard errors: its coefficients are biased on purpose.
#[derive(Debug, Clone, PartialEq)]
pub struct RidgeFit {
    /// The constant, a return per period.
    pub intercept: f64,
    /// One coefficient per explaining series, in units of the explained series per unit of the explaining one.
    pub slopes: Vec<f64>,
    /// The same coefficients per population deviation of their series.
    pub standardised_slopes: Vec<f64>,
    /// Share of the variance explained. `ZeroDeviation` when the explained series does not vary.
    pub r_squared: Figure,
    /// What was paid.
    pub penalty: Penalty,
    /// Periods.
    pub count: u64,
}

impl Design {
    /// Ridge regression of `explained` on the series. With a penalty above zero, collinear ones share a
    /// coefficient instead of having none.
    ///
    /// # Errors
    /// `LengthsDiffer`, `NotFinite`, `InvalidConvention` for a negative penalty, `Collinear` without one.
    pub fn ridge(&self, explained: &[f64], penalty: Penalty) -> Result<RidgeFit, Unavailable> {
        let shrinkage = self.shrinkage(penalty)?;
        self.ridge_centred(&self.centred(explained)?, &shrinkage)
    }

    /// What all ridge regressions with this penalty share.
    pub(crate) fn shrinkage(&self, penalty: Penalty) -> Result<Shrinkage, Unavailable> {
        let (Penalty::Standardised { lambda: weight } | Penalty::Raw { alpha: weight }) = penalty;
        if !(weight.is_finite() && weight >= 0.0) {
            return Err(Because::InvalidConvention.into());
        }
        let count = number(self.rows() as u64);
        let of_norm = |norm: &f64| match penalty {
            Penalty::Standardised { lambda } => lambda / count,
            Penalty::Raw { alpha } => alpha / (norm * norm),
        };
        let additions: Vec<f64> = self.norms().iter().map(of_norm).collect();
        let system = self.correlation().plus_diagonal(&additions)?;
        Ok(Shrinkage { penalty, factor: Cholesky::new(&system, crate::linear::COLLINEAR_FLOOR)? })
    }

    pub(crate) fn ridge_centred(
        &self,
        centred: &Centred,
        shrinkage: &Shrinkage,
    ) -> Result<RidgeFit, Unavailable> {
        let count = number(self.rows() as u64);
        let per_norm = shrinkage.factor.solve(&centred.products)?;
        let slopes = per_norm
            .iter()
            .zip(self.norms())
            .map(|(value, norm)| finite(value / norm))
            .collect::<Result<Vec<_>, _>>()?;
        Ok(RidgeFit {
            intercept: self.intercept(centred, &slopes)?,
            r_squared: self.residuals(centred, &slopes)?.r_squared,
            slopes,
            standardised_slopes: per_norm.iter().map(|value| value / count.sqrt()).collect(),
            penalty: shrinkage.penalty,
            count: self.rows() as u64,
        })
    }
}

/// The factored system of a penalty.
pub(crate) struct Shrinkage {
    penalty: Penalty,
    factor: Cholesky,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::panel::Panel;

    const Y: [f64; 5] = [0.012, -0.025, 0.020, 0.004, -0.008];
    const X: [f64; 10] = [0.010, -0.020, 0.015, 0.005, -0.010, 0.002, 0.004, -0.003, 0.001, -0.004];

    fn close(values: &[f64], expected: &[f64]) {
        for (value, expected) in values.iter().zip(expected) {
            assert!((value - expected).abs() <= 1e-9 * expected.abs().max(1e-1), "{value} is not {expected}");
        }
    }

    #[test]
    fn coefficients_shrink_as_the_penalty_grows() {
        let design = Design::new(&Panel::new(&X, 5).unwrap()).unwrap();
        for (lambda, expected) in [
            (0.0, [1.152_676_056_3, -0.670_422_535_2]),
            (1.0, [0.954_462_659_4, -0.774_134_790_5]),
            (5.0, [0.574_869_109_9, -0.712_041_884_8]),
        ] {
            close(&design.ridge(&Y, Penalty::Standardised { lambda }).unwrap().slopes, &expected);
        }
        let fit = design.ridge(&Y, Penalty::Standardised { lambda: LAMBDA }).unwrap();
        close(&fit.standardised_slopes, &[0.012_444_670_5, -0.002_348_067_1]);
    }

    #[test]
    fn collinear_series_share_a_coefficient() {
        let twice: Vec<f64> = X[..5].iter().chain(&X[..5]).copied().collect();
        let design = Design::new(&Panel::new(&twice, 5).unwrap()).unwrap();
        let fit = design.ridge(&Y, Penalty::Raw { alpha: 1e-4 }).unwrap();
        close(&fit.slopes[..1], &fit.slopes[1..]);
        assert_eq!(design.ridge(&Y, Penalty::Raw { alpha: 0.0 }), Err(Because::Collinear.into()));
    }

    #[test]
    fn a_penalty_is_a_number_that_is_not_negative() {
        let design = Design::new(&Panel::new(&X, 5).unwrap()).unwrap();
        for lambda in [-1.0, f64::NAN, f64::INFINITY] {
            assert_eq!(
                design.ridge(&Y, Penalty::Standardised { lambda }),
                Err(Because::InvalidConvention.into())
            );
        }
    }
}
