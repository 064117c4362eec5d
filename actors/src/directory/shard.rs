//! What a router knows of its streams.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use events::StreamName;
use events::decider::Kept;
use ractor::{ActorId, ActorRef};

use super::{LiveActor, Phase};
use crate::aggregate::{Desk, Message};
use crate::supervisor::RestartBudget;

/// One stream with an actor, or with commands that wait for one.
pub(super) struct Entry<A: Kept> {
    pub(super) desk: Arc<Desk<A>>,
    pub(super) actor: Option<ActorRef<Message>>,
    pub(super) last_used: Instant,
    /// Boxed: nearly every actor is serving.
    pub(super) trouble: Option<Box<Trouble>>,
    pub(super) retiring: bool,
}

/// The failures of an actor.
pub(super) struct Trouble {
    pub(super) budget: RestartBudget,
    pub(super) reason: String,
    pub(super) quarantined: bool,
}

impl<A: Kept> Entry<A> {
    pub(super) fn new(now: Instant) -> Self {
        Self { desk: Arc::new(Desk::new()), actor: None, last_used: now, trouble: None, retiring: false }
    }

    pub(super) fn quarantine(&self) -> Option<&str> {
        let trouble = self.trouble.as_ref().filter(|trouble| trouble.quarantined)?;
        Some(&trouble.reason)
    }

    pub(super) fn is_idle(&self, now: Instant, idle: Duration) -> bool {
        !self.retiring
            && self.actor.is_some()
            && self.desk.unanswered() == 0
            && now.duration_since(self.last_used) >= idle
    }

    fn phase(&self) -> Phase {
        match (&self.trouble, &self.actor) {
            (Some(trouble), _) if trouble.quarantined => {
                Phase::Quarantined { reason: trouble.reason.clone() }
            }
            (Some(trouble), None) => Phase::Restarting { reason: trouble.reason.clone() },
            (_, _) if self.retiring => Phase::Retiring,
            (_, _) => Phase::Serving,
        }
    }
}

/// The streams of one router.
pub(super) struct Shard<A: Kept> {
    pub(super) streams: HashMap<StreamName, Entry<A>>,
    pub(super) actors: HashMap<ActorId, StreamName>,
}

impl<A: Kept> Shard<A> {
    pub(super) fn new() -> Self {
        Self { streams: HashMap::new(), actors: HashMap::new() }
    }

    pub(super) fn list(&self, now: Instant) -> Vec<LiveActor> {
        self.streams
            .iter()
            .map(|(stream, entry)| LiveActor {
                key: stream.key().to_owned(),
                version: entry.desk.version(),
                unanswered: entry.desk.unanswered(),
                idle_ms: u64::try_from(now.duration_since(entry.last_used).as_millis()).unwrap_or(u64::MAX),
                phase: entry.phase(),
            })
            .collect()
    }

    pub(super) fn idle(&self, now: Instant, idle: Duration) -> Vec<StreamName> {
        let found = self.streams.iter().filter(|(_, entry)| entry.is_idle(now, idle));
        found.map(|(stream, _)| stream.clone()).collect()
    }
}
