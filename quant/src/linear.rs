//! Small dense linear algebra: symmetric matrices and their Cholesky factors.

use fearless_simd::{Level, dispatch};

use crate::figure::{Because, Figure, Unavailable, finite};
use crate::lanes::sum_of;
use crate::moments::DEVIATION_FLOOR;
use crate::products::dot;

/// Share of a series' variance that others must leave unexplained. Below it (a variance inflation beyond
/// 10^10) fewer than six digits of a coefficient would be true.
pub const COLLINEAR_FLOOR: f64 = 1e-10;

/// Mirrored cells may differ by this share of the larger one, as other programs' rounding leaves them.
const ASYMMETRY_MAX: f64 = 1e-10;

/// What rounding may leave of a pivot of a singular matrix, relative to its diagonal cell, and still be zero.
const PIVOT_ROUNDING: f64 = 1e-12;

/// Subtracts the mean and gives it, with the root of the sum of squares of what is left.
///
/// # Errors
/// `TooFewReturns` below two values, `NotFinite`, and `ZeroDeviation` when nothing is left but rounding.
pub(crate) fn centre(values: &mut [f64]) -> Result<(f64, f64), Unavailable> {
    if values.len() < 2 {
        return Err(Because::TooFewReturns { needed: 2 }.into());
    }
    let count = values.len() as f64;
    let mean = finite(sum_of(values, |value| value) / count)?;
    subtract(values, mean);
    let norm = finite(dot(values, values).sqrt())?;
    if norm > DEVIATION_FLOOR * mean.abs().max(1.0) * count.sqrt() {
        Ok((mean, norm))
    } else {
        Err(Because::ZeroDeviation.into())
    }
}

/// [`centre`], then multiplies by one over the root, so that [`dot`] of two such series is their correlation.
pub(crate) fn standardise(values: &mut [f64]) -> Result<(f64, f64), Unavailable> {
    let (mean, norm) = centre(values)?;
    dispatch!(Level::new(), _ => scale(values, 1.0 / norm));
    Ok((mean, norm))
}

/// Subtracts `mean` from all.
pub(crate) fn subtract(values: &mut [f64], mean: f64) {
    dispatch!(Level::new(), _ => shift(values, mean));
}

#[inline(always)]
fn shift(values: &mut [f64], mean: f64) {
    values.iter_mut().for_each(|value| *value -= mean);
}

#[inline(always)]
fn scale(values: &mut [f64], factor: f64) {
    values.iter_mut().for_each(|value| *value *= factor);
}

/// A symmetric matrix of finite numbers.
#[derive(Debug, Clone, PartialEq)]
pub struct Symmetric {
    size: usize,
    values: Vec<f64>,
}

impl Symmetric {
    /// The matrix whose cell (i, j) is `cell(i, j)`, asked for i ≤ j only. Refuses cells that are no numbers.
    pub fn from_fn(size: usize, mut cell: impl FnMut(usize, usize) -> Figure) -> Result<Self, Unavailable> {
        let mut matrix = Self { size, values: vec![0.0; size * size] };
        for i in 0..size {
            for j in i..size {
                let value = finite(cell(i, j)?)?;
                matrix.set(i, j, value);
                matrix.set(j, i, value);
            }
        }
        Ok(matrix)
    }

    /// The matrix whose rows are these `values`, which are already the same on both sides of the diagonal.
    ///
    /// # Errors
    /// `LengthsDiffer` unless they fill a square, `NotFinite`.
    pub(crate) fn of_mirrored(size: usize, values: Vec<f64>) -> Result<Self, Unavailable> {
        if values.len() != size * size {
            return Err(Because::LengthsDiffer.into());
        }
        // One look at all, without a branch at each.
        let finite = values.iter().fold(true, |all, value| all & value.is_finite());
        if finite { Ok(Self { size, values }) } else { Err(Because::NotFinite.into()) }
    }

    /// The matrix of these rows; cells may differ from their mirror images by rounding, and those above the diagonal
    /// are taken.
    ///
    /// # Errors
    /// `LengthsDiffer` unless it is square, `CovarianceInvalid` unless it is symmetric, `NotFinite`.
    pub fn from_rows(rows: &[Vec<f64>]) -> Result<Self, Unavailable> {
        if rows.iter().any(|row| row.len() != rows.len()) {
            return Err(Because::LengthsDiffer.into());
        }
        let cell = |i: usize, j: usize| rows.get(i).and_then(|row| row.get(j)).copied().unwrap_or(f64::NAN);
        Self::from_fn(rows.len(), |i, j| {
            let (value, mirrored) = (finite(cell(i, j))?, finite(cell(j, i))?);
            if (value - mirrored).abs() > ASYMMETRY_MAX * value.abs().max(mirrored.abs()) {
                return Err(Because::CovarianceInvalid.into());
            }
            Ok(value)
        })
    }

    /// Rows and columns.
    pub fn size(&self) -> usize {
        self.size
    }

    /// One cell; none beyond the matrix.
    pub fn get(&self, row: usize, column: usize) -> Option<f64> {
        if row < self.size && column < self.size {
            self.values.get(row * self.size + column).copied()
        } else {
            None
        }
    }

