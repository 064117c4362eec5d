//! The state of one aggregate's actor: what is durable, what is on its way to the log, and what is being decided.

use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::{Duration, Instant};

use events::decider::Kept;
use events::log::{Append, AppendError, Committed, Expected, LoadError, Log, Pending};
use events::{CommandId, Position, StreamName, StreamTip, Version};
use ractor::{ActorProcessingErr, ActorRef};
use tracing::Instrument;

use super::Message;
use super::batch::{Batch, Contribution, Outcome};
use super::command::{CommandEnvelope, CommandError};
use super::deciding::carry_out;
use super::desk::Desk;
use super::memory::Memory;
use super::system::System;

/// How long the actor decides before it looks into its mailbox again.
const SLICE: Duration = Duration::from_millis(1);

/// How often the actor looks at an empty desk again when more is expected.
const LOOKS: u8 = 3;

/// One live aggregate.
pub(crate) struct Live<A: Kept> {
    pub(super) system: Arc<System<A>>,
    pub(super) stream: StreamName,
    pub(super) desk: Arc<Desk<A>>,
    /// The state at `tip`, which is durable.
    pub(super) committed: Box<A>,
    pub(super) tip: StreamTip,
    pub(super) position: Position,
    pub(super) memory: Memory,
    pub(super) snapshot: Version,
    /// The state after everything decided, where that differs from what flies and what is committed.
    pub(super) work: Option<Box<A>>,
    pub(super) flight: Option<Box<Batch<A>>>,
    pub(super) forming: Option<Box<Batch<A>>>,
    /// Commands that are to be appended one by one, because the database refused them together.
    pub(super) singly: usize,
    /// Commands in the last append.
    pub(super) answered_last: usize,
    pub(super) retiring: bool,
}

impl<A: Kept> Live<A> {
    pub(super) fn new(system: Arc<System<A>>, stream: StreamName, desk: Arc<Desk<A>>) -> Self {
        Self {
            system,
            stream,
            desk,
            committed: Box::default(),
            tip: StreamTip::EMPTY,
            position: Position::START,
            memory: Memory::default(),
            snapshot: Version::NONE,
            work: None,
            flight: None,
            forming: None,
            singly: 0,
            answered_last: 0,
            retiring: false,
        }
    }

    /// Folds the stream again. Without a log the waiting callers are told and the actor leaves; the next command
    /// brings it back.
    pub(super) async fn load(&mut self, myself: &ActorRef<Message>) -> Result<(), ActorProcessingErr> {
        self.work = None;
        self.flight = None;
        self.forming = None;
        let begun = Instant::now();
        match self.system.log.load::<A>(&self.stream).await {
            Ok(loaded) => {
                self.system.counters.loads.fetch_add(1, Relaxed);
                *self.committed = loaded.state;
                self.tip = loaded.tip;
                self.position = loaded.position;
                self.snapshot = loaded.snapshot;
                self.memory = Memory::new(loaded.commands, loaded.snapshot == Version::NONE);
                self.desk.set_version(self.tip.version);
                self.after_load(begun.elapsed(), loaded.folded);
                Ok(())
            }
            Err(LoadError::Read(error)) => {
                let reason = error.to_string();
                self.desk.refuse_all(|waiting| match waiting.uncertain {
                    true => CommandError::Unknown { reason: reason.clone() },
                    false => CommandError::Unavailable { reason: reason.clone() },
                });
                self.retire(myself);
                Ok(())
            }
            Err(broken) => Err(broken.into()),
        }
    }

    /// Decides what waits, and sends what was decided as soon as nothing else flies.
    pub(super) async fn work(&mut self, myself: &ActorRef<Message>) {
        let begun = Instant::now();
        let mut looks = 0;
        loop {
            if self.retiring {
                self.send(myself);
                return self.leave(myself);
            }
            if self.is_full() {
                if self.flight.is_some() {
                    // The verdict brings the actor back here.
                    return;
                }
                self.send(myself);
            }
            if begun.elapsed() > SLICE {
                self.send(myself);
                // A mailbox that is closed means that this actor ends; the desk keeps what waits.
                let _ = myself.cast(Message::Work);
                return;
            }
            let seen = self.desk.take(|waiting| waiting.envelope.clone());
            let Some(envelope) = seen else {
                if looks < LOOKS && self.expects_more() {
                    looks += 1;
                    tokio::task::yield_now().await;
                    continue;
                }
                break;
            };
            looks = 0;
            let request = envelope.metadata.as_ref().and_then(|meta| meta.request_id);
            let span = tracing::debug_span!(
                parent: &envelope.span,
                "decide",
                stream = %self.stream,
                command.id = %envelope.command_id,
                request.id = request.map(tracing::field::display)
            );
            let contribution = self.decide(&envelope).instrument(span).await;
            self.desk.decided();
            self.forming.get_or_insert_default().push(&envelope, contribution);
        }
        self.send(myself);
    }

