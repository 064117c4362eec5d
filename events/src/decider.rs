//! The shape all aggregates share, and its adapter to `cqrs_es::Aggregate`, written once.

use std::fmt;
use std::ops::Deref;

use cqrs_es::event_sink::EventSink;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::Event;

/// A pure state machine: a command in, events or a typed refusal out; events fold into the state.
///
/// No clock, no I/O and no randomness but what the command carries, and no iteration order that could differ.
pub trait Decider:
    Clone + Default + PartialEq + fmt::Debug + Serialize + DeserializeOwned + Send + Sync + 'static
{
    /// The category of its streams.
    const CATEGORY: &'static str;
    /// Raised whenever `evolve` or the state's shape changes, so that old snapshots are ignored.
    const FOLD: u32;
    /// What it is asked to do. Cloned to be decided again after a concurrent writer won.
    type Command: Clone + Send + Sync + 'static;
    /// What happened.
    type Event: Event;
    /// The broken rule.
    type Error: std::error::Error + Clone + PartialEq + Send + Sync + 'static;

    /// What follows from `command` in this state.
    fn decide(&self, command: Self::Command) -> Result<Vec<Self::Event>, Self::Error>;

    /// This state after `event`. Total: history is never refused.
    fn evolve(&mut self, event: &Self::Event);

    /// Whether deciding `command` takes more than a millisecond, so that an actor must not do it where others wait (EL-129).
    fn computes_long(_command: &Self::Command) -> bool {
        false
    }
}

/// A [`Decider`] as a `cqrs_es::Aggregate`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent, bound = "")]
pub struct Aggregate<D: Decider>(D);

impl<D: Decider> Aggregate<D> {
    /// The state machine itself.
    pub fn into_inner(self) -> D {
        self.0
    }
}

impl<D: Decider> Deref for Aggregate<D> {
    type Target = D;

    fn deref(&self) -> &D {
        &self.0
    }
}

impl<D: Decider> From<D> for Aggregate<D> {
    fn from(state: D) -> Self {
        Self(state)
    }
}

impl<D: Decider> cqrs_es::Aggregate for Aggregate<D> {
    const TYPE: &'static str = D::CATEGORY;
    type Command = D::Command;
    type Event = D::Event;
    type Error = D::Error;
    type Services = ();

    async fn handle(
        &mut self,
        command: Self::Command,
        _services: &Self::Services,
        sink: &EventSink<Self>,
    ) -> Result<(), Self::Error> {
        for event in self.0.decide(command)? {
            sink.write(event, self).await;
        }
        Ok(())
    }

    fn apply(&mut self, event: Self::Event) {
        self.0.evolve(&event);
    }
}

/// A `cqrs_es::Aggregate` that the log keeps: what its actor, snapshots and audits need beyond the trait.
pub trait Kept:
    cqrs_es::Aggregate<
        Command: Clone + Send + Sync + 'static,
        Event: Event,
        Error: Clone + Send + Sync + 'static,
        Services: 'static,
    > + Clone
    + PartialEq
    + fmt::Debug
    + 'static
{
    /// Raised whenever `apply` or the state's shape changes, so that old snapshots are ignored.
    const FOLD: u32;

    /// Whether handling `command` takes more than a millisecond, so that an actor must not do it where others wait (EL-129).
    fn computes_long(_command: &Self::Command) -> bool {
        false
    }
}

impl<D: Decider> Kept for Aggregate<D> {
    const FOLD: u32 = D::FOLD;

    fn computes_long(command: &D::Command) -> bool {
        D::computes_long(command)
    }
}