    /// One cell, refused beyond the matrix.
    pub fn cell(&self, row: usize, column: usize) -> Figure {
        self.get(row, column).ok_or(Because::UnknownIndex.into())
    }

    /// The rows, in order.
    pub fn rows(&self) -> impl ExactSizeIterator<Item = &[f64]> {
        self.values.chunks_exact(self.size.max(1))
    }

    /// The diagonal, from the first row on.
    pub fn diagonal(&self) -> impl Iterator<Item = f64> {
        self.values.iter().step_by(self.size + 1).copied()
    }

    /// The matrix times `vector`.
    pub fn times(&self, vector: &[f64]) -> Result<Vec<f64>, Unavailable> {
        if vector.len() != self.size {
            return Err(Because::LengthsDiffer.into());
        }
        self.rows().map(|row| finite(dot(row, vector))).collect()
    }

    /// vector' · matrix · vector.
    pub fn quadratic(&self, vector: &[f64]) -> Figure {
        finite(dot(vector, &self.times(vector)?))
    }

    /// The rows and columns named, in that order.
    pub fn select(&self, indices: &[usize]) -> Result<Self, Unavailable> {
        let at = |position: usize| indices.get(position).copied().ok_or(Because::UnknownIndex);
        Self::from_fn(indices.len(), |i, j| self.cell(at(i)?, at(j)?))
    }

    /// The matrix with `additions` added to its diagonal.
    pub fn plus_diagonal(&self, additions: &[f64]) -> Result<Self, Unavailable> {
        if additions.len() != self.size {
            return Err(Because::LengthsDiffer.into());
        }
        let mut sum = self.clone();
        for (value, addition) in sum.values.iter_mut().step_by(self.size + 1).zip(additions) {
            *value = finite(*value + addition)?;
        }
        Ok(sum)
    }

    fn set(&mut self, row: usize, column: usize, value: f64) {
        if let Some(cell) = self.values.get_mut(row * self.size + column) {
            *cell = value;
        }
    }
}

/// The lower triangle L of a positive definite matrix A = L L'.
#[derive(Debug, Clone, PartialEq)]
pub struct Cholesky {
    /// Row i has i + 1 numbers.
    rows: Vec<Vec<f64>>,
}

impl Cholesky {
    /// Factors `matrix`. A pivot at or below `floor` times its diagonal cell is refused: of a covariance, that
    /// is the share of a variance that the rows before leave unexplained.
    ///
    /// # Errors
    /// `Collinear`.
    pub fn new(matrix: &Symmetric, floor: f64) -> Result<Self, Unavailable> {
        let mut rows: Vec<Vec<f64>> = Vec::with_capacity(matrix.size);
        for (i, cells) in matrix.rows().enumerate() {
            let mut row = Vec::with_capacity(i + 1);
            for (above, cell) in rows.iter().zip(cells) {
                // `row` ends before the pivot of `above`, and so does the dot product.
                let pivot = above.last().ok_or(Because::Collinear)?;
                row.push((cell - dot(&row, above)) / pivot);
            }
            let diagonal = matrix.cell(i, i)?;
            let pivot = diagonal - dot(&row, &row);
            if !(diagonal > 0.0 && pivot > floor * diagonal) {
                return Err(Because::Collinear.into());
            }
            row.push(finite(pivot.sqrt())?);
            rows.push(row);
        }
        Ok(Self { rows })
    }

    /// Factors a matrix that may be singular: a pivot that is zero up to rounding makes its column zero, and what then
    /// remains of the column must be zero too. Such a factor multiplies; it does not solve.
    ///
    /// # Errors
    /// `CovarianceInvalid` for a matrix with a negative eigenvalue.
    pub fn semidefinite(matrix: &Symmetric) -> Result<Self, Unavailable> {
        let mut rows: Vec<Vec<f64>> = Vec::with_capacity(matrix.size);
        for (i, cells) in matrix.rows().enumerate() {
            let variance = matrix.cell(i, i)?;
            let mut row = Vec::with_capacity(i + 1);
            for ((above, cell), other) in rows.iter().zip(cells).zip(matrix.diagonal()) {
                let rest = cell - dot(&row, above);
                row.push(match above.last() {
                    Some(pivot) if *pivot > 0.0 => rest / pivot,
                    _ if rest.abs() <= (PIVOT_ROUNDING * variance * other).abs().sqrt() => 0.0,
                    _ => return Err(Because::CovarianceInvalid.into()),
                });
            }
            let pivot = finite(variance - dot(&row, &row))?;
            if pivot < -PIVOT_ROUNDING * variance || variance < 0.0 {
                return Err(Because::CovarianceInvalid.into());
            }
            row.push(if pivot > PIVOT_ROUNDING * variance { pivot.sqrt() } else { 0.0 });
            rows.push(row);
        }
        Ok(Self { rows })
    }

    /// L `vector`, as long as both go.
    pub(crate) fn times(&self, vector: &[f64]) -> impl Iterator<Item = f64> {
        self.rows.iter().map(|row| dot(row, vector))
    }

