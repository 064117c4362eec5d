//! Ratios of a return series: reward over risk, gains over losses.
//!
//! The formulas are here once; [`crate::performance::PerformanceAccumulator`] applies them to a stream, the
//! functions over a [`Sample`] to a slice. Slices are series of one return a trading day; shares of days and
//! means are per day, everything annual says so.

use crate::convention::{Convention, SortinoDenominator};
use crate::figure::{Because, Figure, finite, number};
use crate::lanes::sum_of;
use crate::moments::{DEVIATION_FLOOR, at_least, divisible};
use crate::sample::Sample;

/// A ratio per period, or a deviation, as one per year: times √P.
pub(crate) fn per_year(per_period: f64, periods: f64) -> Figure {
    finite(per_period * periods.sqrt())
}

/// (mean r - rf) / deviation · √P (Sharpe 1994).
pub(crate) fn sharpe_of(mean_excess: f64, deviation: f64, periods: f64) -> Figure {
    per_year(mean_excess / deviation, periods)
}

/// Root of the mean of min(r - rf, 0)² over all n returns, from the sum of those squares.
pub(crate) fn downside_of(squares: f64, count: u64) -> Figure {
    finite((squares / number(count)).sqrt())
}

/// The downside deviation as a divisor: refused when it is zero up to rounding.
pub(crate) fn downside_to_divide_by(downside: f64) -> Figure {
    if downside > DEVIATION_FLOOR { Ok(downside) } else { Err(Because::NoLosingPeriods.into()) }
}

/// Annualised return / depth of the deepest drawdown, a positive fraction (Young 1991).
pub fn calmar(annualised_return: f64, depth: f64) -> Figure {
    if depth > 0.0 { finite(annualised_return / depth) } else { Err(Because::NoDrawdown.into()) }
}

/// mean r - rf - beta (mean b - rf), a fraction per period (Jensen 1968).
pub(crate) fn alpha_of(mean: f64, benchmark_mean: f64, beta: f64, risk_free: f64) -> Figure {
    finite(mean - risk_free - beta * (benchmark_mean - risk_free))
}

/// Deviation of the returns times √P, a fraction a year. Needs two returns.
pub fn volatility(returns: &Sample<'_>, convention: &Convention) -> Figure {
    per_year(returns.deviation(convention.deviation)?, periods(convention, returns)?)
}

/// (mean r - rf) / deviation of r times √P, an annualised ratio (Sharpe 1994). The convention says whether rf is
/// the yearly rate divided by P or compounded. Needs two returns that differ.
pub fn sharpe(returns: &Sample<'_>, convention: &Convention) -> Figure {
    let deviation = returns.deviation_to_divide_by(convention.deviation)?;
    let mean_excess = returns.mean() - convention.risk_free_per_period()?;
    sharpe_of(mean_excess, deviation, periods(convention, returns)?)
}

/// √mean(min(r - rf, 0)²) times √P, the mean over all n returns; a fraction a year, zero without a return
/// below rf. Needs one return.
pub fn downside_deviation(returns: &Sample<'_>, convention: &Convention) -> Figure {
    per_year(downside(returns, convention)?, periods(convention, returns)?)
}

/// (mean r - rf) / downside deviation times √P, an annualised ratio (Sortino and Price 1994). Needs two returns,
/// one of them below rf.
pub fn sortino(returns: &Sample<'_>, convention: &Convention) -> Figure {
    at_least(2, returns.count())?;
    let risk_free = convention.risk_free_per_period()?;
    let downside = match convention.sortino {
        SortinoDenominator::AllPeriods => downside_to_divide_by(downside(returns, convention)?)?,
        SortinoDenominator::NegativesOnly => {
            let below: Vec<f64> =
                returns.values().iter().map(|r| r - risk_free).filter(|excess| *excess < 0.0).collect();
            let below = Sample::of(&below).map_err(|_| Because::NoLosingPeriods)?;
            divisible(below.deviation(convention.deviation)?, below.mean())?
        }
    };
    sharpe_of(returns.mean() - risk_free, downside, periods(convention, returns)?)
}

/// Σ max(r - threshold, 0) / Σ max(threshold - r, 0), a pure number above zero (Keating and Shadwick 2002).
pub fn omega(returns: &Sample<'_>, threshold: f64) -> Figure {
    finite(threshold).map_err(|_| Because::InvalidConvention)?;
    let gains = sum_of(returns.values(), |r| (r - threshold).max(0.0));
    let losses = sum_of(returns.values(), |r| (threshold - r).max(0.0));
    if losses > 0.0 { finite(gains / losses) } else { Err(Because::NoLosingPeriods.into()) }
}

