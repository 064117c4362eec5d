//! A figure: a finite number, or the reason why there is none.

use std::collections::BTreeMap;
use std::fmt;

use serde::ser::SerializeMap;
use serde::{Deserialize, Serialize};

/// A finite number, or the reason why it cannot be given. Never NaN, never infinite.
pub type Figure = Result<f64, Unavailable>;

/// A figure that cannot be given. Not an error of the program and never to be shown as zero.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unavailable {
    /// Why not.
    pub because: Because,
}

/// Why a figure cannot be given. `Display` is a phrase for people: "fewer than 2 returns".
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Because {
    /// Nothing was pushed yet.
    NoPoints,
    /// The formula needs at least this many returns.
    TooFewReturns {
        /// The least number of returns.
        needed: u64,
    },
    /// Annualising a return needs at least this many calendar days between first and last point.
    TooFewCalendarDays {
        /// The least number of calendar days.
        needed: i64,
    },
    /// Annualised figures of this convention need at least this many trading days.
    TooFewTradingDays {
        /// The least number of distinct days with a return.
        needed: u64,
    },
    /// The formula divides by a deviation that is zero.
    ZeroDeviation,
    /// The formula divides by the benchmark's variance, which is zero.
    BenchmarkZeroDeviation,
    /// The formula divides by the downside deviation and there is none.
    NoLosingPeriods,
    /// The formula divides by the maximum drawdown, which is zero.
    NoDrawdown,
    /// No point carried a benchmark value.
    NoBenchmark,
    /// The first point carried no benchmark value, so that later ones have nothing to compare with.
    BenchmarkStartsLate,
    /// A benchmark value was zero or negative.
    BenchmarkNotPositive,
    /// No point carried position values.
    NoPositionValues,
    /// An equity value was zero or negative.
    EquityNotPositive,
    /// No trade closed a position.
    NoClosingTrades,
    /// No closing trade ended with a gain.
    NoWinningTrades,
    /// No closing trade ended with a loss.
    NoLosingTrades,
    /// Two series that belong together differ in length.
    LengthsDiffer,
    /// Days that should rise from one to the next do not.
    DaysOutOfOrder,
    /// A price was zero or negative.
    PriceNotPositive,
    /// A bar's high is below, or its low above, another of its prices.
    BarContradictory,
    /// The benchmark rose in no period.
    BenchmarkNeverRose,
    /// The benchmark fell in no period.
    BenchmarkNeverFell,
    /// Payments without receipts or receipts without payments: no rate balances them.
    NoSignChange,
    /// No rate within the range of numbers balances the payments.
    NoRate,
    /// The matrix is not symmetric or has a negative eigenvalue: it is no covariance.
    CovarianceInvalid,
    /// The formula compares series and needs at least this many.
    TooFewSeries {
        /// The least number of series.
        needed: u64,
    },
    /// A cell that the formula needs is missing from a panel or matrix.
    MissingCells,
    /// Explaining series are linear combinations of each other, so that their coefficients mean nothing.
    Collinear,
    /// A factor, series or position was named that is not there.
    UnknownIndex,
    /// There are no positions, or all exposures are zero.
    NoPositions,
    /// No benchmark weights were given, or they do not add up to something above zero.
    NoBenchmarkWeights,
    /// No position belongs to a sector, or the classified ones are short on balance.
    NothingClassified,
    /// The convention asks for something that is no number of periods, no rate or no probability.
    InvalidConvention,
    /// An input was NaN or infinite, or the result would have been.
    NotFinite,
}

