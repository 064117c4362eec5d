//! The least value of a quadratic function over numbers that may not be negative.

use crate::linear::{Cholesky, Symmetric};
use crate::optimal::{NoPortfolio, PIVOT_MIN};

/// A gradient above this share of its terms lets an asset in; below it, it is rounding.
const GRADIENT_MIN: f64 = 1e-12;

/// The `z ≥ 0` that minimises `½ z'Σz - c'z`, by the active sets of Lawson and Hanson (1974), whose every step lowers the
/// function, so that no set comes twice. Some `c` must be above zero.
pub fn nonnegative_minimum(covariance: &Symmetric, c: &[f64]) -> Result<Vec<f64>, NoPortfolio> {
    let size = covariance.size();
    let mut z = vec![0.0; size];
    let mut free: Vec<usize> = Vec::new();
    // Each round lets one asset in. A cycle would need rounding errors; the bound turns it into a refusal.
    for _ in 0..30 * (size + 1) {
        let Some(entering) = steepest(covariance, c, &z, &free)? else { return Ok(z) };
        free.push(entering);
        while !settle(covariance, c, &mut z, &mut free)? {}
    }
    Err(NoPortfolio::NotSettled)
}

/// The asset outside the free ones whose increase lowers the function most; none at the minimum.
fn steepest(
    covariance: &Symmetric,
    c: &[f64],
    z: &[f64],
    free: &[usize],
) -> Result<Option<usize>, NoPortfolio> {
    let products = covariance.times(z)?;
    let mut best = None;
    for (i, ((wanted, product), variance)) in c.iter().zip(&products).zip(covariance.diagonal()).enumerate() {
        // In units of the asset's own deviation, so that the choice does not depend on its scale.
        let gradient = (wanted - product) / variance.sqrt();
        let rounding = GRADIENT_MIN * (wanted.abs() + product.abs()) / variance.sqrt();
        let better = best.is_none_or(|(_, greatest)| gradient > greatest);
        if gradient > rounding && better && !free.contains(&i) {
            best = Some((i, gradient));
        }
    }
    Ok(best.map(|(i, _)| i))
}

/// Moves to the minimum over the free assets, or as far as none becomes negative; those at zero are free no more.
/// Whether the minimum was reached.
fn settle(
    covariance: &Symmetric,
    c: &[f64],
    z: &mut [f64],
    free: &mut Vec<usize>,
) -> Result<bool, NoPortfolio> {
    let at = |vector: &[f64], i: usize| vector.get(i).copied().unwrap_or(0.0);
    let right: Vec<f64> = free.iter().map(|i| at(c, *i)).collect();
    let solution = Cholesky::new(&covariance.select(free)?, PIVOT_MIN)?.solve(&right)?;
    let mut share: f64 = 1.0;
    for (i, wanted) in free.iter().zip(&solution) {
        let now = at(z, *i);
        if *wanted <= 0.0 {
            share = share.min(if now > 0.0 { now / (now - wanted) } else { 0.0 });
        }
    }
    let reached = solution.iter().all(|wanted| *wanted > 0.0);
    let mut leaving = Vec::new();
    for (i, wanted) in free.iter().zip(&solution) {
        let Some(value) = z.get_mut(*i) else { continue };
        let before = *value;
        *value = if reached { *wanted } else { before + share * (wanted - before) };
        // The one that stopped the move is at zero but for rounding.
        let stops = !reached && *wanted <= 0.0 && before <= share * (before - wanted) * (1.0 + 1e-12);
        if stops || *value < 0.0 {
            *value = 0.0;
            leaving.push(*i);
        }
    }
    free.retain(|i| !leaving.contains(i));
    Ok(reached)
}
