//! What a shock of the factors would do to a book.
//!
//! Position by position: exposure times the joint betas times the shocks, or what a revaluation of the position says.
//! Nothing is clipped to the equity: a levered book may lose more than it has.

mod shocks;

pub use shocks::{Propagation, Shock, shock_vector};

use serde::{Deserialize, Serialize};

use crate::figure::{Because, Unavailable, finite, positive};
use crate::linear::Symmetric;
use crate::products::dot;
use crate::sum::Sum;

/// A position under stress.
#[derive(Debug, Clone, PartialEq)]
pub struct StressPosition {
    /// Signed exposure in money: market value, or delta-adjusted exposure of an option.
    pub exposure: f64,
    /// Its betas, one per factor, from one joint regression.
    pub betas: Vec<f64>,
    /// How its price can move.
    pub pricing: Pricing,
}

/// How a position's profit and loss follows from the shocks.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum Pricing {
    /// exposure · Σ β s, with a price that cannot fall by more than all: a long loses its value at most and a short
    /// gains it at most, while a short's loss has no limit.
    Linear,
    /// Given by a full revaluation under the same shocks: the profit and loss in money, signed.
    Revalued {
        /// Profit and loss under the direct shocks.
        direct: f64,
        /// Profit and loss under the shocks with what follows from them.
        correlated: f64,
    },
}

/// The answer of a book to one vector of shocks. Money unless said otherwise; losses are negative.
#[derive(Debug, Clone, PartialEq)]
pub struct StressOutcome {
    /// The shock of every factor, a fraction: those given and those that follow.
    pub shocks: Vec<f64>,
    /// Profit and loss of each position, in order.
    pub positions: Vec<f64>,
    /// Exposure to each factor times its shock; they sum to `linear`.
    pub factors: Vec<f64>,
    /// Profit and loss as if every position were linear and prices could fall below zero.
    pub linear: f64,
    /// What the floor of prices changes: positive for longs, negative for shorts.
    pub floors: f64,
    /// What revaluation changes against the linear answer: the convexity of options.
    pub convexity: f64,
    /// Profit and loss of the book: the sum over positions, linear + floors + convexity.
    pub total: f64,
    /// total / equity, a fraction.
    pub share_of_equity: f64,
    /// equity + total.
    pub equity_after: f64,
    /// Whether the loss is larger than the equity.
    pub exceeds_equity: bool,
    /// Size of the loss beside the equity; that of a gain is the base.
    pub severity: Severity,
}

/// A scenario with and without what follows from its shocks.
#[derive(Debug, Clone, PartialEq)]
pub struct Stress {
    /// Factors that were not given stay where they are.
    pub direct: StressOutcome,
    /// They move as they tend to when the given ones move so.
    pub correlated: StressOutcome,
    /// correlated − direct, in money.
    pub correlation_effect: f64,
}

/// Size of a loss beside the equity.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// Below 5 %.
    Base,
    /// From 5 %.
    Mild,
    /// From 10 %.
    Moderate,
    /// From 20 %.
    Severe,
    /// From 35 %.
    Extreme,
}

/// Stresses a book of `positions` on `equity` (in money, above zero) by `given` shocks, under the `covariance` of the
/// factors' returns.
///
/// # Errors
/// `EquityNotPositive`; `LengthsDiffer` unless every position has a beta per factor; `NotFinite`; those of
/// [`shock_vector`].
pub fn stress(
    positions: &[StressPosition],
    equity: f64,
    covariance: &Symmetric,
    given: &[Shock],
) -> Result<Stress, Unavailable> {
    let outcome = |propagation| {
        let shocks = shock_vector(covariance, given, propagation)?;
        apply(positions, equity, shocks, propagation)
    };
    let (direct, correlated) = (outcome(Propagation::Direct)?, outcome(Propagation::Correlated)?);
    let correlation_effect = finite(correlated.total - direct.total)?;
    Ok(Stress { direct, correlated, correlation_effect })
}

