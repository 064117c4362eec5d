//! Correlation of return series: pairs, whole panels, and what a panel says as a whole.
//!
//! Portfolio correlations are taken of *log* returns by convention; the functions do not care.

use serde::ser::SerializeSeq;
use serde::{Serialize, Serializer};

use crate::figure::{Because, Figure, Unavailable, finite, number};
use crate::linear::{Symmetric, standardise};
use crate::panel::{Panel, overlap_into};
use crate::products::{all_products, dot};
use crate::student_t::correlation_p;
use crate::sum::Sum;

/// Fewest common periods of a pair by default.
pub const OVERLAP_MIN: u64 = 30;

/// Pearson's correlation of two return series over the same periods, -1 to 1. Needs two returns each.
pub fn correlation(left: &[f64], right: &[f64]) -> Figure {
    if left.len() != right.len() {
        return Err(Because::LengthsDiffer.into());
    }
    standardised_product(&mut left.to_vec(), &mut right.to_vec())
}

/// Correlation of every series with every other: symmetric, one on the diagonal of series that vary.
///
/// Serialises as an array of rows of numbers or nulls.
#[derive(Debug, Clone, PartialEq)]
pub struct CorrelationMatrix {
    size: usize,
    cells: Vec<Figure>,
    overlaps: Vec<u64>,
}

/// What a matrix says about all pairs together.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct CorrelationSummary {
    /// Mean of ρ over the pairs that have one, -1 to 1.
    pub mean: f64,
    /// Mean of |ρ| over the same pairs, 0 to 1.
    pub mean_absolute: f64,
    /// Pairs with a correlation.
    pub pairs: u64,
    /// All pairs.
    pub pairs_total: u64,
}

/// The matrix of [`correlation`]s of a panel, rows and columns in the order of its series.
///
/// A pair is correlated over the periods that both series have; fewer than `overlap_min` of them (never less
/// than two) give `TooFewReturns`, not zero.
pub fn correlation_matrix(panel: &Panel, overlap_min: u64) -> CorrelationMatrix {
    CorrelationWorkspace::default().matrix(panel, overlap_min)
}

/// Buffers for many matrices: keep one, and only the matrices themselves are allocated.
#[derive(Debug, Default)]
pub struct CorrelationWorkspace {
    standardised: Vec<f64>,
    columns: Vec<Column>,
    left: Vec<f64>,
    right: Vec<f64>,
}

/// What a column is good for.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Column {
    /// It has every cell: its products are correlations.
    Complete,
    /// Cells are missing: each of its pairs has its own mean and deviation.
    Gaps,
    /// It correlates with nothing.
    Unusable(Unavailable),
}

impl CorrelationWorkspace {
    /// [`correlation_matrix`] in these buffers.
    pub fn matrix(&mut self, panel: &Panel, overlap_min: u64) -> CorrelationMatrix {
        let (size, rows) = (panel.size(), panel.rows());
        let overlap_min = overlap_min.max(2);
        self.prepare(panel);
        let missing = Err(Because::MissingCells.into());
        let mut matrix = CorrelationMatrix {
            size,
            cells: vec![missing; size * size],
            overlaps: vec![rows as u64; size * size],
        };
        self.multiply(&mut matrix, rows, overlap_min);
        if self.columns.contains(&Column::Gaps) {
            self.pair_up(&mut matrix, panel, overlap_min);
        }
        matrix
    }

    fn prepare(&mut self, panel: &Panel) {
        self.standardised.clear();
        self.standardised.extend_from_slice(panel.values());
        self.columns.clear();
        for column in self.standardised.chunks_exact_mut(panel.rows()) {
            self.columns.push(if column.iter().any(|value| value.is_infinite()) {
                Column::Unusable(Because::NotFinite.into())
            } else if column.iter().any(|value| value.is_nan()) {
                Column::Gaps
            } else {
                standardise(column).map_or_else(Column::Unusable, |_| Column::Complete)
            });
        }
    }

    /// All pairs of columns without gaps.
    fn multiply(&self, matrix: &mut CorrelationMatrix, rows: usize, overlap_min: u64) {
        let columns = self.standardised.chunks_exact(rows).zip(&self.columns);
        let complete: Vec<&[f64]> =
            columns.filter(|(_, kind)| **kind == Column::Complete).map(|(column, _)| column).collect();
        let products = all_products(&complete);
        let mut products = products.iter();
        let enough = crate::moments::at_least(overlap_min, rows as u64);
        let lines = matrix.cells.chunks_exact_mut(matrix.size.max(1)).zip(&self.columns);
        for (i, (line, kind)) in lines.enumerate() {
            for (j, (cell, other)) in line.iter_mut().zip(&self.columns).enumerate() {
                let (former, latter) = if i <= j { (kind, other) } else { (other, kind) };
                *cell = match (former, latter) {
                    (Column::Unusable(reason), _) | (_, Column::Unusable(reason)) => Err(*reason),
                    (Column::Gaps, _) | (_, Column::Gaps) => continue,
                    (Column::Complete, Column::Complete) => {
                        let product = products.next().copied().unwrap_or(f64::NAN);
                        enough.map(|()| if i == j { 1.0 } else { product.clamp(-1.0, 1.0) })
                    }
                };
            }
        }
    }

