//! A command on its way to its aggregate, and what comes back.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use bytes::Bytes;
use events::decider::Kept;
use events::log::Lane;
use events::{CommandId, Metadata, Position, Recorded, RequestId, Version};
use tokio::sync::oneshot;
use tracing::Span;
use uuid::Uuid;

/// A command with everything that is recorded beside its events.
#[derive(Debug, Clone)]
pub struct CommandEnvelope<C> {
    /// What is asked.
    pub command: C,
    /// The same id sent twice has one effect and one answer.
    pub command_id: CommandId,
    /// Fingerprint of the request: the same id with another fingerprint is refused.
    pub request_hash: Option<[u8; 32]>,
    /// The version that its sender believes the stream to be at; at another one it is not carried out.
    pub expected: Option<Version>,
    /// Who asked and in which request.
    pub metadata: Option<Metadata>,
    /// How urgent it is; [`Lane::Control`] goes before everything that has not been decided yet.
    pub lane: Lane,
    /// Stored with the events and given again when the command is repeated.
    pub reply: Option<Bytes>,
    /// The request or process it belongs to.
    pub correlation_id: Option<Uuid>,
    /// The event that caused it.
    pub causation: Option<Position>,
    /// How long the caller waits, where that differs from the directory's default.
    pub deadline: Option<Duration>,
    /// Bytes it counts against the directory's budget.
    pub weight: usize,
    /// The work it is part of, for traces.
    pub span: Span,
}

impl<C> CommandEnvelope<C> {
    /// `command` in the lane of ordinary requests, with nothing recorded beside it.
    pub fn new(command: C, command_id: CommandId) -> Self {
        Self {
            command,
            command_id,
            request_hash: None,
            expected: None,
            metadata: None,
            lane: Lane::Orders,
            reply: None,
            correlation_id: None,
            causation: None,
            deadline: None,
            weight: size_of::<C>(),
            span: Span::current(),
        }
    }

    /// In another lane.
    #[must_use]
    pub fn in_lane(self, lane: Lane) -> Self {
        Self { lane, ..self }
    }

    /// With the fingerprint of the request it came in.
    #[must_use]
    pub fn with_request_hash(self, hash: [u8; 32]) -> Self {
        Self { request_hash: Some(hash), ..self }
    }

    /// Only at this version of the stream.
    #[must_use]
    pub fn expecting(self, version: Version) -> Self {
        Self { expected: Some(version), ..self }
    }

    /// With who asked for it, and as part of the request in which.
    #[must_use]
    pub fn with_metadata(self, metadata: Metadata) -> Self {
        let correlation_id = self.correlation_id.or_else(|| metadata.request_id.map(RequestId::uuid));
        Self { metadata: Some(metadata), correlation_id, ..self }
    }

    /// As a consequence of `event`: in its sender's name, and part of the same request. Whoever acted as the sender when
    /// it was asked for does nothing here.
    #[must_use]
    pub fn caused_by(self, event: &Recorded) -> Self {
        let metadata = event.metadata().map(|metadata| Metadata { impersonated_by: None, ..metadata });
        Self { metadata, correlation_id: event.correlation_id, causation: Some(event.position), ..self }
    }

    /// With the answer that repetitions get.
    #[must_use]
    pub fn with_reply(self, reply: Bytes) -> Self {
        Self { weight: self.weight.saturating_add(reply.len()), reply: Some(reply), ..self }
    }

    /// With another patience than the directory's.
    #[must_use]
    pub fn within(self, deadline: Duration) -> Self {
        Self { deadline: Some(deadline), ..self }
    }
}

/// A command was carried out and is durable.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Receipt {
    /// Position of its last event; of the last event before it when it caused none.
    pub position: Position,
    /// Version of the stream after it.
    pub version: Version,
    /// It had been carried out before: this is the first answer.
    pub duplicate: bool,
    /// The stored answer.
    pub reply: Option<Bytes>,
}

