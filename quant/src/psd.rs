//! Eigenvalues of symmetric matrices, and the repair of correlation matrices that cannot be.

use crate::figure::{Because, Figure, Unavailable, finite};
use crate::linear::{Cholesky, Symmetric};

/// Eigenvalues down to minus this are rounding; below it a correlation matrix is repaired.
pub const EIGENVALUE_FLOOR: f64 = 1e-10;

/// Sweeps over all pairs of rows. The method converges quadratically: six to ten are enough at any size.
const SWEEPS_MAX: u32 = 64;

/// Share of the sum of squares that may be left beside the diagonal. An eigenvalue is off by less than its root.
const OFF_DIAGONAL_FLOOR: f64 = 1e-30;

/// Eigenvalues, rising, with their eigenvectors of length one.
#[derive(Debug, Clone, PartialEq)]
pub struct Eigen {
    /// In rising order.
    pub values: Vec<f64>,
    /// The vector of each value, in the same order.
    pub vectors: Vec<Vec<f64>>,
}

/// A correlation matrix without negative eigenvalues, and what it took to get there.
#[derive(Debug, Clone, PartialEq)]
pub struct Repaired {
    /// The matrix; the given one when nothing was adjusted.
    pub matrix: Symmetric,
    /// Whether an eigenvalue lay below −[`EIGENVALUE_FLOOR`].
    pub psd_adjusted: bool,
    /// Largest absolute change of a cell.
    pub max_change: f64,
}

/// All eigenvalues and eigenvectors by cyclic Jacobi rotations (Golub and Van Loan, section 8.5): slower than
/// a tridiagonal method, but a page long, true to the last digits, and made of nothing but IEEE arithmetic.
pub fn eigen(matrix: &Symmetric) -> Result<Eigen, Unavailable> {
    let size = matrix.size();
    let mut rows: Vec<Vec<f64>> = matrix.rows().map(<[f64]>::to_vec).collect();
    let mut vectors: Vec<Vec<f64>> =
        (0..size).map(|i| (0..size).map(|j| if i == j { 1.0 } else { 0.0 }).collect()).collect();
    for _ in 0..SWEEPS_MAX {
        if off_diagonal(&rows)? <= OFF_DIAGONAL_FLOOR * square(&rows)? {
            return sorted(&rows, vectors);
        }
        for p in 0..size {
            for q in p + 1..size {
                rotate(&mut rows, &mut vectors, p, q);
            }
        }
    }
    Err(Because::NotFinite.into())
}

/// Clips negative eigenvalues to zero and scales the diagonal back to one, if the smallest lies below
/// −[`EIGENVALUE_FLOOR`]; else gives the matrix back.
pub fn repair(correlation: &Symmetric) -> Result<Repaired, Unavailable> {
    let unchanged = || Repaired { matrix: correlation.clone(), psd_adjusted: false, max_change: 0.0 };
    let lifted = correlation.plus_diagonal(&vec![EIGENVALUE_FLOOR; correlation.size()])?;
    // A factor proves the eigenvalues for a fraction of the price of finding them.
    if Cholesky::new(&lifted, 0.0).is_ok() {
        return Ok(unchanged());
    }
    let eigen = eigen(correlation)?;
    if eigen.values.first().is_none_or(|least| *least >= -EIGENVALUE_FLOOR) {
        return Ok(unchanged());
    }
    let clipped = Symmetric::from_fn(correlation.size(), |i, j| {
        let product = |(value, vector): (&f64, &Vec<f64>)| {
            Some(value.max(0.0) * vector.get(i).copied()? * vector.get(j).copied()?)
        };
        let terms = eigen.values.iter().zip(&eigen.vectors).map(product);
        finite(terms.map(|term| term.unwrap_or(f64::NAN)).sum())
    })?;
    let matrix = Symmetric::from_fn(correlation.size(), |i, j| {
        let scale = (clipped.cell(i, i)? * clipped.cell(j, j)?).sqrt();
        if i == j { Ok(1.0) } else { Ok(finite(clipped.cell(i, j)? / scale)?.clamp(-1.0, 1.0)) }
    })?;
    let changes = correlation.rows().flatten().zip(matrix.rows().flatten());
    let max_change = changes.map(|(before, after)| (after - before).abs()).fold(0.0, f64::max);
    Ok(Repaired { matrix, psd_adjusted: true, max_change })
}

fn off_diagonal(rows: &[Vec<f64>]) -> Figure {
    let row = |(i, row): (usize, &Vec<f64>)| {
        row.iter().enumerate().filter(|(j, _)| *j != i).map(|(_, value)| value * value).sum::<f64>()
    };
    finite(rows.iter().enumerate().map(row).sum())
}

