//! A strategy beside its benchmark: beta, alpha, correlation, tracking error, information ratio.

use serde::{Deserialize, Serialize};

use crate::convention::Deviation;
use crate::figure::{Because, Figure, Unavailable, finite, positive};
use crate::moments::{JointMoments, Moments, at_least};
use crate::ratios::alpha_of;
use crate::returns::simple_return;

/// Returns of the strategy paired with those of the benchmark. Constant size.
///
/// The benchmark is aligned on the strategy's points: a point without a value repeats the last known one,
/// so its benchmark return is zero. The first point must carry a value.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct BenchmarkAccumulator {
    first: Option<f64>,
    last: Option<f64>,
    joint: JointMoments,
    active: Moments,
    spoiled: Option<Unavailable>,
}

impl BenchmarkAccumulator {
    /// Takes the benchmark's value at the opening point.
    pub fn open(&mut self, value: Option<f64>) {
        if let Some(value) = value.and_then(|value| self.checked(value)) {
            self.first = Some(value);
            self.last = Some(value);
        }
    }

    /// Takes the strategy's return since the last point, as a fraction, and the benchmark's new value.
    pub fn push(&mut self, strategy_return: f64, value: Option<f64>) {
        let value = value.and_then(|value| self.checked(value));
        match (self.last, value) {
            (Some(last), value) => self.pair(strategy_return, last, value.unwrap_or(last)),
            (None, Some(_)) => self.spoil(Because::BenchmarkStartsLate.into()),
            (None, None) => {}
        }
    }

    /// Return of the benchmark over the whole series, a fraction, not annualised.
    pub fn total_return(&self) -> Figure {
        self.usable()?;
        match (self.first, self.last) {
            (Some(first), Some(last)) => simple_return(first, last),
            _ => Err(Because::NoBenchmark.into()),
        }
    }

    /// cov(r, b) / var(b). Needs two returns.
    pub fn beta(&self) -> Figure {
        self.usable()?;
        self.joint.slope().map_err(|unavailable| match unavailable.because {
            Because::ZeroDeviation => Because::BenchmarkZeroDeviation.into(),
            _ => unavailable,
        })
    }

    /// Jensen's alpha of one period: mean r - rf - beta (mean b - rf), a fraction, not annualised.
    pub fn alpha_per_period(&self, risk_free_per_period: f64) -> Figure {
        let beta = self.beta()?;
        alpha_of(self.joint.y().mean()?, self.joint.x().mean()?, beta, risk_free_per_period)
    }

    /// Correlation of the returns, -1 to 1. Needs two returns.
    pub fn correlation(&self) -> Figure {
        self.beta()?;
        self.joint.correlation()
    }

    /// Deviation of the active returns r - b, a fraction, not annualised. Needs two returns.
    pub fn active_deviation(&self, deviation: Deviation) -> Figure {
        self.usable()?;
        self.active.deviation(deviation)
    }

    /// Mean active return over its deviation, not annualised. Needs two returns.
    pub fn active_ratio(&self, deviation: Deviation) -> Figure {
        self.usable()?;
        at_least(2, self.active.count())?;
        finite(self.active.mean()? / self.active.deviation_to_divide_by(deviation)?)
    }

    fn pair(&mut self, strategy_return: f64, last: f64, value: f64) {
        self.last = Some(value);
        match simple_return(last, value) {
            Ok(benchmark_return) => {
                self.joint.push(strategy_return, benchmark_return);
                self.active.push(strategy_return - benchmark_return);
            }
            Err(unavailable) => self.spoil(unavailable),
        }
    }

    fn checked(&mut self, value: f64) -> Option<f64> {
        positive(value, Because::BenchmarkNotPositive).map_err(|unavailable| self.spoil(unavailable)).ok()
    }

    fn spoil(&mut self, unavailable: Unavailable) {
        self.spoiled.get_or_insert(unavailable);
    }

    fn usable(&self) -> Result<(), Unavailable> {
        match (self.spoiled, self.first) {
            (Some(unavailable), _) => Err(unavailable),
            (None, None) => Err(Because::NoBenchmark.into()),
            (None, Some(_)) => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn accumulated(first: Option<f64>, rest: &[(f64, Option<f64>)]) -> BenchmarkAccumulator {
        let mut benchmark = BenchmarkAccumulator::default();
        benchmark.open(first);
        for (strategy_return, value) in rest {
            benchmark.push(*strategy_return, *value);
        }
        benchmark
    }

    #[test]
    fn a_missing_value_repeats_the_last_one() {
        let carried = accumulated(Some(100.0), &[(0.1, Some(110.0)), (0.2, None), (0.0, Some(121.0))]);
        let given = accumulated(Some(100.0), &[(0.1, Some(110.0)), (0.2, Some(110.0)), (0.0, Some(121.0))]);
        assert_eq!(carried, given);
    }

    #[test]
    fn a_benchmark_that_starts_late_is_refused() {
        let late = accumulated(None, &[(0.1, Some(110.0)), (0.2, Some(111.0))]);
        assert_eq!(late.beta(), Err(Because::BenchmarkStartsLate.into()));
        let never = accumulated(None, &[(0.1, None), (0.2, None)]);
        assert_eq!(never.beta(), Err(Because::NoBenchmark.into()));
    }

    #[test]
    fn a_flat_benchmark_has_no_beta() {
        let flat = accumulated(Some(5.0), &[(0.1, Some(5.0)), (0.2, Some(5.0))]);
        assert_eq!(flat.beta(), Err(Because::BenchmarkZeroDeviation.into()));
        assert_eq!(flat.total_return(), Ok(0.0));
    }

    #[test]
    fn a_strategy_that_is_its_benchmark_has_no_information_ratio() {
        let same = accumulated(Some(100.0), &[(0.1, Some(110.0)), (-0.1, Some(99.0))]);
        assert!(same.active_deviation(Deviation::Sample).unwrap() < 1e-15);
        assert_eq!(same.active_ratio(Deviation::Sample), Err(Because::ZeroDeviation.into()));
    }

    #[test]
    fn an_unusable_value_spoils_the_comparison() {
        let spoiled = accumulated(Some(100.0), &[(0.1, Some(-1.0)), (0.2, Some(111.0))]);
        assert_eq!(spoiled.total_return(), Err(Because::BenchmarkNotPositive.into()));
        assert_eq!(accumulated(Some(f64::NAN), &[]).beta(), Err(Because::NotFinite.into()));
    }
}
