//! Equal risk contributions: every asset adds the same share to the variance (Maillard, Roncalli and Teiletche 2010).

use crate::covariance::{correlation_of, deviations};
use crate::linear::{Cholesky, Symmetric};
use crate::optimal::{NoPortfolio, OptimalPortfolio, PIVOT_MIN, portfolio, usable};
use crate::products::dot;

const STEPS_MAX: u32 = 200;
/// Settled when no weight moves by more than this, relative to itself.
const SETTLED: f64 = 1e-13;

/// The long-only portfolio in which each `wᵢ (Σw)ᵢ` is the same.
///
/// The minimum of the convex `½ z'Σz - Σ ln(zᵢ) / n` (Spinu 2013) by Newton's method, in which a step that would leave the
/// positive numbers or is too long for the method is shortened (Nesterov's damping, by the self-concordant bound).
pub fn equal_risk_contribution(covariance: &Symmetric) -> Result<OptimalPortfolio, NoPortfolio> {
    usable(covariance)?;
    let budget = 1.0 / covariance.size() as f64;
    // With unit deviations the start is the solution for uncorrelated assets.
    let deviations = deviations(covariance)?;
    let correlation = correlation_of(covariance)?;
    let mut z = vec![budget.sqrt(); correlation.size()];
    for _ in 0..STEPS_MAX {
        let gradient: Vec<f64> =
            correlation.times(&z)?.iter().zip(&z).map(|(product, value)| budget / value - product).collect();
        let step = newton_step(&correlation, &z, &gradient, budget)?;
        let decrement = dot(&step, &gradient);
        // The function is self-concordant after division by the budget.
        let length = (decrement.max(0.0) / budget).sqrt();
        let damping = if length > 0.25 { 1.0 / (1.0 + length) } else { 1.0 };
        let mut moved: f64 = 0.0;
        for (value, step) in z.iter_mut().zip(&step) {
            moved = moved.max((step / *value).abs());
            *value += damping * step;
        }
        if !moved.is_finite() || z.iter().any(|value| value.is_nan() || *value <= 0.0) {
            return Err(NoPortfolio::NotPositiveDefinite);
        }
        if moved < SETTLED {
            let weights = z.iter().zip(&deviations).map(|(value, deviation)| value / deviation);
            return portfolio(covariance, weights.collect());
        }
    }
    Err(NoPortfolio::NotSettled)
}

fn newton_step(
    correlation: &Symmetric,
    z: &[f64],
    gradient: &[f64],
    budget: f64,
) -> Result<Vec<f64>, NoPortfolio> {
    let curvature: Vec<f64> = z.iter().map(|value| budget / (value * value)).collect();
    Ok(Cholesky::new(&correlation.plus_diagonal(&curvature)?, PIVOT_MIN)?.solve(gradient)?)
}
