//! Volatility: realised, its trend and its rank, exponentially weighted, and from opens, highs, lows and closes.

use serde::{Deserialize, Serialize};

use crate::convention::{Deviation, PERIODS_DAILY};
use crate::figure::{Because, Figure, Unavailable, finite, number, positive};
use crate::lanes::sum_of;
use crate::moments::at_least;
use crate::periods::last;
use crate::ratios::per_year;
use crate::rolling::rolling_deviations;
use crate::sample::{PairedSample, Sample};

/// Returns of the window whose volatility trends and ranks: a month of sessions.
pub const MONTH_RETURNS: usize = 21;
/// Fewest returns for a trend: two months.
pub const TREND_RETURNS_MIN: u64 = 42;
/// Returns within which a volatility is ranked: a year of sessions.
pub const PERCENTILE_RETURNS: usize = 252;
/// Decay of the RiskMetrics daily volatility (1996).
pub const EWMA_DAILY_DECAY: f64 = 0.94;

/// Volatility a year that changes by more than this a session has a direction.
const TREND_SLOPE_MIN: f64 = 0.001;
/// So much of its variance the line must explain.
const TREND_R_SQUARED_MIN: f64 = 0.3;

/// sd of the last `sessions` simple returns (n - 1) times √252, a fraction a year. Needs so many returns.
pub fn realised(returns: &[f64], sessions: usize) -> Figure {
    per_year(Sample::of(last(returns, sessions)?)?.deviation(Deviation::Sample)?, PERIODS_DAILY)
}

/// [`realised`] over every window of `sessions` returns, in order.
pub fn rolling_realised(returns: &[f64], sessions: usize) -> Result<Vec<f64>, Unavailable> {
    let mut volatilities = rolling_deviations(returns, sessions, Deviation::Sample)?;
    for volatility in &mut volatilities {
        *volatility = per_year(*volatility, PERIODS_DAILY)?;
    }
    Ok(volatilities)
}

/// Where volatility is heading.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    /// It rises by more than 0.001 a session along a line that explains more than 0.3 of its variance.
    Increasing,
    /// The mirror image.
    Decreasing,
    /// Neither.
    Stable,
}

/// The line through the last 21 rolling 21-day volatilities.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Trend {
    /// Change of the yearly volatility in a session.
    pub slope: f64,
    /// Share of the variance that the line explains, 0 to 1; none when the volatility did not change at all.
    pub r_squared: Figure,
    /// What both say.
    pub direction: Direction,
}

/// The [`Trend`] of daily returns. Needs 42.
pub fn trend(returns: &[f64]) -> Result<Trend, Unavailable> {
    at_least(TREND_RETURNS_MIN, returns.len() as u64)?;
    let volatilities = rolling_realised(last(returns, 2 * MONTH_RETURNS - 1)?, MONTH_RETURNS)?;
    let sessions: Vec<f64> = (0..volatilities.len() as u64).map(number).collect();
    let line = PairedSample::of(&volatilities, &sessions)?;
    let slope = line.slope()?;
    let r_squared = line.correlation().map(|correlation| correlation * correlation);
    let direction = if r_squared.is_ok_and(|share| share > TREND_R_SQUARED_MIN) {
        direction_of(slope)
    } else {
        Direction::Stable
    };
    Ok(Trend { slope, r_squared, direction })
}

fn direction_of(slope: f64) -> Direction {
    if slope > TREND_SLOPE_MIN {
        Direction::Increasing
    } else if slope < -TREND_SLOPE_MIN {
        Direction::Decreasing
    } else {
        Direction::Stable
    }
}

/// Share of the 231 earlier rolling 21-day volatilities within the last 252 returns that lie strictly below the
/// current one, 0 to 1. Needs 252 returns.
pub fn percentile(returns: &[f64]) -> Figure {
    let volatilities = rolling_realised(last(returns, PERCENTILE_RETURNS)?, MONTH_RETURNS)?;
    let (current, prior) = volatilities.split_last().ok_or(Because::NoPoints)?;
    let below = prior.iter().filter(|volatility| *volatility < current).count();
    finite(number(below as u64) / number(prior.len() as u64))
}

/// How an exponentially weighted mean starts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EwmaStart {
    /// s² starts as the first squared return, which keeps all the weight that the later ones leave (RiskMetrics).
    FirstSquare,
    /// The weights λ^k are divided by their sum, so that the first return weighs no more than its age.
    Adjusted,
}