    /// Whether as many callers as last time are probably about to come back: their commands share one append if it
    /// leaves a moment later. A lone caller is never made to wait.
    fn expects_more(&self) -> bool {
        let decided = self.forming.as_ref().map_or(0, |batch| batch.decided.len());
        self.flight.is_none() && decided > 0 && decided < self.answered_last
    }

    fn is_full(&self) -> bool {
        self.forming.as_ref().is_some_and(|batch| batch.is_full() || self.singly > 0)
    }

    /// Decides one command on top of everything decided before.
    async fn decide(&mut self, envelope: &CommandEnvelope<A::Command>) -> Contribution<A::Error> {
        let id = envelope.command_id;
        self.system.counters.commands.fetch_add(1, Relaxed);
        if self.memory.first_position(id).is_some() {
            return Outcome::Remembered.into();
        }
        if self.is_underway(id) {
            return Outcome::Twin.into();
        }
        let current = self.latest_version();
        if let Some(expected) = envelope.expected
            // Of what does not exist, its aggregate says so.
            && current != Version::NONE
            && current != expected
        {
            return Outcome::OtherVersion { expected, current }.into();
        }
        let copy = Box::new(self.latest().clone());
        let (after, contribution) = carry_out(&self.system, copy, envelope.command.clone()).await;
        if after.is_some() {
            self.work = after;
        }
        contribution
    }

    fn is_underway(&self, id: CommandId) -> bool {
        [&self.flight, &self.forming].into_iter().flatten().any(|batch| batch.has(id))
    }

    fn latest(&self) -> &A {
        let flying = || self.flight.as_ref().and_then(|batch| batch.after.as_deref());
        self.work.as_deref().or_else(flying).unwrap_or(&self.committed)
    }

    /// The version of [`Live::latest`].
    fn latest_version(&self) -> Version {
        let underway = [&self.flight, &self.forming].into_iter().flatten();
        Version(self.tip.version.0 + underway.map(|batch| batch.stored()).sum::<i64>())
    }

    /// Sends what was decided, unless an append is on its way: one is, at most, so order is kept.
    fn send(&mut self, myself: &ActorRef<Message>) {
        if self.flight.is_some() {
            return;
        }
        let Some(mut batch) = self.forming.take() else { return };
        self.singly = self.singly.saturating_sub(1);
        if batch.events.is_empty() {
            if !batch.follows_from_state() {
                return self.answer_without_events(*batch, myself);
            }
            self.flight = Some(batch);
            return self.ask_for_tip(myself);
        }
        batch.before = self.tip;
        batch.after = self.work.take();
        let append = Append {
            stream: self.stream.clone(),
            expected: Expected::Tip(self.tip),
            asked: std::mem::take(&mut batch.asked),
            events: std::mem::take(&mut batch.events),
        };
        let lane = batch.lane;
        let parent = std::mem::replace(&mut batch.span, tracing::Span::none());
        self.flight = Some(batch);
        self.system.counters.appends.fetch_add(1, Relaxed);
        let (log, tip, myself) = (self.system.log.clone(), self.tip, myself.clone());
        let span = tracing::debug_span!(
            parent: &parent,
            "append",
            stream = %append.stream,
            after_version = tip.version.0,
            events = append.events.len(),
            position = tracing::field::Empty
        );
        let appending = async move {
            let verdict = append_chained(&log, append, tip, lane).await;
            if let Ok(committed) = &verdict {
                tracing::Span::current().record("position", committed.last.0);
            }
            // Without the actor nobody needs it: the commands lie on the desk and are asked for again by their ids.
            let _ = myself.cast(Message::Verdict(Box::new(verdict)));
        };
        tokio::spawn(appending.instrument(span));
    }

    /// An append finds out by itself that another process moved the stream on; answers without events have to ask.
    fn ask_for_tip(&self, myself: &ActorRef<Message>) {
        let (log, stream, myself) = (self.system.log.clone(), self.stream.clone(), myself.clone());
        tokio::spawn(async move {
            let found = log.tip(&stream).await;
            // Without the actor nobody needs it: the commands lie on the desk.
            let _ = myself.cast(Message::Checked(Box::new(found)));
        });
    }

    /// Stops taking commands; leaves once nothing is on its way.
    pub(super) fn retire(&mut self, myself: &ActorRef<Message>) {
        self.retiring = true;
        self.leave(myself);
    }

    /// Ends a retiring actor in order, once nothing is on its way. What lies on the desk is for the next one.
    pub(super) fn leave(&mut self, myself: &ActorRef<Message>) {
        if self.retiring && self.flight.is_none() && self.forming.is_none() {
            self.before_leaving();
            // Draining, never stopping: stopping would drop what is in the mailbox (EL-125).
            let _ = myself.drain();
        }
    }
}

async fn append_chained(
    log: &Log,
    append: Append,
    tip: StreamTip,
    lane: events::log::Lane,
) -> Result<Committed, AppendError> {
    log.append_chained(Pending::chain(append, tip)?, lane).await
}
