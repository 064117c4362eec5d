//! The first thing in a run that does not agree with its bars, its rules or its policy.

use std::fmt;

use crate::codec::Event;
use crate::run::RunEvent;
use crate::{Price, Version};

/// Where a run first differs from what its bars, rules and policy make of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Difference {
    /// Version of the event in the stream of the run.
    pub version: Version,
    /// The type of the event.
    pub event_type: &'static str,
    /// What differs.
    pub what: Discrepancy,
}

impl Difference {
    pub(super) fn at(version: Version, event: &RunEvent, what: Discrepancy) -> Self {
        Self { version, event_type: event.name(), what }
    }
}

impl fmt::Display for Difference {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "event {} ({}): {}", self.version, self.event_type, self.what)
    }
}

impl std::error::Error for Difference {}

/// What differs.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum Discrepancy {
    /// The event cannot occur where it stands.
    #[error("cannot occur here: {because}")]
    OutOfPlace {
        /// The broken rule.
        because: &'static str,
    },
    /// The bars are not those of the snapshot.
    #[error("the bars have fingerprint {given}, the snapshot has {recorded}")]
    OtherBars {
        /// As recorded.
        recorded: String,
        /// As given.
        given: String,
    },
    /// A recorded figure is not what follows.
    #[error("{figure} is {recorded}, but {expected} follows")]
    Figure {
        /// Which figure.
        figure: String,
        /// As recorded.
        recorded: String,
        /// As it follows from bars, rules and earlier events.
        expected: String,
    },
    /// The price before slippage is not within the bar.
    #[error("the reference price {price} is outside the bar's range {low} to {high}")]
    OutsideBar {
        /// The recorded price.
        price: Price,
        /// Lowest price of the bar.
        low: Price,
        /// Highest price of the bar.
        high: Price,
    },
    /// The fill breaks a rule of the run.
    #[error("the fill breaks a rule: {rule}")]
    BrokenRule {
        /// The rule.
        rule: String,
    },
    /// Asked again, the policy and the rules decide something else.
    #[error("decided again it has {field} {decided}, recorded is {recorded}")]
    DecidedOtherwise {
        /// The first field that differs, `type` for another event.
        field: String,
        /// As recorded.
        recorded: String,
        /// As decided again.
        decided: String,
    },
}

impl Discrepancy {
    /// A recorded figure beside the one that follows.
    pub(super) fn figure<T: fmt::Display>(figure: &str, recorded: T, expected: T) -> Self {
        let (recorded, expected) = (recorded.to_string(), expected.to_string());
        Self::Figure { figure: figure.to_owned(), recorded, expected }
    }

    /// A broken rule.
    pub(super) fn rule(rule: impl Into<String>) -> Self {
        Self::BrokenRule { rule: rule.into() }
    }
}

/// The recorded figure must be the one that follows.
pub(super) fn same<T: PartialEq + fmt::Display>(
    figure: &str,
    recorded: T,
    expected: T,
) -> Result<(), Discrepancy> {
    if recorded == expected { Ok(()) } else { Err(Discrepancy::figure(figure, recorded, expected)) }
}

/// The rule must be kept.
pub(super) fn holds(kept: bool, rule: &str) -> Result<(), Discrepancy> {
    if kept { Ok(()) } else { Err(Discrepancy::rule(rule)) }
}