/// Applies a full vector of shocks, one per factor.
///
/// # Errors
/// `EquityNotPositive`; `LengthsDiffer`; `NotFinite`.
pub fn apply(
    positions: &[StressPosition],
    equity: f64,
    shocks: Vec<f64>,
    propagation: Propagation,
) -> Result<StressOutcome, Unavailable> {
    positive(equity, Because::EquityNotPositive)?;
    let mut by_factor = vec![Sum::default(); shocks.len()];
    let (mut linear, mut floors, mut convexity) = (Sum::default(), Sum::default(), Sum::default());
    let (mut total, mut results) = (Sum::default(), Vec::with_capacity(positions.len()));
    for position in positions {
        if position.betas.len() != shocks.len() {
            return Err(Because::LengthsDiffer.into());
        }
        for (beta, factor) in position.betas.iter().zip(&mut by_factor) {
            factor.add(position.exposure * beta);
        }
        let price_move = finite(dot(&position.betas, &shocks))?;
        let plain = finite(position.exposure * price_move)?;
        linear.add(plain);
        let result = match (position.pricing, propagation) {
            (Pricing::Linear, _) => {
                let floored = finite(position.exposure * price_move.max(-1.0))?;
                floors.add(floored - plain);
                floored
            }
            (Pricing::Revalued { direct: result, .. }, Propagation::Direct)
            | (Pricing::Revalued { correlated: result, .. }, Propagation::Correlated) => {
                convexity.add(finite(result)? - plain);
                result
            }
        };
        total.add(result);
        results.push(result);
    }
    let total = total.total()?;
    let share_of_equity = finite(total / equity)?;
    Ok(StressOutcome {
        positions: results,
        factors: by_factor
            .iter()
            .zip(&shocks)
            .map(|(exposure, shock)| finite(exposure.total()? * shock))
            .collect::<Result<_, _>>()?,
        linear: linear.total()?,
        floors: floors.total()?,
        convexity: convexity.total()?,
        total,
        share_of_equity,
        equity_after: finite(equity + total)?,
        exceeds_equity: -total > equity,
        severity: severity(share_of_equity),
        shocks,
    })
}

impl StressOutcome {
    /// The positions that lose most, worst first: index and profit and loss, at most `count`, losses only.
    pub fn worst(&self, count: usize) -> Vec<(usize, f64)> {
        let mut losses: Vec<(usize, f64)> =
            self.positions.iter().copied().enumerate().filter(|(_, result)| *result < 0.0).collect();
        losses.sort_by(|left, right| left.1.total_cmp(&right.1).then(left.0.cmp(&right.0)));
        losses.truncate(count);
        losses
    }
}