/// Why a command was not carried out, or is not known to be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CommandError<E: std::error::Error + 'static> {
    /// The aggregate refuses it: the broken rule.
    #[error(transparent)]
    Refused(E),
    /// Too much is waiting; nothing was done. Try again after about `retry_after_ms`.
    #[error("too many commands are waiting; try again in {retry_after_ms} ms")]
    Overloaded {
        /// Milliseconds.
        retry_after_ms: u64,
    },
    /// The event log cannot be reached, or the process is shutting down; nothing was done.
    #[error("the event log is not available: {reason}")]
    Unavailable {
        /// What the log said.
        reason: String,
    },
    /// The event log was lost while the command was being written: repeat it with the same id.
    #[error("whether the command was carried out is not known yet: {reason}")]
    Unknown {
        /// What the log said.
        reason: String,
    },
    /// The stream's actor kept failing and was taken out of service until an operator releases it.
    #[error("this stream is quarantined: {reason}")]
    Quarantined {
        /// The failure.
        reason: String,
    },
    /// Deciding this command failed; it had no effect.
    #[error("the command could not be carried out: {reason}")]
    Failed {
        /// The failure.
        reason: String,
    },
    /// The command id was used before for something else.
    #[error("this command id was used before for another request")]
    IdempotencyMismatch,
    /// The stream is not at the version that the sender believes in; nothing was done.
    #[error("the stream is at version {current}, not {expected}")]
    OtherVersion {
        /// What the sender believed.
        expected: Version,
        /// What it is.
        current: Version,
    },
    /// Other writers kept changing the stream.
    #[error("the stream kept changing while the command was being decided; it is at version {current}")]
    Conflict {
        /// Version of the stream at the last attempt.
        current: Version,
    },
    /// No answer in time; the command may still be carried out. Repeat it with the same id.
    #[error("no answer within {waited_ms} ms; the command may still be carried out")]
    DeadlineExceeded {
        /// Milliseconds.
        waited_ms: u64,
    },
}

impl<E: std::error::Error + 'static> CommandError<E> {
    /// Whether sending the same command with the same id again later may succeed.
    pub const fn is_transient(&self) -> bool {
        match self {
            Self::Overloaded { .. }
            | Self::Unavailable { .. }
            | Self::Unknown { .. }
            | Self::Conflict { .. }
            | Self::DeadlineExceeded { .. } => true,
            Self::Refused(_)
            | Self::Quarantined { .. }
            | Self::Failed { .. }
            | Self::IdempotencyMismatch
            | Self::OtherVersion { .. } => false,
        }
    }
}

/// What a command led to.
pub(crate) type Answered<A> = Result<Receipt, CommandError<<A as cqrs_es::Aggregate>::Error>>;

/// A share of a bound; given back when dropped.
pub(crate) struct Permit {
    used: Arc<AtomicUsize>,
    share: usize,
}

impl Permit {
    /// Takes `share` of `max`, unless that is more than is left.
    pub(crate) fn take(used: &Arc<AtomicUsize>, share: usize, max: usize) -> Option<Self> {
        let fits = |now: usize| now.checked_add(share).filter(|sum| *sum <= max);
        used.fetch_update(Ordering::AcqRel, Ordering::Acquire, fits).ok()?;
        Some(Self { used: used.clone(), share })
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        self.used.fetch_sub(self.share, Ordering::AcqRel);
    }
}

/// A command that waits for its answer. Its permits travel with it until then.
pub(crate) struct Waiting<A: Kept> {
    pub(crate) envelope: CommandEnvelope<A::Command>,
    pub(crate) reply: oneshot::Sender<Answered<A>>,
    pub(crate) attempts: u8,
    /// It was on its way to the log when the connection or the actor was lost: it may have been written.
    pub(crate) uncertain: bool,
    pub(crate) budget: Option<Permit>,
    pub(crate) admission: Option<Permit>,
}

impl<A: Kept> Waiting<A> {
    /// Gives the answer. A caller who has gone does not need it.
    pub(crate) fn answer(self, answered: Answered<A>) {
        let Self { reply, budget, admission, .. } = self;
        drop((budget, admission));
        let _ = reply.send(answered);
    }

    pub(crate) fn id(&self) -> CommandId {
        self.envelope.command_id
    }
}

impl<A: Kept> fmt::Debug for Waiting<A> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Waiting")
            .field("command_id", &self.id())
            .field("attempts", &self.attempts)
            .finish_non_exhaustive()
    }
}
