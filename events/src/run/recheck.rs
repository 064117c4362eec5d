//! Rechecks a recorded run: every fill against its bar and rule, every sum, every number, and, where the policy can
//! be asked again, every decision. Reports the first difference.

mod account;
mod difference;
mod fill;
mod money;
mod path;
mod redecide;

pub use difference::{Difference, Discrepancy};
pub use redecide::{Redecide, redecide};

use self::account::Account;
use super::RunEvent;
use crate::Version;
use crate::market::Bars;

/// What a recheck looked at.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Rechecked {
    /// Events of the run.
    pub events: u64,
    /// Executions among them.
    pub fills: u64,
    /// Closed bars.
    pub bars: u64,
}

impl Rechecked {
    /// Counts one more event.
    fn count(&mut self, event: &RunEvent) {
        self.events += 1;
        if let RunEvent::OrderFilled(_) = event {
            self.fills += 1;
        }
        if let RunEvent::BarsClosed(closed) = event {
            self.bars += closed.value.len() as u64;
        }
    }
}

/// Rechecks a run event by event, so that its length does not matter.
///
/// The arithmetic is this module's own and shares nothing with the code that decides but the account's fold, whose
/// figures are compared with it.
#[derive(Debug)]
pub struct Recheck<'a> {
    account: Account<'a>,
    done: Rechecked,
}

impl<'a> Recheck<'a> {
    /// A recheck against `bars`.
    pub fn new(bars: &'a Bars) -> Self {
        Self { account: Account::new(bars), done: Rechecked::default() }
    }

    /// Looks at the next event, which is stored at `version` of the run's stream.
    pub fn observe(&mut self, version: Version, event: &RunEvent) -> Result<(), Difference> {
        self.done.count(event);
        self.account.observe(event).map_err(|what| Difference::at(version, event, what))
    }

    /// What was looked at.
    pub fn done(&self) -> Rechecked {
        self.done
    }
}

/// The versions of events of which each is stored by itself.
fn versions() -> impl Iterator<Item = Version> {
    (1..).map(Version)
}

/// Rechecks all events of a run against its bars; each counts as one of the stream.
pub fn recheck<'a>(
    bars: &Bars,
    events: impl IntoIterator<Item = &'a RunEvent>,
) -> Result<Rechecked, Difference> {
    let mut recheck = Recheck::new(bars);
    for (version, event) in versions().zip(events) {
        recheck.observe(version, event)?;
    }
    Ok(recheck.done())
}
