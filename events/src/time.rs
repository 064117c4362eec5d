//! Instants, trading days and bar intervals. Every instant is UTC with microseconds, as the database keeps it.

use std::fmt;
use std::str::FromStr;

use jiff::{Timestamp, Unit};
use serde::{Deserialize, Serialize};

/// The present, rounded down to the microseconds that the database keeps; the one place where the clock is read.
#[expect(clippy::disallowed_methods, reason = "the one home of the clock")]
pub fn now() -> Timestamp {
    let now = Timestamp::now();
    now.round(jiff::TimestampRound::new().smallest(Unit::Microsecond).mode(jiff::RoundMode::Trunc))
        .unwrap_or(now)
}

/// A date on which a market trades, in the market's own zone.
pub type TradingDay = jiff::civil::Date;

/// The length of a bar.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Interval {
    /// One trading day; labelled by its date at midnight UTC.
    #[serde(rename = "1d")]
    Day,
    /// Sixty minutes; labelled by the instant it starts.
    #[serde(rename = "60min")]
    Hour,
    /// One minute; labelled by the instant it starts.
    #[serde(rename = "1min")]
    Minute,
}

impl Interval {
    /// All of them, longest first.
    pub const ALL: [Self; 3] = [Self::Day, Self::Hour, Self::Minute];

    /// The name used in the API, the database and file formats.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Day => "1d",
            Self::Hour => "60min",
            Self::Minute => "1min",
        }
    }
}

impl fmt::Display for Interval {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(self.name())
    }
}

/// The text is not `1d`, `60min` or `1min`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be 1d, 60min or 1min")]
pub struct UnknownInterval;

impl FromStr for Interval {
    type Err = UnknownInterval;

    fn from_str(text: &str) -> Result<Self, UnknownInterval> {
        Self::ALL.into_iter().find(|interval| interval.name() == text).ok_or(UnknownInterval)
    }
}
