//! The wealth path of a return series: what 1 becomes, and how far it falls on the way.

use crate::drawdown::{DrawdownAccumulator, DrawdownEpisode};
use crate::figure::{Because, Figure, Unavailable, finite, number};
use crate::moments::at_least;
use crate::sample::PairedSample;

/// Figures of the path W_0 = 1, W_t = W_{t-1} (1 + r_t). It knows no payments in or out, so a withdrawal is no
/// loss. Drawdowns are negative here, as the portfolio's contract writes them.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct WealthPath {
    /// W_n - 1: the time-weighted return of the whole, a fraction, not annualised.
    pub cumulative_return: f64,
    /// The deepest fall; none if the path never fell. Index 0 is W_0, index t the day of r_t.
    pub deepest: Option<DrawdownEpisode>,
    /// min (W_t / max W_u - 1), u ≤ t: a fraction from -1 to 0.
    pub max_drawdown: f64,
    /// W_n / max W_u - 1: a fraction from -1 to 0.
    pub current_drawdown: f64,
    /// √mean(drawdown²) over the n days after the first, a fraction from 0 to 1 (Martin 1987).
    pub ulcer_index: f64,
}

impl WealthPath {
    /// One pass over simple returns. Needs one return; all of them above -1, for nothing follows a total loss.
    pub fn of(returns: &[f64]) -> Result<Self, Unavailable> {
        at_least(1, returns.len() as u64)?;
        let mut accumulator = DrawdownAccumulator::default();
        accumulator.push(1.0)?;
        let (mut wealth, mut squares) = (1.0, 0.0);
        for value in returns {
            wealth *= 1.0 + value;
            let depth = accumulator.push(wealth)?;
            squares += depth * depth;
        }
        Ok(Self {
            cumulative_return: finite(wealth - 1.0)?,
            deepest: accumulator.deepest(),
            max_drawdown: 0.0 - accumulator.maximum()?,
            current_drawdown: 0.0 - accumulator.current()?,
            ulcer_index: finite((squares / number(returns.len() as u64)).sqrt())?,
        })
    }

    /// Depth of the deepest fall, a fraction from 0 to 1: what [`crate::ratios::calmar`] divides by.
    pub fn depth(&self) -> f64 {
        0.0 - self.max_drawdown
    }
}

/// [`WealthPath::max_drawdown`] of returns of which nothing else is asked.
pub fn max_drawdown(returns: &[f64]) -> Figure {
    at_least(1, returns.len() as u64)?;
    let (mut wealth, mut peak, mut deepest, mut sound) = (1.0_f64, 1.0_f64, 0.0_f64, true);
    for value in returns {
        wealth *= 1.0 + value;
        // Not the maximum of the library, which has to think of NaN: that is seen beside it.
        peak = if wealth > peak { wealth } else { peak };
        let depth = (peak - wealth) / peak;
        deepest = if depth > deepest { depth } else { deepest };
        sound &= (wealth > 0.0) & (wealth < f64::INFINITY);
    }
    // What spoils a path is found by who looks at every point.
    if sound { Ok(0.0 - deepest) } else { WealthPath::of(returns).map(|path| path.max_drawdown) }
}

/// Π(1 + r) - 1 of simple returns, a fraction: the time-weighted return. Needs one return; all of them above -1.
pub fn linked(returns: &[f64]) -> Figure {
    at_least(1, returns.len() as u64)?;
    let mut wealth = 1.0;
    for value in returns {
        wealth *= growth(*value)?;
    }
    finite(wealth - 1.0)
}

/// R² of the line of ln W_1 .. ln W_n on time, 0 to 1: how evenly wealth grew. Needs two returns.
pub fn stability(returns: &[f64]) -> Figure {
    let count = returns.len() as u64;
    at_least(2, count)?;
    let mut wealth = 1.0;
    let mut logarithms = Vec::with_capacity(returns.len());
    for value in returns {
        wealth *= growth(*value)?;
        logarithms.push(libm::log(wealth));
    }
    let days: Vec<f64> = (0..count).map(number).collect();
    let correlation = PairedSample::of(&logarithms, &days)?.correlation()?;
    Ok(correlation * correlation)
}

fn growth(period_return: f64) -> Figure {
    crate::figure::positive(1.0 + period_return, Because::EquityNotPositive)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_deepest_fall_is_the_same_alone() {
        for returns in
            [&[0.010, -0.005, 0.002, -0.012, 0.008][..], &[0.1], &[-0.5, -0.5], &[0.1, -1.0, 0.2], &[]]
        {
            assert_eq!(max_drawdown(returns), WealthPath::of(returns).map(|path| path.max_drawdown));
        }
    }

    #[test]
    fn the_worked_example() {
        let path =
            WealthPath::of(&[0.010, -0.005, 0.002, -0.012, 0.008, 0.004, -0.003, 0.006, -0.001, 0.005])
                .unwrap();
        assert!((path.cumulative_return - 0.013_883_498_1).abs() < 5e-11);
        assert!((path.max_drawdown + 0.014_973_88).abs() < 5e-9);
        let deepest = path.deepest.unwrap();
        assert_eq!((deepest.peak_index, deepest.trough_index, deepest.recovery_index), (1, 4, Some(10)));
    }

    #[test]
    fn the_returns_of_the_roll_forward_link() {
        let twr = linked(&[0.001, 0.001_998_001_998_001_998, -0.000_189_933_523_266_856_6]).unwrap();
        assert!((twr - 0.002_809_496_676).abs() < 5e-13);
    }

    #[test]
    fn a_path_that_never_falls_has_zeros() {
        let path = WealthPath::of(&[0.01, 0.0, 0.02]).unwrap();
        assert_eq!((path.max_drawdown, path.current_drawdown, path.ulcer_index), (0.0, 0.0, 0.0));
        assert!(path.max_drawdown.is_sign_positive() && path.deepest.is_none());
    }

    #[test]
    fn even_growth_is_stable() {
        assert!((stability(&[0.01; 50]).unwrap() - 1.0).abs() < 1e-12);
        assert_eq!(stability(&[0.0; 50]), Err(Because::ZeroDeviation.into()));
        assert_eq!(stability(&[0.1]), Err(Because::TooFewReturns { needed: 2 }.into()));
    }

    #[test]
    fn a_total_loss_or_no_number_ends_the_path() {
        for (last, because) in [
            (-1.0, Because::EquityNotPositive),
            (-1.5, Because::EquityNotPositive),
            (f64::NAN, Because::NotFinite),
            (f64::INFINITY, Because::NotFinite),
        ] {
            let returns = [0.1, last, 0.1];
            assert_eq!(WealthPath::of(&returns).err(), Some(because.into()));
            assert_eq!(linked(&returns), Err(because.into()));
            assert_eq!(stability(&returns), Err(because.into()));
        }
        assert_eq!(WealthPath::of(&[1e308, 1e308]).err(), Some(Because::NotFinite.into()));
        assert_eq!(WealthPath::of(&[]).err(), Some(Because::TooFewReturns { needed: 1 }.into()));
    }
}
