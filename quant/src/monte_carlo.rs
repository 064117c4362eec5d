//! Simulated returns of normally distributed series: the same seed gives the same bits on every machine.

use crate::figure::{Because, Unavailable, finite};
use crate::linear::{Cholesky, Symmetric};
use crate::normal;
use crate::products::dot;
use crate::var::{OrderedReturns, Tail};

/// Blackman and Vigna's xoshiro256++ (2019), seeded by Steele, Lea and Flood's SplitMix64 (2014). Period 2^256 - 1.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Generator {
    state: [u64; 4],
}

impl Generator {
    /// Every seed is good, zero included.
    pub fn seeded(mut seed: u64) -> Self {
        Self { state: [(); 4].map(|()| split_mix(&mut seed)) }
    }

    /// 64 uniform bits.
    pub fn bits(&mut self) -> u64 {
        let [a, b, c, d] = self.state;
        let result = a.wrapping_add(d).rotate_left(23).wrapping_add(a);
        let (c, d) = (c ^ a, d ^ b);
        self.state = [a ^ d, b ^ c, c ^ (b << 17), d.rotate_left(45)];
        result
    }

    /// Uniform in the open interval from 0 to 1: the middle of one of 2^52 equal parts.
    pub fn uniform(&mut self) -> f64 {
        const PARTS: f64 = (1_u64 << 52) as f64;
        ((self.bits() >> 12) as f64 + 0.5) / PARTS
    }

    /// Standard normal, by inversion: one uniform number each, so that draws can be counted.
    pub fn normal(&mut self) -> f64 {
        normal::quantile(self.uniform())
    }
}

