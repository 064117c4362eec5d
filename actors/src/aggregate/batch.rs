//! Commands that were decided one after another and are appended together.

use events::decider::Kept;
use events::log::{Asked, Lane, NewEvent};
use events::{CommandId, StreamTip, Version};
use tracing::Span;

use super::command::CommandEnvelope;

/// Commands in one append.
pub const BATCH_COMMANDS_MAX: usize = 500;
/// Bytes of payload in one append.
pub const BATCH_BYTES_MAX: usize = 1 << 20;

/// What deciding a command led to.
#[derive(Debug)]
pub(crate) enum Outcome<E> {
    /// So many events.
    Events(usize),
    /// No events: nothing to do.
    Nothing,
    /// The aggregate refused.
    Refused(E),
    /// Its events cannot be written.
    Failed(String),
    /// It was carried out before; the log has the answer.
    Remembered,
    /// The stream is at this version, not at the one that the sender believes in.
    OtherVersion { expected: Version, current: Version },
    /// The same command is being carried out at this moment.
    Twin,
}

/// One decided command.
#[derive(Debug)]
pub(crate) struct Decided<E> {
    pub(crate) command_id: CommandId,
    pub(crate) outcome: Outcome<E>,
}

/// What one command contributes to a batch.
pub(crate) struct Contribution<E> {
    pub(crate) outcome: Outcome<E>,
    pub(crate) events: Vec<NewEvent>,
}

impl<E> From<Outcome<E>> for Contribution<E> {
    fn from(outcome: Outcome<E>) -> Self {
        Self { outcome, events: Vec::new() }
    }
}

/// Commands decided on top of each other, with the state that follows.
pub(crate) struct Batch<A: Kept> {
    pub(crate) decided: Vec<Decided<A::Error>>,
    pub(crate) asked: Vec<Asked>,
    pub(crate) events: Vec<NewEvent>,
    pub(crate) lane: Lane,
    pub(crate) bytes: usize,
    /// The state once the batch is committed, where it has events. Set when it is sent.
    pub(crate) after: Option<Box<A>>,
    /// The tip of the stream before it. Set when it is sent.
    pub(crate) before: StreamTip,
    /// The work that its first event is part of.
    pub(crate) span: Span,
}

impl<A: Kept> Default for Batch<A> {
    fn default() -> Self {
        Self {
            decided: Vec::new(),
            asked: Vec::new(),
            events: Vec::new(),
            lane: Lane::Telemetry,
            bytes: 0,
            after: None,
            before: StreamTip::EMPTY,
            span: Span::none(),
        }
    }
}

impl<A: Kept> Batch<A> {
    pub(crate) fn is_full(&self) -> bool {
        self.decided.len() >= BATCH_COMMANDS_MAX || self.bytes >= BATCH_BYTES_MAX
    }

    /// Events in it, as they are stored.
    pub(crate) fn stored(&self) -> i64 {
        let count = |decided: &Decided<A::Error>| match decided.outcome {
            Outcome::Events(count) => i64::try_from(count).unwrap_or(i64::MAX),
            _ => 0,
        };
        self.decided.iter().map(count).sum()
    }

    /// Whether an answer in it follows from the state, and is wrong where others have moved that on.
    pub(crate) fn follows_from_state(&self) -> bool {
        let follows = |decided: &Decided<A::Error>| {
            matches!(decided.outcome, Outcome::Nothing | Outcome::Refused(_) | Outcome::OtherVersion { .. })
        };
        self.decided.iter().any(follows)
    }

    pub(crate) fn has(&self, command: CommandId) -> bool {
        self.decided.iter().any(|decided| decided.command_id == command)
    }

    pub(crate) fn push<C>(&mut self, envelope: &CommandEnvelope<C>, contribution: Contribution<A::Error>) {
        let Contribution { outcome, events } = contribution;
        self.decided.push(Decided { command_id: envelope.command_id, outcome });
        if events.is_empty() {
            return;
        }
        if self.events.is_empty() {
            self.span = envelope.span.clone();
        }
        // The whole batch is as urgent as its most urgent command.
        self.lane = self.lane.min(envelope.lane);
        self.bytes += events.iter().map(|event| event.payload.len()).sum::<usize>();
        self.asked.push(Asked {
            command_id: envelope.command_id,
            events: events.len(),
            request_hash: envelope.request_hash,
            reply: envelope.reply.clone(),
            meta: envelope.metadata.clone(),
            correlation_id: envelope.correlation_id,
            causation: envelope.causation,
        });
        self.events.extend(events);
    }
}