    /// The pairs of which one has gaps.
    fn pair_up(&mut self, matrix: &mut CorrelationMatrix, panel: &Panel, overlap_min: u64) {
        let columns = panel.columns().zip(&self.columns).enumerate();
        for (i, (left, kind)) in columns.clone() {
            for (j, (right, other)) in columns.clone().skip(i) {
                let gaps = [kind, other].contains(&&Column::Gaps);
                if !gaps || [kind, other].iter().any(|kind| matches!(kind, Column::Unusable(_))) {
                    continue;
                }
                let overlapped = overlap_into(left, right, &mut self.left, &mut self.right);
                let overlap = self.left.len() as u64;
                let figure = overlapped
                    .and_then(|()| crate::moments::at_least(overlap_min, overlap))
                    .and_then(|()| standardised_product(&mut self.left, &mut self.right))
                    .map(|value| if i == j { 1.0 } else { value });
                matrix.put(i, j, figure, overlap);
            }
        }
    }
}

impl CorrelationMatrix {
    /// The correlations of series without gaps over `rows` periods.
    pub fn of_complete(correlation: &Symmetric, rows: u64) -> Self {
        let size = correlation.size();
        let cells = correlation.rows().flatten().map(|cell| Ok(*cell)).collect();
        Self { size, cells, overlaps: vec![rows; size * size] }
    }

    /// Number of series.
    pub fn size(&self) -> usize {
        self.size
    }

    /// The rows, in the order of the series.
    pub fn rows(&self) -> impl ExactSizeIterator<Item = &[Figure]> {
        self.cells.chunks_exact(self.size.max(1))
    }

    /// One cell; none beyond the matrix.
    pub fn get(&self, row: usize, column: usize) -> Option<Figure> {
        self.cells.get(self.at(row, column)?).copied()
    }

    /// Common periods of a pair; none beyond the matrix.
    pub fn overlap(&self, row: usize, column: usize) -> Option<u64> {
        self.overlaps.get(self.at(row, column)?).copied()
    }

    /// Two-sided p value of a cell: the chance of a larger |ρ| over as many periods when the true one is zero.
    pub fn p_value(&self, row: usize, column: usize) -> Figure {
        let rho = self.get(row, column).ok_or(Because::UnknownIndex)??;
        correlation_p(rho, self.overlap(row, column).ok_or(Because::UnknownIndex)?)
    }

    /// The cells above the diagonal: both indices and the figure.
    pub fn pairs(&self) -> impl Iterator<Item = (usize, usize, Figure)> {
        self.rows()
            .enumerate()
            .flat_map(|(i, row)| row.iter().enumerate().skip(i + 1).map(move |(j, figure)| (i, j, *figure)))
    }

    /// The series named, in that order: the matrix of a portfolio out of that of its universe.
    ///
    /// # Errors
    /// `UnknownIndex`.
    pub fn select(&self, indices: &[usize]) -> Result<Self, Unavailable> {
        let cells = indices.iter().flat_map(|row| indices.iter().map(|column| self.at(*row, *column)));
        let cells: Vec<usize> = cells.collect::<Option<_>>().ok_or(Because::UnknownIndex)?;
        Ok(Self {
            size: indices.len(),
            cells: cells.iter().filter_map(|cell| self.cells.get(*cell).copied()).collect(),
            overlaps: cells.iter().filter_map(|cell| self.overlaps.get(*cell).copied()).collect(),
        })
    }

    /// Means over the pairs. `TooFewSeries` below two series, `MissingCells` when no pair has a correlation.
    pub fn summary(&self) -> Result<CorrelationSummary, Unavailable> {
        if self.size < 2 {
            return Err(Because::TooFewSeries { needed: 2 }.into());
        }
        let (mut sum, mut absolute) = (Sum::default(), Sum::default());
        let (mut pairs, mut pairs_total) = (0, 0);
        for (_, _, figure) in self.pairs() {
            pairs_total += 1;
            if let Ok(rho) = figure {
                pairs += 1;
                sum.add(rho);
                absolute.add(rho.abs());
            }
        }
        if pairs == 0 {
            return Err(Because::MissingCells.into());
        }
        Ok(CorrelationSummary {
            mean: finite(sum.total()? / number(pairs))?,
            mean_absolute: finite(absolute.total()? / number(pairs))?,
            pairs,
            pairs_total,
        })
    }

    /// The matrix as numbers. `MissingCells` when a cell has none: what is missing is not guessed.
    pub fn complete(&self) -> Result<Symmetric, Unavailable> {
        Symmetric::from_fn(self.size, |i, j| {
            self.get(i, j).ok_or(Because::UnknownIndex)?.map_err(|_| Because::MissingCells.into())
        })
    }