fn split_mix(seed: &mut u64) -> u64 {
    *seed = seed.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mixed = (*seed ^ (*seed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

/// Jointly normal returns of several series, by their means and the triangular root of their covariance.
#[derive(Debug, Clone, PartialEq)]
pub struct NormalReturns {
    means: Vec<f64>,
    /// L of the covariance LLᵀ.
    root: Cholesky,
}

impl NormalReturns {
    /// Means and covariance of the returns of a period, in the same order. Refused when the shapes differ or the matrix
    /// has a negative eigenvalue; singular ones are taken.
    pub fn of(means: &[f64], covariance: &Symmetric) -> Result<Self, Unavailable> {
        if means.is_empty() {
            return Err(Because::NoPoints.into());
        }
        if covariance.size() != means.len() {
            return Err(Because::LengthsDiffer.into());
        }
        let means = means.iter().map(|mean| finite(*mean)).collect::<Result<_, _>>()?;
        Ok(Self { means, root: Cholesky::semidefinite(covariance)? })
    }

    /// Draws the returns of one period, as many as there are series.
    pub fn draw(&self, generator: &mut Generator) -> Result<Vec<f64>, Unavailable> {
        let normals: Vec<f64> = self.means.iter().map(|_| generator.normal()).collect();
        let returns = self.means.iter().zip(self.root.times(&normals)).map(|(mean, part)| mean + part);
        returns.map(finite).collect()
    }

    /// Draws `draws` returns of a book with these exposures over equity, shorts negative. Draws the same normal numbers
    /// as [`Self::draw`], but weighs them before, which saves a matrix product a draw.
    pub fn book_returns(&self, weights: &[f64], draws: usize, seed: u64) -> Result<Vec<f64>, Unavailable> {
        if weights.len() != self.means.len() {
            return Err(Because::LengthsDiffer.into());
        }
        let mean = finite(dot(&self.means, weights))?;
        let exposures = self.root.transposed_times(weights);
        let mut generator = Generator::seeded(seed);
        let mut returns = Vec::with_capacity(draws);
        for _ in 0..draws {
            let mut value = mean;
            for exposure in &exposures {
                value += exposure * generator.normal();
            }
            returns.push(finite(value)?);
        }
        Ok(returns)
    }

    /// The tail of the simulated returns of such a book at a confidence between 0 and 1.
    pub fn book_tail(
        &self,
        weights: &[f64],
        confidence: f64,
        draws: usize,
        seed: u64,
    ) -> Result<Tail, Unavailable> {
        OrderedReturns::of(&self.book_returns(weights, draws, seed)?)?.tail(confidence, 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Deviation;
    use crate::sample::{PairedSample, Sample};
    use crate::var::normal_tail;

    #[test]
    fn the_generator_is_the_published_one() {
        let mut seed = 0;
        assert_eq!(split_mix(&mut seed), 0xe220_a839_7b1d_cdaf);
        let mut generator = Generator { state: [1, 2, 3, 4] };
        for expected in [
            41_943_041,
            58_720_359,
            3_588_806_011_781_223,
            3_591_011_842_654_386,
            9_228_616_714_210_784_205,
            9_973_669_472_204_895_162,
        ] {
            assert_eq!(generator.bits(), expected);
        }
    }

    #[test]
    fn uniform_numbers_reach_neither_end() {
        let mut generator = Generator::seeded(1);
        assert!((0..10_000).map(|_| generator.uniform()).all(|value| value > 0.0 && value < 1.0));
        assert!(((u64::MAX >> 12) as f64 + 0.5) / ((1_u64 << 52) as f64) < 1.0);
    }

    fn matrix<const N: usize>(rows: [[f64; N]; N]) -> Result<Symmetric, Unavailable> {
        Symmetric::from_rows(&rows.map(Vec::from))
    }

    fn two() -> NormalReturns {
        NormalReturns::of(&[0.001, -0.002], &matrix([[4e-4, 1.2e-4], [1.2e-4, 1e-4]]).unwrap()).unwrap()
    }

    #[test]
    fn drawn_returns_have_the_moments_asked_for() {
        let mut generator = Generator::seeded(7);
        let draws: Vec<_> = (0..40_000).map(|_| two().draw(&mut generator).unwrap()).collect();
        let (left, right): (Vec<f64>, Vec<f64>) = draws.iter().map(|draw| (draw[0], draw[1])).unzip();
        let pair = PairedSample::of(&left, &right).unwrap();
        assert!((pair.y().mean() - 0.001).abs() < 4e-4);
        assert!((pair.x().mean() + 0.002).abs() < 2e-4);
        assert!((pair.y().deviation(Deviation::Sample).unwrap() / 0.02 - 1.0).abs() < 0.02);
        assert!((pair.correlation().unwrap() - 0.6).abs() < 0.02);
    }

    #[test]
    fn a_book_is_its_weighted_draws() {
        let (model, weights) = (two(), [0.7, -0.2]);
        let mut generator = Generator::seeded(11);
        for value in model.book_returns(&weights, 50, 11).unwrap() {
            let draw = model.draw(&mut generator).unwrap();
            assert!((value - dot(&draw, &weights)).abs() < 1e-16);
        }
    }

    #[test]
    fn the_simulated_tail_is_near_the_normal_one() {
        let weights = [0.7, -0.2];
        let deviation = (0.49 * 4e-4 + 0.04 * 1e-4 - 0.28 * 1.2e-4f64).sqrt();
        let normal = normal_tail(0.7 * 0.001 + 0.2 * 0.002, deviation, 0.95).unwrap();
        let tail = two().book_tail(&weights, 0.95, 100_000, 42).unwrap();
        assert!((tail.value_at_risk / normal.value_at_risk - 1.0).abs() < 0.02);
        assert!((tail.expected_shortfall / normal.expected_shortfall - 1.0).abs() < 0.02);
        assert_eq!(two().book_tail(&weights, 0.95, 1000, 42), two().book_tail(&weights, 0.95, 1000, 42));
        assert_ne!(two().book_tail(&weights, 0.95, 1000, 42), two().book_tail(&weights, 0.95, 1000, 43));
    }

    #[test]
    fn a_singular_covariance_is_taken() {
        let twins = NormalReturns::of(&[0.0, 0.0], &matrix([[0.01, 0.01], [0.01, 0.01]]).unwrap()).unwrap();
        let draw = twins.draw(&mut Generator::seeded(3)).unwrap();
        assert!((draw[0] / draw[1] - 1.0).abs() < 1e-14);
        let cash = NormalReturns::of(&[0.01, 0.0], &matrix([[0.0, 0.0], [0.0, 0.01]]).unwrap()).unwrap();
        assert_eq!(cash.book_returns(&[1.0, 0.0], 2, 3), Ok(vec![0.01, 0.01]));
    }

    #[test]
    fn what_is_no_covariance_is_refused() {
        let refused = |rows: [[f64; 2]; 2]| {
            matrix(rows)
                .and_then(|matrix| NormalReturns::of(&[0.0, 0.0], &matrix))
                .err()
                .map(|unavailable| unavailable.because)
        };
        assert_eq!(refused([[1.0, 2.0], [2.0, 1.0]]), Some(Because::CovarianceInvalid));
        assert_eq!(refused([[1.0, 0.1], [0.2, 1.0]]), Some(Because::CovarianceInvalid));
        assert_eq!(refused([[-1.0, 0.0], [0.0, 1.0]]), Some(Because::CovarianceInvalid));
        assert_eq!(refused([[0.0, 0.1], [0.1, 1.0]]), Some(Because::CovarianceInvalid));
        assert_eq!(refused([[f64::NAN, 0.0], [0.0, 1.0]]), Some(Because::NotFinite));
        assert_eq!(
            NormalReturns::of(&[0.0], &matrix([]).unwrap()).err(),
            Some(Because::LengthsDiffer.into())
        );
        assert_eq!(NormalReturns::of(&[], &matrix([]).unwrap()).err(), Some(Because::NoPoints.into()));
        assert_eq!(
            two().book_tail(&[1.0, 0.0], 0.95, 0, 1),
            Err(Because::TooFewReturns { needed: 1 }.into())
        );
        assert_eq!(two().book_returns(&[1.0], 1, 1), Err(Because::LengthsDiffer.into()));
    }

    #[test]
    fn one_series_is_a_book_too() {
        let one = NormalReturns::of(&[0.0], &matrix([[1.0]]).unwrap()).unwrap();
        let returns = one.book_returns(&[1.0], 20_000, 5).unwrap();
        assert!((Sample::of(&returns).unwrap().deviation(Deviation::Sample).unwrap() - 1.0).abs() < 0.02);
    }
}