/// The band of a profit and loss as a share of equity, negative for a loss.
pub fn severity(share_of_equity: f64) -> Severity {
    match -share_of_equity {
        loss if loss >= 0.35 => Severity::Extreme,
        loss if loss >= 0.20 => Severity::Severe,
        loss if loss >= 0.10 => Severity::Moderate,
        loss if loss >= 0.05 => Severity::Mild,
        _ => Severity::Base,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const EQUITY: f64 = 1_000_000.0;

    /// Market, value and growth.
    fn covariance() -> Symmetric {
        let (deviations, rho) =
            ([0.010, 0.005, 0.006], [[1.0, -0.2, 0.3], [-0.2, 1.0, -0.6], [0.3, -0.6, 1.0]]);
        Symmetric::from_fn(3, |i, j| Ok(rho[i][j] * deviations[i] * deviations[j])).unwrap()
    }

    fn book() -> Vec<StressPosition> {
        [(600_000.0, [1.10, -0.30, 0.50]), (-200_000.0, [0.90, 0.60, -0.20]), (300_000.0, [0.70, 0.20, 0.10])]
            .map(|(exposure, betas)| StressPosition {
                exposure,
                betas: betas.to_vec(),
                pricing: Pricing::Linear,
            })
            .to_vec()
    }

    fn shock(factor: usize, size: f64) -> Shock {
        Shock { factor, size }
    }

    #[track_caller]
    fn close(values: &[f64], expected: &[f64]) {
        assert_eq!(values.len(), expected.len());
        for (value, expected) in values.iter().zip(expected) {
            assert!((value - expected).abs() <= 1e-9 * expected.abs().max(1e-3), "{value} is not {expected}");
        }
    }

    #[test]
    fn the_market_falls_by_a_tenth() {
        let stress = stress(&book(), EQUITY, &covariance(), &[shock(0, -0.10)]).unwrap();
        close(&stress.direct.positions, &[-66_000.0, 18_000.0, -21_000.0]);
        close(&[stress.direct.total], &[-69_000.0]);
        close(&stress.correlated.shocks, &[-0.10, 0.010, -0.018]);
        close(&stress.correlated.positions, &[-73_200.0, 16_080.0, -20_940.0]);
        close(&[stress.correlated.total, stress.correlation_effect], &[-78_060.0, -9_060.0]);
        close(&stress.correlated.factors, &[-69_000.0, -2_400.0, -6_660.0]);
        assert_eq!((stress.direct.severity, stress.direct.exceeds_equity), (Severity::Mild, false));
    }

    #[test]
    fn a_second_given_shock_is_never_changed() {
        let stress = stress(&book(), EQUITY, &covariance(), &[shock(0, -0.10), shock(1, 0.05)]).unwrap();
        close(&[stress.direct.total], &[-81_000.0]);
        close(&stress.correlated.shocks, &[-0.10, 0.05, -0.045]);
        close(&[stress.correlated.total], &[-97_650.0]);
    }

    #[test]
    fn prices_end_at_zero_for_longs_and_for_shorts() {
        let stress = stress(&book(), EQUITY, &covariance(), &[shock(0, -1.0)]).unwrap().direct;
        close(&stress.positions, &[-600_000.0, 180_000.0, -210_000.0]);
        close(&[stress.linear, stress.floors, stress.total], &[-690_000.0, 60_000.0, -630_000.0]);
        let short = StressPosition { exposure: -100.0, betas: vec![2.0], pricing: Pricing::Linear };
        let of =
            |shock: f64| apply(std::slice::from_ref(&short), 50.0, vec![shock], Propagation::Direct).unwrap();
        close(&of(-0.9).positions, &[100.0]);
        let squeezed = of(1.0);
        close(&[squeezed.total, squeezed.equity_after], &[-200.0, -150.0]);
        assert!(squeezed.exceeds_equity);
    }

    #[test]
    fn a_revalued_option_adds_its_convexity() {
        let mut book = book();
        book.push(StressPosition {
            exposure: 81_859.205_985,
            betas: vec![1.2, 0.0, 0.0],
            pricing: Pricing::Revalued { direct: -6_324.49, correlated: -6_000.0 },
        });
        let stress = stress(&book, EQUITY, &covariance(), &[shock(0, -0.10)]).unwrap();
        close(&[stress.direct.total], &[-75_324.49]);
        assert!((stress.direct.convexity - (9_823.10 - 6_324.49)).abs() < 0.01);
        close(&[stress.correlated.total], &[-84_060.0]);
        assert_eq!(
            stress.direct.worst(2),
            [(0, stress.direct.positions[0]), (2, stress.direct.positions[2])]
        );
        assert_eq!(stress.direct.worst(9).len(), 3);
    }

    #[test]
    fn severities_start_at_their_limit() {
        let bands = [0.1, -0.049, -0.05, -0.1, -0.2, -0.35].map(severity);
        assert_eq!(bands[..2], [Severity::Base, Severity::Base]);
        assert_eq!(bands[2..], [Severity::Mild, Severity::Moderate, Severity::Severe, Severity::Extreme]);
    }

    #[test]
    fn what_cannot_be_stressed_says_why() {
        let refused = |equity, betas: usize, exposure| {
            let position = StressPosition { exposure, betas: vec![1.0; betas], pricing: Pricing::Linear };
            stress(&[position], equity, &covariance(), &[shock(0, -0.1)]).unwrap_err().because
        };
        assert_eq!(refused(0.0, 3, 1.0), Because::EquityNotPositive);
        assert_eq!(refused(1.0, 2, 1.0), Because::LengthsDiffer);
        assert_eq!(refused(1.0, 3, f64::NAN), Because::NotFinite);
        let option = StressPosition {
            exposure: 1.0,
            betas: vec![0.0; 3],
            pricing: Pricing::Revalued { direct: f64::NAN, correlated: 0.0 },
        };
        let refused = stress(&[option], 1.0, &covariance(), &[shock(0, -0.1)]);
        assert_eq!(refused, Err(Because::NotFinite.into()));
    }
}
