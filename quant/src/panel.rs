//! Several series over the same periods, as columns.

use crate::figure::{Because, Unavailable};

/// Series over the same periods, borrowed from one slice, column after column.
///
/// NaN marks a cell that is missing: a day on which the series has no return. Infinities are no returns and
/// make every figure of their column unavailable.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Panel<'a> {
    values: &'a [f64],
    rows: usize,
}

impl<'a> Panel<'a> {
    /// `values` holds `rows` values of the first series, then `rows` of the second, and so on.
    ///
    /// # Errors
    /// `LengthsDiffer` when the values do not fill whole columns, `TooFewReturns` when `rows` is zero.
    pub fn new(values: &'a [f64], rows: usize) -> Result<Self, Unavailable> {
        if rows == 0 {
            return Err(Because::TooFewReturns { needed: 1 }.into());
        }
        if !values.len().is_multiple_of(rows) {
            return Err(Because::LengthsDiffer.into());
        }
        Ok(Self { values, rows })
    }

    /// Periods per series.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// Number of series.
    pub fn size(&self) -> usize {
        self.values.len() / self.rows
    }

    /// The values, series after series.
    pub fn values(&self) -> &'a [f64] {
        self.values
    }

    /// The series, in order.
    pub fn columns(&self) -> impl ExactSizeIterator<Item = &'a [f64]> + Clone {
        self.values.chunks_exact(self.rows)
    }

    /// One series; none beyond the panel.
    pub fn column(&self, index: usize) -> Option<&'a [f64]> {
        self.columns().nth(index)
    }

    /// Refuses a panel with cells that are missing (`MissingCells`) or infinite (`NotFinite`).
    pub fn complete(&self) -> Result<(), Unavailable> {
        // One look at all, without a branch, costs a fraction of one at each; only a fault has to be found.
        if self.values.iter().fold(true, |all, value| all & value.is_finite()) {
            return Ok(());
        }
        if self.values.iter().any(|value| value.is_infinite()) {
            return Err(Because::NotFinite.into());
        }
        if self.values.iter().any(|value| value.is_nan()) {
            return Err(Because::MissingCells.into());
        }
        Ok(())
    }
}

/// The last `count` values; all when there are fewer.
pub fn last(values: &[f64], count: usize) -> &[f64] {
    values.get(values.len().saturating_sub(count)..).unwrap_or(values)
}

/// The periods in which both series have a value: `left` and `right` without the cells that are missing
/// (NaN) in either.
///
/// # Errors
/// `LengthsDiffer`; `NotFinite` for an infinite value.
pub fn overlap(left: &[f64], right: &[f64]) -> Result<(Vec<f64>, Vec<f64>), Unavailable> {
    let (mut lefts, mut rights) = (Vec::new(), Vec::new());
    overlap_into(left, right, &mut lefts, &mut rights)?;
    Ok((lefts, rights))
}

/// [`overlap`] into buffers that are cleared first.
pub(crate) fn overlap_into(
    left: &[f64],
    right: &[f64],
    lefts: &mut Vec<f64>,
    rights: &mut Vec<f64>,
) -> Result<(), Unavailable> {
    if left.len() != right.len() {
        return Err(Because::LengthsDiffer.into());
    }
    lefts.clear();
    rights.clear();
    for (left, right) in left.iter().zip(right) {
        if left.is_infinite() || right.is_infinite() {
            return Err(Because::NotFinite.into());
        }
        if !left.is_nan() && !right.is_nan() {
            lefts.push(*left);
            rights.push(*right);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_must_fill_whole_columns() {
        assert_eq!(Panel::new(&[0.1, 0.2, 0.3], 2), Err(Because::LengthsDiffer.into()));
        assert_eq!(Panel::new(&[], 0), Err(Because::TooFewReturns { needed: 1 }.into()));
        let panel = Panel::new(&[0.1, 0.2, 0.3, f64::NAN], 2).unwrap();
        assert_eq!((panel.size(), panel.column(0), panel.column(2)), (2, Some(&[0.1, 0.2][..]), None));
        assert_eq!(panel.complete(), Err(Because::MissingCells.into()));
    }

    #[test]
    fn an_overlap_leaves_out_what_either_lacks() {
        let missing = f64::NAN;
        assert_eq!(
            overlap(&[1.0, missing, 3.0, 4.0], &[5.0, 6.0, missing, 8.0]),
            Ok((vec![1.0, 4.0], vec![5.0, 8.0]))
        );
        assert_eq!(overlap(&[f64::INFINITY], &[1.0]), Err(Because::NotFinite.into()));
        assert_eq!(overlap(&[1.0], &[]), Err(Because::LengthsDiffer.into()));
    }

    #[test]
    fn the_last_values_are_all_when_there_are_fewer() {
        assert_eq!(last(&[1.0, 2.0, 3.0], 2), [2.0, 3.0]);
        assert_eq!(last(&[1.0], 2), [1.0]);
    }
}
