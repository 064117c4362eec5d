//! Correlation of return series, for comparing runs.

use serde::ser::SerializeSeq;
use serde::{Serialize, Serializer};

use crate::figure::{Because, Figure};
use crate::moments::JointMoments;

/// Pearson's correlation of two return series over the same periods, -1 to 1. Needs two returns each.
pub fn correlation(left: &[f64], right: &[f64]) -> Figure {
    if left.len() != right.len() {
        return Err(Because::LengthsDiffer.into());
    }
    let mut joint = JointMoments::default();
    for (left, right) in left.iter().zip(right) {
        joint.push(*left, *right);
    }
    joint.correlation()
}

/// Correlation of every series with every other: symmetric, one on the diagonal of series that vary.
///
/// Serialises as an array of rows of numbers or nulls.
#[derive(Debug, Clone, PartialEq)]
pub struct CorrelationMatrix {
    rows: Vec<Vec<Figure>>,
}

/// The matrix of [`correlation`]s, rows and columns in the order of the series.
pub fn correlation_matrix(series: &[&[f64]]) -> CorrelationMatrix {
    // Each pair is computed twice with the operands in the same order, so that the matrix is symmetric to
    // the last bit; comparisons hold a handful of series.
    let cell = |(i, left): (usize, &&[f64]), (j, right): (usize, &&[f64])| match i.cmp(&j) {
        std::cmp::Ordering::Less => correlation(left, right),
        std::cmp::Ordering::Equal => correlation(left, right).map(|_| 1.0),
        std::cmp::Ordering::Greater => correlation(right, left),
    };
    let row = |left| series.iter().enumerate().map(|right| cell(left, right)).collect();
    CorrelationMatrix { rows: series.iter().enumerate().map(row).collect() }
}

impl CorrelationMatrix {
    /// The rows, in the order of the series.
    pub fn rows(&self) -> &[Vec<Figure>] {
        &self.rows
    }

    /// One cell; none beyond the matrix.
    pub fn get(&self, row: usize, column: usize) -> Option<Figure> {
        self.rows.get(row)?.get(column).copied()
    }
}

impl Serialize for CorrelationMatrix {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut rows = serializer.serialize_seq(Some(self.rows.len()))?;
        for row in &self.rows {
            rows.serialize_element(&row.iter().map(|figure| figure.ok()).collect::<Vec<_>>())?;
        }
        rows.end()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_series_that_does_not_vary_correlates_with_nothing() {
        let matrix = correlation_matrix(&[&[0.1, -0.1, 0.2], &[0.0, 0.0, 0.0], &[-0.1, 0.1, -0.2]]);
        assert_eq!(
            serde_json::to_string(&matrix).unwrap(),
            "[[1.0,null,-1.0],[null,null,null],[-1.0,null,1.0]]"
        );
        assert_eq!(matrix.get(0, 1), Some(Err(Because::ZeroDeviation.into())));
        assert_eq!(matrix.get(3, 0), None);
    }

    #[test]
    fn series_must_cover_the_same_periods() {
        assert_eq!(correlation(&[0.1, 0.2], &[0.1]), Err(Because::LengthsDiffer.into()));
        assert_eq!(correlation(&[], &[]), Err(Because::TooFewReturns { needed: 2 }.into()));
    }
}