fn square(rows: &[Vec<f64>]) -> Figure {
    finite(rows.iter().flatten().map(|value| value * value).sum())
}

/// Makes the cell (p, q) zero by a rotation in the plane of p and q.
fn rotate(rows: &mut [Vec<f64>], vectors: &mut [Vec<f64>], p: usize, q: usize) {
    let cell = |i: usize, j: usize| rows.get(i).and_then(|row| row.get(j)).copied().unwrap_or(0.0);
    let (pp, pq, qq) = (cell(p, p), cell(p, q), cell(q, q));
    if pq == 0.0 {
        return;
    }
    let theta = (qq - pp) / (2.0 * pq);
    // The smaller of the two angles; one that overflows is none.
    let tangent = 1f64.copysign(theta) / (theta.abs() + (theta * theta + 1.0).sqrt());
    let cosine = 1.0 / (tangent * tangent + 1.0).sqrt();
    let sine = tangent * cosine;
    let turn = |left: &mut f64, right: &mut f64| {
        (*left, *right) = (cosine * *left - sine * *right, sine * *left + cosine * *right);
    };
    for matrix in [&mut *rows, vectors] {
        if let Ok([left, right]) = matrix.get_disjoint_mut([p, q]) {
            left.iter_mut().zip(right).for_each(|(left, right)| turn(left, right));
        }
    }
    for row in &mut *rows {
        if let Ok([left, right]) = row.get_disjoint_mut([p, q]) {
            turn(left, right);
        }
    }
    // Zero but for rounding, which would be turned again and again.
    for (row, column) in [(p, q), (q, p)] {
        if let Some(cell) = rows.get_mut(row).and_then(|row| row.get_mut(column)) {
            *cell = 0.0;
        }
    }
}

fn sorted(rows: &[Vec<f64>], vectors: Vec<Vec<f64>>) -> Result<Eigen, Unavailable> {
    let diagonal = rows.iter().enumerate().map(|(i, row)| row.get(i).copied().unwrap_or(f64::NAN));
    let mut pairs: Vec<_> = diagonal.zip(vectors).collect();
    pairs.sort_by(|left, right| left.0.total_cmp(&right.0));
    let (values, vectors): (Vec<f64>, Vec<Vec<f64>>) = pairs.into_iter().unzip();
    values.iter().try_for_each(|value| finite(*value).map(|_| ()))?;
    Ok(Eigen { values, vectors })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn three(ab: f64, ac: f64, bc: f64) -> Symmetric {
        let rows = [[1.0, ab, ac], [ab, 1.0, bc], [ac, bc, 1.0]];
        Symmetric::from_fn(3, |i, j| Ok(rows[i][j])).unwrap()
    }

    #[test]
    fn an_impossible_matrix_is_repaired() {
        let impossible = three(0.9, 0.1, 0.9);
        let values = eigen(&impossible).unwrap().values;
        for (value, expected) in values.iter().zip([-0.223_773_920_3, 0.9, 2.323_773_920_3]) {
            assert!((value - expected).abs() < 1e-10, "{value}");
        }
        let repaired = repair(&impossible).unwrap();
        assert!(repaired.psd_adjusted);
        for (cell, expected) in
            [((0, 1), 0.756_936_408_2), ((1, 2), 0.756_936_408_2), ((0, 2), 0.145_905_452_2)]
        {
            assert!((repaired.matrix.get(cell.0, cell.1).unwrap() - expected).abs() < 1e-10);
        }
        assert!((repaired.max_change - (0.9 - 0.756_936_408_2)).abs() < 1e-10);
        assert!(eigen(&repaired.matrix).unwrap().values[0] > -EIGENVALUE_FLOOR);
    }

    #[test]
    fn a_possible_matrix_is_left_alone() {
        for possible in [three(0.6, 0.2, -0.1), three(1.0, 1.0, 1.0)] {
            assert_eq!(
                repair(&possible).unwrap(),
                Repaired { matrix: possible, psd_adjusted: false, max_change: 0.0 }
            );
        }
        let nothing = Symmetric::from_fn(0, |_, _| Ok(1.0)).unwrap();
        assert_eq!(repair(&nothing).unwrap().max_change, 0.0);
    }

    #[test]
    fn vectors_are_turned_into_multiples_of_themselves() {
        let matrix = three(0.6, 0.2, -0.1);
        let eigen = eigen(&matrix).unwrap();
        for (value, vector) in eigen.values.iter().zip(&eigen.vectors) {
            for (turned, own) in matrix.times(vector).unwrap().iter().zip(vector) {
                assert!((turned - value * own).abs() < 1e-14);
            }
        }
        assert!((eigen.values.iter().sum::<f64>() - 3.0).abs() < 1e-14);
    }
}