/// √(252 s²) with s² ← λ s² + (1 - λ) r², the decay λ between 0 and 1: a fraction a year. Needs one return.
pub fn ewma(returns: &[f64], decay: f64, start: EwmaStart) -> Figure {
    if !(decay > 0.0 && decay < 1.0) {
        return Err(Because::InvalidConvention.into());
    }
    let (first, later) = returns.split_first().ok_or(Because::TooFewReturns { needed: 1 })?;
    let first = first * first;
    let variance = match start {
        EwmaStart::FirstSquare => later.iter().fold(first, |s, r| decay * s + (1.0 - decay) * (r * r)),
        EwmaStart::Adjusted => {
            let (weighted, weights) = later
                .iter()
                .fold((first, 1.0), |(sum, weight), r| (decay * sum + r * r, decay * weight + 1.0));
            weighted / weights
        }
    };
    per_year(finite(variance)?.sqrt(), PERIODS_DAILY)
}

/// One session's prices.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Bar {
    /// First price.
    pub open: f64,
    /// Highest price.
    pub high: f64,
    /// Lowest price.
    pub low: f64,
    /// Last price.
    pub close: f64,
}

impl Bar {
    fn checked(self) -> Result<Self, Unavailable> {
        for price in [self.open, self.high, self.low, self.close] {
            positive(price, Because::PriceNotPositive)?;
        }
        if self.high < self.open.max(self.close) || self.low > self.open.min(self.close) {
            return Err(Because::BarContradictory.into());
        }
        Ok(self)
    }

    /// Rogers and Satchell's variance of a session: ln(H/C) ln(H/O) + ln(L/C) ln(L/O).
    fn within(&self) -> f64 {
        libm::log(self.high / self.close) * libm::log(self.high / self.open)
            + libm::log(self.low / self.close) * libm::log(self.low / self.open)
    }
}

/// Variance of a session by Yang and Zhang (2000), with n bars that follow a close: the sample variance of the
/// overnight ln(O/C₋₁), plus k times that of ln(C/O), plus 1 - k times the mean of Rogers and Satchell's, with
/// k = 0.34 / (1.34 + (n + 1) / (n - 1)). Unaffected by drift and by opening gaps. Needs two bars.
pub fn yang_zhang_variance(previous_close: f64, bars: &[Bar]) -> Figure {
    let count = bars.len() as u64;
    at_least(2, count)?;
    let mut before = positive(previous_close, Because::PriceNotPositive)?;
    let (mut overnight, mut intraday, mut within) = (Vec::new(), Vec::new(), Vec::new());
    for bar in bars {
        let bar = bar.checked()?;
        overnight.push(libm::log(bar.open / before));
        intraday.push(libm::log(bar.close / bar.open));
        within.push(bar.within());
        before = bar.close;
    }
    let k = 0.34 / (1.34 + (number(count) + 1.0) / (number(count) - 1.0));
    let overnight = Sample::of(&overnight)?.variance(Deviation::Sample)?;
    let intraday = Sample::of(&intraday)?.variance(Deviation::Sample)?;
    finite(overnight + k * intraday + (1.0 - k) * (sum_of(&within, |x| x) / number(count)))
}