    fn at(&self, row: usize, column: usize) -> Option<usize> {
        (row < self.size && column < self.size).then_some(row * self.size + column)
    }

    fn put(&mut self, row: usize, column: usize, figure: Figure, overlap: u64) {
        for (row, column) in [(row, column), (column, row)] {
            let at = row * self.size + column;
            if let (Some(cell), Some(count)) = (self.cells.get_mut(at), self.overlaps.get_mut(at)) {
                (*cell, *count) = (figure, overlap);
            }
        }
    }
}

impl Serialize for CorrelationMatrix {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut rows = serializer.serialize_seq(Some(self.size))?;
        for row in self.rows() {
            rows.serialize_element(&row.iter().map(|figure| figure.ok()).collect::<Vec<_>>())?;
        }
        rows.end()
    }
}

/// The correlation of two series of equal length, which are left standardised.
fn standardised_product(left: &mut [f64], right: &mut [f64]) -> Figure {
    standardise(left)?;
    standardise(right)?;
    Ok(finite(dot(left, right))?.clamp(-1.0, 1.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    const MISSING: f64 = f64::NAN;

    #[test]
    fn a_series_that_does_not_vary_correlates_with_nothing() {
        let values = [0.1, -0.1, 0.2, 0.0, 0.0, 0.0, -0.1, 0.1, -0.3];
        let matrix = correlation_matrix(&Panel::new(&values, 3).unwrap(), 2);
        let rho = matrix.get(0, 2).unwrap().unwrap();
        assert_eq!(
            serde_json::to_string(&matrix).unwrap(),
            format!("[[1.0,null,{rho}],[null,null,null],[{rho},null,1.0]]")
        );
        assert_eq!(matrix.get(0, 1), Some(Err(Because::ZeroDeviation.into())));
        assert_eq!(matrix.get(3, 0), None);
    }

    #[test]
    fn series_must_cover_the_same_periods() {
        assert_eq!(correlation(&[0.1, 0.2], &[0.1]), Err(Because::LengthsDiffer.into()));
        assert_eq!(correlation(&[], &[]), Err(Because::TooFewReturns { needed: 2 }.into()));
    }

    #[test]
    fn a_pair_with_gaps_is_correlated_over_what_it_shares() {
        let values = [
            0.1, -0.1, 0.2, 0.3, MISSING, 0.1, 0.3, 0.1, MISSING, MISSING, 0.5, MISSING, 0.2, 0.1, 0.4, -0.1,
        ];
        let matrix = correlation_matrix(&Panel::new(&values, 4).unwrap(), 3);
        assert_eq!(matrix.get(0, 1), Some(correlation(&[-0.1, 0.2, 0.3], &[0.1, 0.3, 0.1])));
        assert_eq!(
            (matrix.overlap(0, 1), matrix.overlap(1, 2), matrix.overlap(0, 3)),
            (Some(3), Some(1), Some(4))
        );
        assert_eq!(matrix.get(2, 0), Some(Err(Because::TooFewReturns { needed: 3 }.into())));
        assert_eq!(matrix.get(0, 3), Some(correlation(&values[..4], &values[12..])));
        assert_eq!(matrix.complete(), Err(Because::MissingCells.into()));
        let summary = matrix.summary().unwrap();
        assert_eq!((summary.pairs, summary.pairs_total), (3, 6));
    }

    #[test]
    fn an_infinite_cell_spoils_its_series_only() {
        let values = [0.1, -0.1, 0.2, f64::INFINITY, 0.1, 0.3, 0.1, 0.2, 0.4, MISSING, 0.1, 0.2];
        let matrix = correlation_matrix(&Panel::new(&values, 3).unwrap(), 2);
        assert_eq!(matrix.get(1, 3), Some(Err(Because::NotFinite.into())));
        assert_eq!(matrix.get(1, 1), Some(Err(Because::NotFinite.into())));
        assert!(matrix.get(0, 2).unwrap().is_ok() && matrix.get(2, 3).unwrap().is_ok());
    }

    #[test]
    fn a_portfolio_is_cut_out_of_its_universe() {
        let values = [0.1, -0.1, 0.2, 0.3, 0.1, 0.3, 0.1, 0.2, 0.4];
        let universe = correlation_matrix(&Panel::new(&values, 3).unwrap(), 2);
        let both = [&values[6..], &values[..3]].concat();
        assert_eq!(universe.select(&[2, 0]), Ok(correlation_matrix(&Panel::new(&both, 3).unwrap(), 2)));
        assert_eq!(universe.select(&[3]), Err(Because::UnknownIndex.into()));
        assert_eq!(universe.select(&[0]).unwrap().summary(), Err(Because::TooFewSeries { needed: 2 }.into()));
    }
}
