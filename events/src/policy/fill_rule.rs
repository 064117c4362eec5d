//! What a decision may know, and at which price its market orders fill.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::Interval;

/// The price of market orders, and with it the moment of decision within a bar.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FillRule {
    /// Decided at the open of a bar, knowing that open and all earlier bars; filled at that open.
    Open,
    /// Decided on the complete bar; filled at the open of the symbol's next existing bar.
    NextOpen,
    /// Decided on the complete bar; filled at its close, which assumes trading without latency.
    SameClose,
    /// Decided on the complete bar; filled at the close of the symbol's next existing bar.
    NextClose,
}

impl FillRule {
    /// The rule of a model that names none: the bar's open for days and hours, the next open for minutes.
    pub const fn default_of(interval: Interval) -> Self {
        match interval {
            Interval::Day | Interval::Hour => Self::Open,
            Interval::Minute => Self::NextOpen,
        }
    }

    /// Whether the bar being decided on is complete at the moment of decision.
    pub const fn sees_complete_bar(self) -> bool {
        !matches!(self, Self::Open)
    }

    /// Whether market orders wait for the symbol's next bar.
    pub const fn fills_later(self) -> bool {
        matches!(self, Self::NextOpen | Self::NextClose)
    }

    /// The name used in the API and in events.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::NextOpen => "next_open",
            Self::SameClose => "same_close",
            Self::NextClose => "next_close",
        }
    }
}

impl fmt::Display for FillRule {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(self.name())
    }
}