/// Share of the returns above zero, 0 to 1.
pub fn positive_rate(returns: &Sample<'_>) -> f64 {
    number(returns.positive_count()) / number(returns.count())
}

fn downside(returns: &Sample<'_>, convention: &Convention) -> Figure {
    let risk_free = convention.risk_free_per_period()?;
    let squares = sum_of(returns.values(), |r| {
        let below = (r - risk_free).min(0.0);
        below * below
    });
    downside_of(squares, returns.count())
}

/// Periods per year, if the convention lets a series of so many days be annualised.
fn periods(convention: &Convention, returns: &Sample<'_>) -> Figure {
    convention.periods_of(returns.count())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::convention::{Annualisation, PERIODS_DAILY, RiskFreeSplit};
    use crate::{EquityPoint, PerformanceAccumulator};

    const RETURNS: [f64; 10] = [0.010, -0.005, 0.002, -0.012, 0.008, 0.004, -0.003, 0.006, -0.001, 0.005];

    fn four_percent() -> Convention {
        let divided =
            Convention { risk_free_split: RiskFreeSplit::Divided, ..Convention::standard(PERIODS_DAILY) };
        divided.with_risk_free(0.04)
    }

    #[track_caller]
    fn printed(figure: Figure, expected: f64, digits: i32) {
        let value = figure.unwrap();
        assert!((value - expected).abs() <= 0.5001 * 10f64.powi(-digits), "{value} is not {expected}");
    }

    #[test]
    fn the_worked_example() {
        let sample = Sample::of(&RETURNS).unwrap();
        printed(Ok(sample.mean()), 0.0014, 12);
        printed(volatility(&sample, &four_percent()), 0.106_410_525_8, 10);
        printed(sharpe(&sample, &four_percent()), 2.939_558_8, 7);
        printed(
            Ok(downside_deviation(&sample, &four_percent()).unwrap() / PERIODS_DAILY.sqrt()),
            0.004_310_074_8,
            10,
        );
        printed(sortino(&sample, &four_percent()), 4.571_741_5, 7);
        printed(omega(&sample, 0.0), 35.0 / 21.0, 12);
        assert_eq!(positive_rate(&sample), 0.6);
    }

    #[test]
    fn a_slice_and_a_stream_agree_in_every_convention() {
        let sample = Sample::of(&RETURNS).unwrap();
        for convention in
            [four_percent(), Convention::ai_trader(), Convention::standard(365.0).with_risk_free(0.02)]
        {
            let mut stream = PerformanceAccumulator::new(Convention {
                annualisation: Annualisation::Periods,
                ..convention
            });
            let mut equity = 1.0;
            stream.push(EquityPoint::new(0, equity));
            for (day, value) in (1..).zip(RETURNS) {
                equity *= 1.0 + value;
                stream.push(EquityPoint::new(day, equity));
            }
            let report = stream.report();
            for (slice, stream) in [
                (volatility(&sample, &convention), report.volatility),
                (sharpe(&sample, &convention), report.sharpe),
                (sortino(&sample, &convention), report.sortino),
            ] {
                assert!((slice.unwrap() / stream.unwrap() - 1.0).abs() < 1e-12);
            }
        }
    }

    #[test]
    fn ratios_without_a_divisor_say_why() {
        let (rising, flat) = ([0.01, 0.02], [0.01; 3]);
        let convention = Convention::standard(PERIODS_DAILY);
        let sample = Sample::of(&rising).unwrap();
        assert_eq!(sortino(&sample, &convention), Err(Because::NoLosingPeriods.into()));
        assert_eq!(sortino(&sample, &Convention::ai_trader()), Err(Because::NoLosingPeriods.into()));
        assert_eq!(omega(&sample, 0.0), Err(Because::NoLosingPeriods.into()));
        assert_eq!(omega(&sample, f64::NAN), Err(Because::InvalidConvention.into()));
        assert_eq!(sharpe(&Sample::of(&flat).unwrap(), &convention), Err(Because::ZeroDeviation.into()));
        let one = Sample::of(&[-0.01]).unwrap();
        assert_eq!(sharpe(&one, &convention), Err(Because::TooFewReturns { needed: 2 }.into()));
        assert_eq!(sortino(&one, &convention), Err(Because::TooFewReturns { needed: 2 }.into()));
        assert_eq!(calmar(0.1, 0.0), Err(Because::NoDrawdown.into()));
    }

    #[test]
    fn a_convention_with_a_minimum_of_days_refuses_fewer() {
        let convention = Convention { trading_days_min: 30, ..Convention::standard(PERIODS_DAILY) };
        let sample = Sample::of(&RETURNS).unwrap();
        assert_eq!(sharpe(&sample, &convention), Err(Because::TooFewTradingDays { needed: 30 }.into()));
    }
}
