//! Linear equations with a symmetric positive definite matrix.

/// A pivot below this share of its diagonal cell is rounding: the matrix counts as singular.
const PIVOT_MIN: f64 = 1e-13;

/// Solves `A x = b` by Cholesky's decomposition; none if `A` (row by row, lower triangle read) is not positive definite.
pub fn solve(matrix: &[Vec<f64>], right: &[f64]) -> Option<Vec<f64>> {
    let mut lower: Vec<Vec<f64>> = Vec::with_capacity(matrix.len());
    for (i, source) in matrix.iter().enumerate() {
        let mut row: Vec<f64> = Vec::with_capacity(i + 1);
        for (above, cell) in lower.iter().zip(source) {
            let known: f64 = row.iter().zip(above).map(|(left, right)| left * right).sum();
            row.push((cell - known) / above.last()?);
        }
        let diagonal = *source.get(i)?;
        let pivot = diagonal - row.iter().map(|cell| cell * cell).sum::<f64>();
        if pivot.is_nan() || pivot <= PIVOT_MIN * diagonal {
            return None;
        }
        row.push(pivot.sqrt());
        lower.push(row);
    }
    let mut forward: Vec<f64> = Vec::with_capacity(lower.len());
    for (row, value) in lower.iter().zip(right) {
        let known: f64 = row.iter().zip(&forward).map(|(cell, solved)| cell * solved).sum();
        forward.push((value - known) / row.last()?);
    }
    let mut solution = forward;
    for (i, row) in lower.iter().enumerate().rev() {
        let (before, from) = solution.split_at_mut_checked(i)?;
        let value = from.first_mut()?;
        *value /= row.last()?;
        for (cell, earlier) in row.iter().zip(before) {
            *earlier -= cell * *value;
        }
    }
    Some(solution)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_solved_solves() {
        let matrix = vec![vec![4.0, 2.0, 0.0], vec![2.0, 5.0, 1.0], vec![0.0, 1.0, 3.0]];
        let solution = solve(&matrix, &[8.0, 15.0, 11.0]).unwrap();
        for (value, expected) in solution.iter().zip([1.0, 2.0, 3.0]) {
            assert!((value - expected).abs() < 1e-14);
        }
    }

    #[test]
    fn a_singular_matrix_is_refused() {
        assert_eq!(solve(&[vec![1.0, 1.0], vec![1.0, 1.0]], &[1.0, 2.0]), None);
        assert_eq!(solve(&[vec![f64::NAN]], &[1.0]), None);
    }
}
