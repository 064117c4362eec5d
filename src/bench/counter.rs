//! The smallest aggregate: what remains of a command's cost is the machinery around it.

use std::convert::Infallible;

use events::Decider;
use serde::{Deserialize, Serialize};

/// Something was added.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Added {
    /// How much.
    pub amount: i64,
}

events::events! {
    /// What happened to a counter.
    pub enum BenchCounterEvent {
        /// Something was added.
        BenchCounterAdded(Added) = 1,
    }
}

/// A sum.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counter {
    /// The sum.
    pub total: i64,
}

impl Decider for Counter {
    const CATEGORY: &'static str = "benchcounter";
    const FOLD: u32 = 1;
    type Command = i64;
    type Event = BenchCounterEvent;
    type Error = Infallible;

    fn decide(&self, amount: i64) -> Result<Vec<BenchCounterEvent>, Infallible> {
        Ok(vec![BenchCounterEvent::BenchCounterAdded(Added { amount })])
    }

    fn evolve(&mut self, event: &BenchCounterEvent) {
        let BenchCounterEvent::BenchCounterAdded(added) = event;
        self.total += added.amount;
    }
}