/// √(252 · [`yang_zhang_variance`]), a fraction a year.
pub fn yang_zhang(previous_close: f64, bars: &[Bar]) -> Figure {
    per_year(yang_zhang_variance(previous_close, bars)?.sqrt(), PERIODS_DAILY)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn market(t: u32) -> f64 {
        0.010 * libm::sin(f64::from(t)) + 0.005 * libm::cos(3.0 * f64::from(t))
    }

    fn m(length: u32) -> Vec<f64> {
        (1..=length).map(market).collect()
    }

    fn s(length: u32) -> Vec<f64> {
        (1..=length).map(|t| (1.0 + 0.5 * libm::sin(f64::from(t) / 20.0)) * market(t)).collect()
    }

    #[track_caller]
    fn printed(figure: Figure, expected: f64, digits: i32) {
        let value = figure.unwrap();
        assert!((value - expected).abs() <= 0.5001 * 10f64.powi(-digits), "{value} is not {expected}");
    }

    #[test]
    fn realised_volatility_of_the_test_series() {
        printed(realised(&m(120), 21), 0.126_200_229_8, 10);
        printed(realised(&m(120), 63), 0.126_883_587_2, 10);
        printed(realised(&s(252), 21), 0.100_298_096_6, 10);
        printed(realised(&s(252), 63), 0.088_743_754_8, 10);
        assert_eq!(realised(&m(20), 21), Err(Because::TooFewReturns { needed: 21 }.into()));
        assert_eq!(realised(&[], 0), Err(Because::TooFewReturns { needed: 1 }.into()));
    }

    #[test]
    fn trends_of_the_test_series() {
        let trend_of = |returns: &[f64]| trend(returns).unwrap();
        let stable = trend_of(&m(120));
        printed(Ok(stable.slope), -0.000_018_247_1, 10);
        printed(stable.r_squared, 0.001_36, 5);
        assert_eq!(stable.direction, Direction::Stable);
        let increasing = trend_of(&s(252));
        printed(Ok(increasing.slope), 0.001_874_603_8, 10);
        printed(increasing.r_squared, 0.924_185_7, 7);
        assert_eq!(increasing.direction, Direction::Increasing);
        let below = trend_of(&s(120));
        printed(Ok(below.slope), 0.000_936_396_1, 10);
        printed(below.r_squared, 0.7518, 4);
        assert_eq!(below.direction, Direction::Stable);
        let reversed: Vec<f64> = s(252).into_iter().rev().take(42).collect();
        assert_eq!(trend_of(&reversed).direction, Direction::Decreasing);
    }

    #[test]
    fn a_trend_needs_two_months_and_a_change() {
        assert_eq!(trend(&m(41)).err(), Some(Because::TooFewReturns { needed: 42 }.into()));
        let flat = trend(&[0.0; 42]).unwrap();
        assert_eq!((flat.slope, flat.direction), (0.0, Direction::Stable));
        assert_eq!(flat.r_squared, Err(Because::ZeroDeviation.into()));
    }

    #[test]
    fn rank_of_the_test_series() {
        printed(percentile(&s(252)), 0.376_623_376_6, 10);
        assert_eq!(percentile(&s(251)), Err(Because::TooFewReturns { needed: 252 }.into()));
    }

    #[test]
    fn weights_decay() {
        // s² = 0.5 (0.5 · 1 + 0.5 · 4) + 0.5 · 9 = 5.75; adjusted: (1/4 + 4/2 + 9) / (1/4 + 1/2 + 1).
        let returns = [1.0, 2.0, 3.0];
        printed(ewma(&returns, 0.5, EwmaStart::FirstSquare), (252.0f64 * 5.75).sqrt(), 12);
        printed(ewma(&returns, 0.5, EwmaStart::Adjusted), (252.0f64 * 11.25 / 1.75).sqrt(), 12);
        for decay in [0.0, 1.0, f64::NAN] {
            let refused = ewma(&returns, decay, EwmaStart::Adjusted);
            assert_eq!(refused, Err(Because::InvalidConvention.into()));
        }
        assert_eq!(ewma(&[1e200], 0.5, EwmaStart::Adjusted), Err(Because::NotFinite.into()));
    }

    #[test]
    fn yang_and_zhang_on_five_bars() {
        let bars = [
            (100.5, 102.3, 99.8, 102.0),
            (101.8, 102.5, 100.2, 100.6),
            (100.9, 102.9, 100.4, 102.4),
            (102.2, 103.0, 100.7, 101.2),
            (101.0, 102.4, 100.6, 102.1),
        ]
        .map(|(open, high, low, close)| Bar { open, high, low, close });
        printed(yang_zhang_variance(100.0, &bars), 0.000_191_048_1, 10);
        printed(yang_zhang(100.0, &bars), 0.219_417_701_7, 10);
        let contradictory = [bars[0], Bar { high: 100.0, ..bars[1] }];
        assert_eq!(yang_zhang(100.0, &contradictory), Err(Because::BarContradictory.into()));
        let worthless = [bars[0], Bar { low: 0.0, ..bars[1] }];
        assert_eq!(yang_zhang(100.0, &worthless), Err(Because::PriceNotPositive.into()));
        assert_eq!(yang_zhang(f64::NAN, &bars), Err(Because::NotFinite.into()));
        assert_eq!(yang_zhang(100.0, &bars[..1]), Err(Because::TooFewReturns { needed: 2 }.into()));
    }
}
