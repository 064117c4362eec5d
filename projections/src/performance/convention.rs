//! How figures are counted.

use std::fmt;
use std::str::FromStr;

use events::Interval;
use quant::Convention;
use quant::convention::TRADING_DAYS_MIN;
use serde::{Deserialize, Serialize};

/// How figures are counted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ConventionName {
    /// One point a bar, annualised by the bars a year of the run's snapshot.
    #[default]
    Standard,
    /// As the public AI-Trader benchmark counts: one point a ledger record, each marked at the close of its bar, so
    /// that a bar with several executions counts several times; 1638 periods a year whatever the market.
    AiTrader,
}

/// The text names no convention.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a convention is standard or ai_trader")]
pub struct UnknownConvention;

impl fmt::Display for ConventionName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(match self {
            Self::Standard => "standard",
            Self::AiTrader => "ai_trader",
        })
    }
}

impl FromStr for ConventionName {
    type Err = UnknownConvention;

    fn from_str(text: &str) -> Result<Self, UnknownConvention> {
        match text {
            "standard" => Ok(Self::Standard),
            "ai_trader" => Ok(Self::AiTrader),
            _ => Err(UnknownConvention),
        }
    }
}

/// One point a bar, annualised by so many bars a year; of minute bars only from thirty trading days on.
pub(crate) fn standard(interval: Interval, periods_per_year: u32) -> Convention {
    let convention = Convention::standard(f64::from(periods_per_year));
    match interval {
        Interval::Minute => Convention { trading_days_min: TRADING_DAYS_MIN, ..convention },
        Interval::Day | Interval::Hour => convention,
    }
}
