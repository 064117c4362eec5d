//! Hierarchical risk parity (López de Prado 2016), to the digits of PyPortfolioOpt.
//!
//! Assets are put in the order of a single-linkage tree on the distances `√((1 - ρ) / 2)`, then the weight is halved from the
//! top down, each half in inverse proportion to its variance.

use crate::linear::Symmetric;
use crate::optimal::{NoPortfolio, OptimalPortfolio, portfolio, usable};

/// The hierarchical portfolio. Exists for every covariance matrix, also a singular one.
pub fn hierarchical_risk_parity(covariance: &Symmetric) -> Result<OptimalPortfolio, NoPortfolio> {
    usable(covariance)?;
    let mut weights = vec![1.0; covariance.size()];
    let mut groups = vec![order(covariance)];
    while let Some(group) = groups.pop() {
        if group.len() < 2 {
            continue;
        }
        let (first, second) = group.split_at(group.len() / 2);
        let (left, right) = (group_variance(covariance, first), group_variance(covariance, second));
        let share = 1.0 - left / (left + right);
        scale(&mut weights, first, share);
        scale(&mut weights, second, 1.0 - share);
        groups.extend([second.to_vec(), first.to_vec()]);
    }
    portfolio(covariance, weights)
}

fn scale(weights: &mut [f64], group: &[usize], factor: f64) {
    for asset in group {
        if let Some(weight) = weights.get_mut(*asset) {
            *weight *= factor;
        }
    }
}

/// Variance of a group whose assets are held in inverse proportion to their own variances.
fn group_variance(covariance: &Symmetric, group: &[usize]) -> f64 {
    let inverse: Vec<f64> = group.iter().map(|i| 1.0 / cell(covariance, *i, *i)).collect();
    let total: f64 = inverse.iter().sum();
    let mut variance = 0.0;
    for (i, left) in group.iter().zip(&inverse) {
        for (j, right) in group.iter().zip(&inverse) {
            variance += left / total * (right / total) * cell(covariance, *i, *j);
        }
    }
    variance
}

/// One cell; zero beyond the matrix, where nobody looks.
fn cell(covariance: &Symmetric, row: usize, column: usize) -> f64 {
    covariance.get(row, column).unwrap_or(0.0)
}

/// The distance of two assets, zero for perfectly correlated ones.
fn distance(covariance: &Symmetric, left: usize, right: usize) -> f64 {
    let deviations = cell(covariance, left, left).sqrt() * cell(covariance, right, right).sqrt();
    let correlation = cell(covariance, left, right) / deviations;
    (0.5 * (1.0 - correlation)).clamp(0.0, 1.0).sqrt()
}

/// One asset's place outside the growing tree.
struct Outside {
    asset: usize,
    distance: f64,
}

/// The leaves of the single-linkage tree from left to right; of two branches the older one is left, as in scipy.
fn order(covariance: &Symmetric) -> Vec<usize> {
    let mut merges = spanning_tree(covariance);
    merges.sort_by(|left, right| left.2.total_cmp(&right.2));
    // Clusters that nothing was merged with yet, by age: the leaves first.
    let mut clusters: Vec<Vec<usize>> = (0..covariance.size()).map(|asset| vec![asset]).collect();
    for (left, right, _) in merges {
        let position = |asset| clusters.iter().position(|leaves| leaves.contains(&asset));
        let (Some(left), Some(right)) = (position(left), position(right)) else { continue };
        let younger = clusters.remove(left.max(right));
        let mut older = clusters.remove(left.min(right));
        older.extend(younger);
        clusters.push(older);
    }
    clusters.concat()
}

/// The edges of the minimal spanning tree with their lengths, in the order in which Prim's method from the first asset finds
/// them, each from the asset found before.
fn spanning_tree(covariance: &Symmetric) -> Vec<(usize, usize, f64)> {
    let mut outside: Vec<Outside> =
        (1..covariance.size()).map(|asset| Outside { asset, distance: f64::INFINITY }).collect();
    let mut edges = Vec::with_capacity(outside.len());
    let mut last = 0;
    while !outside.is_empty() {
        let mut nearest = (0, f64::INFINITY);
        for (position, candidate) in outside.iter_mut().enumerate() {
            candidate.distance = candidate.distance.min(distance(covariance, last, candidate.asset));
            if candidate.distance < nearest.1 {
                nearest = (position, candidate.distance);
            }
        }
        let found = outside.remove(nearest.0);
        edges.push((last, found.asset, found.distance));
        last = found.asset;
    }
    edges
}