impl fmt::Display for Because {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let phrase = match self {
            Self::TooFewReturns { needed: 1 } => return write!(f, "no returns"),
            Self::TooFewReturns { needed } => return write!(f, "fewer than {needed} returns"),
            Self::TooFewCalendarDays { needed } => return write!(f, "fewer than {needed} calendar days"),
            Self::TooFewTradingDays { needed } => return write!(f, "fewer than {needed} trading days"),
            Self::TooFewSeries { needed } => return write!(f, "fewer than {needed} series"),
            Self::NoPoints => "no points",
            Self::ZeroDeviation => "zero deviation",
            Self::BenchmarkZeroDeviation => "zero deviation of the benchmark",
            Self::NoLosingPeriods => "no losing periods",
            Self::NoDrawdown => "no drawdown",
            Self::NoBenchmark => "no benchmark",
            Self::BenchmarkStartsLate => "no benchmark value at the first point",
            Self::BenchmarkNotPositive => "zero or negative benchmark value",
            Self::NoPositionValues => "no position values",
            Self::EquityNotPositive => "zero or negative equity",
            Self::NoClosingTrades => "no closing trades",
            Self::NoWinningTrades => "no winning trades",
            Self::NoLosingTrades => "no losing trades",
            Self::LengthsDiffer => "series of different lengths",
            Self::DaysOutOfOrder => "days out of order",
            Self::PriceNotPositive => "zero or negative price",
            Self::BarContradictory => "a bar that contradicts itself",
            Self::BenchmarkNeverRose => "no period in which the benchmark rose",
            Self::BenchmarkNeverFell => "no period in which the benchmark fell",
            Self::NoSignChange => "payments of one sign only",
            Self::NoRate => "no rate balances the payments",
            Self::CovarianceInvalid => "not a covariance matrix",
            Self::MissingCells => "missing cells",
            Self::Collinear => "collinear factors",
            Self::UnknownIndex => "unknown index",
            Self::NoPositions => "no positions",
            Self::NoBenchmarkWeights => "no benchmark weights",
            Self::NothingClassified => "no classified net exposure",
            Self::InvalidConvention => "invalid convention",
            Self::NotFinite => "not a finite number",
        };
        f.write_str(phrase)
    }
}

impl fmt::Display for Unavailable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.because.fmt(f)
    }
}

impl std::error::Error for Unavailable {}

impl From<Because> for Unavailable {
    fn from(because: Because) -> Self {
        Self { because }
    }
}

/// Lets only finite numbers pass.
pub fn finite(value: f64) -> Figure {
    if value.is_finite() { Ok(value) } else { Err(Because::NotFinite.into()) }
}

/// Lets only finite numbers above zero pass; zero and negative ones are refused for the given reason.
pub fn positive(value: f64, otherwise: Because) -> Figure {
    if finite(value)? > 0.0 { Ok(value) } else { Err(otherwise.into()) }
}

/// Writes every figure as a number or null, then `"unavailable"`: the reasons of the nulls by name.
///
/// The map is written in the order given; the reasons are sorted by name.
pub(crate) fn serialize_figures<M: SerializeMap>(
    map: &mut M,
    figures: &[(&'static str, Figure)],
) -> Result<(), M::Error> {
    let mut reasons = BTreeMap::new();
    for (name, figure) in figures {
        map.serialize_entry(name, &figure.ok())?;
        if let Err(unavailable) = figure {
            reasons.insert(*name, unavailable.to_string());
        }
    }
    map.serialize_entry("unavailable", &reasons)
}

/// A count as a number. Exact below 2^53, which no series reaches.
pub(crate) fn number(count: u64) -> f64 {
    count as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_finite_numbers_pass() {
        assert_eq!(finite(1.5), Ok(1.5));
        assert_eq!(finite(f64::NAN), Err(Because::NotFinite.into()));
        assert_eq!(positive(0.0, Because::EquityNotPositive), Err(Because::EquityNotPositive.into()));
        assert_eq!(positive(f64::INFINITY, Because::EquityNotPositive), Err(Because::NotFinite.into()));
    }

    #[test]
    fn a_reason_reads_as_a_phrase() {
        assert_eq!(Because::TooFewReturns { needed: 2 }.to_string(), "fewer than 2 returns");
        assert_eq!(Unavailable::from(Because::NoBenchmark).to_string(), "no benchmark");
    }
}
