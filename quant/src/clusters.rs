//! Groups of positions that move together.

use std::collections::BTreeMap;

use crate::correlation::CorrelationMatrix;
use crate::figure::{Because, Unavailable};

/// |ρ| from which two positions count as moving together.
pub const CLUSTER_THRESHOLD: f64 = 0.7;

/// Connected components of the graph whose edges are pairs with |ρ| ≥ `threshold`, of two members or more.
///
/// Members rise within a cluster, and clusters by their first member. A pair without a correlation is no edge.
///
/// # Errors
/// `InvalidConvention` unless the threshold lies above 0 and at most at 1.
pub fn clusters(matrix: &CorrelationMatrix, threshold: f64) -> Result<Vec<Vec<usize>>, Unavailable> {
    if !(threshold > 0.0 && threshold <= 1.0) {
        return Err(Because::InvalidConvention.into());
    }
    let mut parents: Vec<usize> = (0..matrix.size()).collect();
    for (i, j, figure) in matrix.pairs() {
        if figure.is_ok_and(|rho| rho.abs() >= threshold) {
            let (left, right) = (root(&parents, i), root(&parents, j));
            // The smaller index stays the root, so that a cluster is named by its first member.
            if let Some(parent) = parents.get_mut(left.max(right)) {
                *parent = left.min(right);
            }
        }
    }
    let mut members: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for index in 0..matrix.size() {
        members.entry(root(&parents, index)).or_default().push(index);
    }
    Ok(members.into_values().filter(|members| members.len() > 1).collect())
}

fn root(parents: &[usize], mut index: usize) -> usize {
    while let Some(parent) = parents.get(index).filter(|parent| **parent != index) {
        index = *parent;
    }
    index
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::correlation::correlation_matrix;
    use crate::panel::Panel;

    #[test]
    fn friends_of_friends_are_one_cluster() {
        // 0 and 4 oppose each other, 4 and 2 are alike; 1 and 3 stand alone, 3 has no returns at all.
        let values = [
            1.0,
            -1.0,
            2.0,
            0.0,
            1.0,
            1.0,
            0.0,
            -1.0,
            -1.1,
            1.0,
            -2.0,
            0.1,
            f64::NAN,
            f64::NAN,
            f64::NAN,
            f64::NAN,
            -1.0,
            1.0,
            -2.0,
            0.0,
        ];
        let matrix = correlation_matrix(&Panel::new(&values, 4).unwrap(), 3);
        assert_eq!(clusters(&matrix, CLUSTER_THRESHOLD), Ok(vec![vec![0, 2, 4]]));
        assert_eq!(clusters(&matrix, 1.5), Err(Because::InvalidConvention.into()));
        assert_eq!(clusters(&matrix, f64::NAN), Err(Because::InvalidConvention.into()));
    }
}
