//! The premium of early exercise by a binomial tree, where the boundary cannot be followed.

use crate::normal::exp;
use crate::options::american::boundary::Put;

/// Steps to expiry of the coarser tree.
const STEPS: u32 = 1000;

impl Put {
    /// American less European value, extrapolated from two trees: the error falls with the steps between two chances to
    /// exercise.
    pub fn tree_premium(&self) -> f64 {
        2.0 * self.premium_in_steps(2 * STEPS) - self.premium_in_steps(STEPS)
    }

    /// American less European value on the same tree, whose errors cancel (Hull and White 1988). The tree grows with
    /// the forward, so that its probabilities are ones for every rate and yield.
    fn premium_in_steps(&self, steps: u32) -> f64 {
        let years = self.years / f64::from(steps);
        let deviation = self.volatility * years.sqrt();
        let discount = exp(-self.rate * years);
        let down = discount / (1.0 + exp(-deviation));
        let up = discount - down;
        let ratio = exp(2.0 * deviation);
        let exercised = |step: u32| {
            let time = f64::from(step);
            let drift = (self.rate - self.dividend_yield) * years * time;
            let lowest = self.spot * exp(drift - deviation * time);
            let spots = std::iter::successors(Some(lowest), move |spot| Some(spot * ratio));
            spots.take(step as usize + 1).map(|spot| (self.strike - spot).max(0.0))
        };
        let mut european: Vec<f64> = exercised(steps).collect();
        let mut american = european.clone();
        let earlier = |values: &[f64]| -> Vec<f64> {
            values.iter().zip(values.iter().skip(1)).map(|(low, high)| down * low + up * high).collect()
        };
        for step in (0..steps).rev() {
            european = earlier(&european);
            american = earlier(&american);
            for (value, now) in american.iter_mut().zip(exercised(step)) {
                *value = value.max(now);
            }
        }
        american.iter().zip(&european).map(|(american, european)| american - european).sum()
    }
}
