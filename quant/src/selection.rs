//! Which positions of a book a matrix is worth: the largest ones.

use serde::{Deserialize, Serialize};

use crate::concentration::gross_weights;
use crate::figure::Unavailable;

/// Exposure from which a position counts, in money.
pub const VALUE_MIN: f64 = 10_000.0;
/// Gross weight from which a position counts, a fraction.
pub const WEIGHT_MIN: f64 = 0.01;
/// Positions of a matrix by default.
pub const COUNT_DEFAULT: usize = 25;

/// Which limits a position must reach.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Limits {
    /// That of the value.
    ValueOnly,
    /// That of the weight.
    WeightOnly,
    /// Both.
    #[default]
    Both,
    /// One of them.
    Either,
}

/// The positions to look at: their indices, largest gross exposure first and at most `count` of them, equal ones in
/// the order given. Exposures are signed, in money, merged by symbol; a zero exposure is none.
///
/// # Errors
/// `NoPositions` when there are none or all are zero; `NotFinite`.
pub fn largest(
    exposures: &[f64],
    value_min: f64,
    weight_min: f64,
    limits: Limits,
    count: usize,
) -> Result<Vec<usize>, Unavailable> {
    let weights = gross_weights(exposures)?;
    let counts = |exposure: f64, weight: f64| {
        let (value, share) = (exposure.abs() >= value_min, weight >= weight_min);
        weight > 0.0
            && match limits {
                Limits::ValueOnly => value,
                Limits::WeightOnly => share,
                Limits::Both => value && share,
                Limits::Either => value || share,
            }
    };
    let all = exposures.iter().zip(&weights).enumerate();
    let mut kept: Vec<(usize, f64)> = all
        .filter(|(_, (exposure, weight))| counts(**exposure, **weight))
        .map(|(index, (exposure, _))| (index, exposure.abs()))
        .collect();
    // Ordered before it is cut, so that the cut takes the smallest.
    kept.sort_by(|left, right| right.1.total_cmp(&left.1).then(left.0.cmp(&right.0)));
    kept.truncate(count);
    Ok(kept.into_iter().map(|(index, _)| index).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::figure::Because;

    const EXPOSURES: [f64; 5] = [9_000.0, -2_000_000.0, 15_000.0, 500_000.0, 0.0];

    fn kept(limits: Limits, count: usize) -> Vec<usize> {
        largest(&EXPOSURES, VALUE_MIN, WEIGHT_MIN, limits, count).unwrap()
    }

    #[test]
    fn the_largest_come_first_whatever_their_side() {
        assert_eq!(kept(Limits::Both, COUNT_DEFAULT), [1, 3]);
        assert_eq!(kept(Limits::ValueOnly, COUNT_DEFAULT), [1, 3, 2]);
        assert_eq!(kept(Limits::Either, 1), [1]);
    }

    #[test]
    fn a_small_book_counts_by_weight() {
        let small = [50.0, -40.0, 0.5, 40.0];
        let by = |limits| largest(&small, VALUE_MIN, WEIGHT_MIN, limits, 9).unwrap();
        assert_eq!(by(Limits::WeightOnly), [0, 1, 3]);
        assert_eq!(by(Limits::Both), [0; 0]);
        assert_eq!(largest(&[], 0.0, 0.0, Limits::Both, 9), Err(Because::NoPositions.into()));
        assert_eq!(largest(&[0.0; 2], 0.0, 0.0, Limits::Both, 9), Err(Because::NoPositions.into()));
    }
}
