//! A return series beside a benchmark's over the same days: the figures of
//! [`crate::benchmark::BenchmarkAccumulator`] where both series are at hand.

use crate::convention::Convention;
use crate::figure::{Because, Figure, Unavailable, finite};
use crate::lanes::sum_of_pairs;
use crate::ratios::{alpha_of, per_year};
use crate::returns::compounded;
use crate::sample::{PairedSample, Sample};

/// Daily returns r of a portfolio and m of its benchmark, day by day.
#[derive(Debug, Clone)]
pub struct Against<'a> {
    pair: PairedSample<'a>,
    active: Vec<f64>,
}

impl<'a> Against<'a> {
    /// Both series must be of the same length, not empty and finite.
    pub fn benchmark(returns: &'a [f64], benchmark: &'a [f64]) -> Result<Self, Unavailable> {
        let pair = PairedSample::of(returns, benchmark)?;
        Ok(Self { pair, active: returns.iter().zip(benchmark).map(|(r, m)| r - m).collect() })
    }

    /// The two series with their moments: covariance, correlation.
    pub fn pair(&self) -> &PairedSample<'a> {
        &self.pair
    }

    /// cov(r, m) / var(m). Needs two returns and a benchmark that varies.
    pub fn beta(&self) -> Figure {
        self.pair.slope().map_err(|unavailable| match unavailable.because {
            Because::ZeroDeviation => Because::BenchmarkZeroDeviation.into(),
            _ => unavailable,
        })
    }

    /// Square of the correlation, 0 to 1.
    pub fn r_squared(&self) -> Figure {
        let correlation = self.pair.correlation()?;
        Ok(correlation * correlation)
    }

    /// Jensen's alpha of a day: mean r - rf - beta (mean m - rf), a fraction.
    pub fn alpha_daily(&self, convention: &Convention) -> Figure {
        let risk_free = convention.risk_free_per_period()?;
        alpha_of(self.pair.y().mean(), self.pair.x().mean(), self.beta()?, risk_free)
    }

    /// The daily alpha times P: a fraction a year, not compounded.
    pub fn alpha_annual(&self, convention: &Convention) -> Figure {
        finite(self.alpha_daily(convention)? * self.periods(convention)?)
    }

    /// (1 + daily alpha)^P - 1: a fraction a year.
    pub fn alpha_annual_compounded(&self, convention: &Convention) -> Figure {
        compounded(self.alpha_daily(convention)?, self.periods(convention)?)
    }

    /// Deviation of r - m times √P, a fraction a year. Needs two returns.
    pub fn tracking_error(&self, convention: &Convention) -> Figure {
        per_year(Sample::of(&self.active)?.deviation(convention.deviation)?, self.periods(convention)?)
    }

    /// mean(r - m) / deviation of r - m times √P, an annualised ratio. Needs two returns.
    pub fn information_ratio(&self, convention: &Convention) -> Figure {
        let active = Sample::of(&self.active)?;
        let ratio = active.mean() / active.deviation_to_divide_by(convention.deviation)?;
        per_year(ratio, self.periods(convention)?)
    }

    /// Mean of r over the days with m > 0, divided by the mean of m over them; 1 keeps pace.
    pub fn up_capture(&self) -> Figure {
        self.capture(|m| m > 0.0, Because::BenchmarkNeverRose)
    }

    /// Mean of r over the days with m < 0, divided by the mean of m over them; below 1 falls less.
    pub fn down_capture(&self) -> Figure {
        self.capture(|m| m < 0.0, Because::BenchmarkNeverFell)
    }

    /// Both means have the same number of days, so the ratio of the sums is theirs.
    fn capture(&self, counts: impl Fn(f64) -> bool, otherwise: Because) -> Figure {
        let (returns, benchmark) = (self.pair.y().values(), self.pair.x().values());
        let moved = sum_of_pairs(benchmark, benchmark, |m, _| if counts(m) { m } else { 0.0 });
        if moved == 0.0 {
            return Err(otherwise.into());
        }
        finite(sum_of_pairs(returns, benchmark, |r, m| if counts(m) { r } else { 0.0 }) / moved)
    }

    fn periods(&self, convention: &Convention) -> Figure {
        convention.periods_of(self.pair.y().count())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MARKET: [f64; 5] = [0.01, -0.02, 0.015, 0.005, -0.01];

    #[test]
    fn a_series_is_its_own_benchmark() {
        let own = Against::benchmark(&MARKET, &MARKET).unwrap();
        let convention = Convention::standard(252.0);
        assert_eq!((own.beta(), own.r_squared()), (Ok(1.0), Ok(1.0)));
        assert_eq!((own.up_capture(), own.down_capture()), (Ok(1.0), Ok(1.0)));
        assert_eq!(own.tracking_error(&convention), Ok(0.0));
        assert_eq!(own.information_ratio(&convention), Err(Because::ZeroDeviation.into()));
    }

    #[test]
    fn the_regression_of_the_specification() {
        let against = Against::benchmark(&[0.012, -0.025, 0.020, 0.004, -0.008], &MARKET).unwrap();
        let convention = Convention::standard(252.0);
        assert!((against.beta().unwrap() - 1.2).abs() < 1e-14);
        assert!((against.alpha_daily(&convention).unwrap() - 0.0006).abs() < 1e-16);
        assert!((against.alpha_annual(&convention).unwrap() - 0.1512).abs() < 1e-13);
        assert!((against.r_squared().unwrap() - 0.981_398_332_3).abs() < 1e-10);
        assert!((against.up_capture().unwrap() - 1.2).abs() < 1e-14);
        assert!((against.down_capture().unwrap() - 1.1).abs() < 1e-14);
    }

    #[test]
    fn a_benchmark_that_does_not_move_measures_nothing() {
        let flat = Against::benchmark(&MARKET, &[0.0; 5]).unwrap();
        assert_eq!(flat.beta(), Err(Because::BenchmarkZeroDeviation.into()));
        assert_eq!(flat.up_capture(), Err(Because::BenchmarkNeverRose.into()));
        assert_eq!(flat.down_capture(), Err(Because::BenchmarkNeverFell.into()));
    }
}
