//! A covariance matrix that was checked to be one.

use crate::convention::Deviation;
use crate::figure::Because;
use crate::moments::JointMoments;
use crate::optimal::{NoPortfolio, OptimalPortfolio};
use crate::sum::Sum;

/// Mirrored cells may differ by this much of the larger variance, as other programs' rounding leaves them.
const ASYMMETRY_MAX: f64 = 1e-10;

/// A finite symmetric matrix with a diagonal above zero. Not necessarily positive definite: that is found in use.
#[derive(Debug, Clone, PartialEq)]
pub struct Covariance {
    rows: Vec<Vec<f64>>,
}

impl Covariance {
    /// Checks and takes a matrix, row by row.
    pub fn from_rows(rows: Vec<Vec<f64>>) -> Result<Self, NoPortfolio> {
        if rows.is_empty() {
            return Err(NoPortfolio::NoAssets);
        }
        if rows.iter().any(|row| row.len() != rows.len()) {
            return Err(NoPortfolio::LengthsDiffer);
        }
        if rows.iter().flatten().any(|cell| !cell.is_finite()) {
            return Err(NoPortfolio::NotFinite);
        }
        let matrix = Self { rows };
        if matrix.variances().any(|variance| variance <= 0.0) {
            return Err(NoPortfolio::NotPositiveDefinite);
        }
        let scale = matrix.variances().fold(0.0, f64::max);
        let mirrored = |(i, row): (usize, &Vec<f64>)| {
            row.iter().enumerate().all(|(j, cell)| (cell - matrix.cell(j, i)).abs() <= ASYMMETRY_MAX * scale)
        };
        if matrix.rows.iter().enumerate().all(mirrored) { Ok(matrix) } else { Err(NoPortfolio::NotSymmetric) }
    }

    /// Sample covariances (n - 1) of series of returns over the same periods.
    pub fn of_returns(series: &[&[f64]]) -> Result<Self, NoPortfolio> {
        let cell = |left: &[f64], right: &[f64]| {
            if left.len() != right.len() {
                return Err(NoPortfolio::Returns(Because::LengthsDiffer.into()));
            }
            let mut joint = JointMoments::default();
            for (left, right) in left.iter().zip(right) {
                joint.push(*left, *right);
            }
            joint.covariance(Deviation::Sample).map_err(NoPortfolio::Returns)
        };
        let rows = series.iter().map(|left| series.iter().map(|right| cell(left, right)).collect());
        Self::from_rows(rows.collect::<Result<_, _>>()?)
    }

    /// How many assets there are.
    pub fn size(&self) -> usize {
        self.rows.len()
    }

    /// The rows.
    pub fn rows(&self) -> &[Vec<f64>] {
        &self.rows
    }

    /// The diagonal, above zero.
    pub(crate) fn variances(&self) -> impl Iterator<Item = f64> {
        self.rows.iter().enumerate().map(|(i, row)| row.get(i).copied().unwrap_or(0.0))
    }

    /// One cell; zero beyond the matrix, where nobody looks.
    pub(crate) fn cell(&self, row: usize, column: usize) -> f64 {
        self.rows.get(row).and_then(|row| row.get(column)).copied().unwrap_or(0.0)
    }

    /// `Σ v`.
    pub(crate) fn times(&self, vector: &[f64]) -> Vec<f64> {
        self.rows.iter().map(|row| dot(row, vector)).collect()
    }

    /// Scales weights to one.
    pub(crate) fn portfolio(&self, weights: Vec<f64>) -> Result<OptimalPortfolio, NoPortfolio> {
        let total: f64 = weights.iter().sum();
        let weights: Vec<f64> = weights.into_iter().map(|weight| weight / total).collect();
        let variance = dot(&weights, &self.times(&weights));
        let numbers = variance.is_finite() && weights.iter().all(|weight| weight.is_finite());
        if numbers { Ok(OptimalPortfolio { weights, variance }) } else { Err(NoPortfolio::NotFinite) }
    }
}

/// Sum of products, as exactly as an `f64` shows it; NaN if it overflows.
pub(crate) fn dot(left: &[f64], right: &[f64]) -> f64 {
    let mut sum = Sum::default();
    for (left, right) in left.iter().zip(right) {
        sum.add_product(*left, *right);
    }
    sum.total().unwrap_or(f64::NAN)
}