    /// L' `vector`: the columns weighted by it.
    pub(crate) fn transposed_times(&self, vector: &[f64]) -> Vec<f64> {
        let mut sums = vec![0.0; self.rows.len()];
        for (row, weight) in self.rows.iter().zip(vector) {
            sums.iter_mut().zip(row).for_each(|(sum, cell)| *sum += weight * cell);
        }
        sums
    }

    /// The x of A x = `right`.
    pub fn solve(&self, right: &[f64]) -> Result<Vec<f64>, Unavailable> {
        if right.len() != self.rows.len() {
            return Err(Because::LengthsDiffer.into());
        }
        let mut forward = Vec::with_capacity(right.len());
        for (row, right) in self.rows.iter().zip(right) {
            let pivot = row.last().ok_or(Because::Collinear)?;
            forward.push((right - dot(row, &forward)) / pivot);
        }
        let mut backward = Vec::with_capacity(right.len());
        for row in self.rows.iter().rev() {
            let (pivot, value) = row.last().zip(forward.pop()).ok_or(Because::Collinear)?;
            let solved = finite(value / pivot)?;
            forward.iter_mut().zip(row).for_each(|(value, factor)| *value -= factor * solved);
            backward.push(solved);
        }
        backward.reverse();
        Ok(backward)
    }

    /// A⁻¹.
    pub fn inverse(&self) -> Result<Symmetric, Unavailable> {
        let size = self.rows.len();
        let unit = |i: usize| (0..size).map(|j| if i == j { 1.0 } else { 0.0 }).collect::<Vec<_>>();
        let columns = (0..size).map(|i| self.solve(&unit(i))).collect::<Result<Vec<_>, _>>()?;
        Symmetric::from_fn(size, |i, j| {
            columns.get(i).and_then(|column| column.get(j)).copied().ok_or(Because::UnknownIndex.into())
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matrix(rows: &[&[f64]]) -> Symmetric {
        Symmetric::from_fn(rows.len(), |i, j| Ok(rows[i][j])).unwrap()
    }

    #[test]
    fn a_system_is_solved_and_inverted() {
        let a = matrix(&[&[4.0, 2.0, 0.0], &[2.0, 5.0, 2.0], &[0.0, 2.0, 17.0]]);
        let factor = Cholesky::new(&a, COLLINEAR_FLOOR).unwrap();
        let x = factor.solve(&a.times(&[1.0, -2.0, 3.0]).unwrap()).unwrap();
        for (x, expected) in x.iter().zip([1.0, -2.0, 3.0]) {
            assert!((x - expected).abs() < 1e-14);
        }
        let inverse = factor.inverse().unwrap();
        assert!((inverse.times(&a.times(&[1.0, 0.0, 0.0]).unwrap()).unwrap()[0] - 1.0).abs() < 1e-14);
        assert_eq!(factor.solve(&[1.0]), Err(Because::LengthsDiffer.into()));
    }

    #[test]
    fn what_is_singular_or_indefinite_has_no_factor() {
        for rows in
            [&[&[1.0, 1.0][..], &[1.0, 1.0]], &[&[1.0, 2.0], &[2.0, 1.0]], &[&[0.0, 0.0], &[0.0, 1.0]]]
        {
            assert_eq!(Cholesky::new(&matrix(rows), COLLINEAR_FLOOR), Err(Because::Collinear.into()));
        }
        assert_eq!(Symmetric::from_fn(1, |_, _| Ok(f64::NAN)), Err(Because::NotFinite.into()));
    }

    #[test]
    fn rows_that_make_no_symmetric_matrix_are_refused() {
        let of =
            |rows: &[&[f64]]| Symmetric::from_rows(&rows.iter().map(|row| row.to_vec()).collect::<Vec<_>>());
        assert_eq!(of(&[&[1.0, 0.0]]), Err(Because::LengthsDiffer.into()));
        assert_eq!(of(&[&[f64::NAN]]), Err(Because::NotFinite.into()));
        assert_eq!(of(&[&[1.0, 0.5], &[0.4, 1.0]]), Err(Because::CovarianceInvalid.into()));
    }

    #[test]
    fn rows_and_columns_are_selected_in_the_order_asked() {
        let a = matrix(&[&[1.0, 2.0, 3.0], &[2.0, 4.0, 5.0], &[3.0, 5.0, 6.0]]);
        assert_eq!(a.select(&[2, 0]), Ok(matrix(&[&[6.0, 3.0], &[3.0, 1.0]])));
        assert_eq!(a.select(&[3]), Err(Because::UnknownIndex.into()));
        assert_eq!(a.diagonal().collect::<Vec<_>>(), [1.0, 4.0, 6.0]);
        assert_eq!(a.get(0, 3), None);
    }

    #[test]
    fn nothing_is_left_of_a_constant_series() {
        assert_eq!(standardise(&mut [0.1; 5]), Err(Because::ZeroDeviation.into()));
        assert_eq!(standardise(&mut [0.1]), Err(Because::TooFewReturns { needed: 2 }.into()));
        assert_eq!(standardise(&mut [0.1, f64::NAN]), Err(Because::NotFinite.into()));
    }
}
