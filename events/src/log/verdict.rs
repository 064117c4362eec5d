//! What is appended, and what became of it.

use bytes::Bytes;
use jiff::Timestamp;
use uuid::Uuid;

use crate::chain::{Header, event_hash};
use crate::codec::{self, Codec, PACK_FROM_EVENTS, PACK_SCHEMA};
use crate::{CommandId, Event, Metadata, Position, StreamName, StreamTip, Version};

/// What the caller believes about a stream; the append is refused whole when it is wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Expected {
    /// The stream ends exactly here: the form of a writer that has read the stream.
    Tip(StreamTip),
    /// The stream has this version.
    Version(Version),
    /// The stream has no events.
    NoStream,
    /// The stream has at least one event.
    Exists,
    /// Anything.
    Any,
}

/// An event to be written.
#[derive(Debug, Clone, PartialEq)]
pub struct NewEvent {
    /// Name of the type.
    pub event_type: &'static str,
    /// Version of the payload's schema.
    pub schema_version: u16,
    /// How the payload is stored.
    pub codec: Codec,
    /// The payload as stored.
    pub payload: Bytes,
    /// When it was true in the market (UTC), where that differs from now.
    pub occurred_at: Option<Timestamp>,
}

impl NewEvent {
    /// Encodes `event`, compressing a large payload.
    pub fn encode<E: Event>(event: &E) -> Result<Self, serde_json::Error> {
        let (codec, payload) = Codec::pack(event.to_json()?);
        Ok(Self {
            event_type: event.name(),
            schema_version: event.schema_version(),
            codec,
            payload,
            occurred_at: None,
        })
    }

    /// Encodes what one command caused: each event by itself, or all in one pack where they are many.
    pub fn encode_all<E: Event>(events: &[E]) -> Result<Vec<Self>, serde_json::Error> {
        if events.len() < PACK_FROM_EVENTS {
            return events.iter().map(Self::encode).collect();
        }
        let (codec, payload) = Codec::pack(codec::pack(events)?);
        Ok(vec![Self { event_type: E::PACK, schema_version: PACK_SCHEMA, codec, payload, occurred_at: None }])
    }
}

/// One command inside an append, and how many of the append's events it caused.
#[derive(Debug, Clone, PartialEq)]
pub struct Asked {
    /// The command.
    pub command_id: CommandId,
    /// How many of the append's events are its own, counted from the end of the command before.
    pub events: usize,
    /// Fingerprint of what was asked: the same id with another fingerprint is a mistake of the caller.
    pub request_hash: Option<[u8; 32]>,
    /// Answer to be given again when the command is repeated.
    pub reply: Option<Bytes>,
    /// Who asked.
    pub meta: Option<Metadata>,
    /// The request or process it belongs to.
    pub correlation_id: Option<Uuid>,
    /// The event that caused it.
    pub causation: Option<Position>,
}

impl Asked {
    /// A command that caused `events` events, with nothing else known about it.
    pub fn new(command_id: CommandId, events: usize) -> Self {
        Self {
            command_id,
            events,
            request_hash: None,
            reply: None,
            meta: None,
            correlation_id: None,
            causation: None,
        }
    }
}

/// Events for one stream that are written together or not at all.
#[derive(Debug, Clone, PartialEq)]
pub struct Append {
    /// The stream.
    pub stream: StreamName,
    /// What the writer believes about it.
    pub expected: Expected,
    /// The commands that caused the events, in order; every event belongs to one.
    pub asked: Vec<Asked>,
    /// The events, in order; at least one.
    pub events: Vec<NewEvent>,
}

impl Append {
    /// Events of a single command.
    pub fn of_command(
        stream: StreamName,
        expected: Expected,
        command_id: CommandId,
        events: Vec<NewEvent>,
    ) -> Self {
        let asked = vec![Asked::new(command_id, events.len())];
        Self { stream, expected, asked, events }
    }

    /// Bytes that count against the limits of the queue.
    pub(super) fn weight(&self) -> usize {
        const ROW_OVERHEAD: usize = 200;
        self.events.iter().map(|event| event.payload.len() + ROW_OVERHEAD).sum()
    }
}

/// An append whose events are numbered and hashed after a known tip, ready to be sent.
#[derive(Debug, Clone)]
pub struct Pending {
    pub(super) append: Append,
    pub(super) before: StreamTip,
    pub(super) after: StreamTip,
    pub(super) hashed: Vec<Hashed>,
}

#[derive(Debug, Clone)]
pub(super) struct Hashed {
    pub(super) asked: usize,
    pub(super) meta: Option<Bytes>,
    pub(super) hash: crate::ChainHash,
}

impl Pending {
    /// Chains the events of `append` after `before`.
    pub fn chain(append: Append, before: StreamTip) -> Result<Self, AppendError> {
        if append.events.is_empty()
            || append.asked.iter().map(|asked| asked.events).sum::<usize>() != append.events.len()
        {
            return Err(AppendError::Malformed { stream: append.stream });
        }
        let encode = |asked: &Asked| asked.meta.as_ref().map(serde_json::to_vec).transpose();
        let metas = append
            .asked
            .iter()
            .map(|asked| Ok(encode(asked)?.map(Bytes::from)))
            .collect::<Result<Vec<_>, serde_json::Error>>()
            .map_err(|_| AppendError::Malformed { stream: append.stream.clone() })?;
        let owners = append
            .asked
            .iter()
            .enumerate()
            .flat_map(|(index, asked)| std::iter::repeat_n(index, asked.events));
        let mut tip = before;
        let mut hashed = Vec::with_capacity(append.events.len());
        for (event, asked) in append.events.iter().zip(owners) {
            let meta = metas.get(asked).cloned().flatten();
            let Some(command) = append.asked.get(asked) else { continue };
            let version = Version(tip.version.0 + 1);
            let header = Header {
                stream: &append.stream,
                version,
                event_type: event.event_type,
                schema_version: event.schema_version,
                codec: event.codec,
                command_id: command.command_id,
                occurred_at: event.occurred_at,
                meta: meta.as_deref(),
            };
            tip = StreamTip { version, hash: event_hash(tip.hash, &header, &event.payload) };
            hashed.push(Hashed { asked, meta, hash: tip.hash });
        }
        Ok(Self { append, before, after: tip, hashed })
    }

    /// The tip of the stream once this is committed.
    pub fn tip_after(&self) -> StreamTip {
        self.after
    }
}

/// What a durable append got.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Committed {
    /// Position of its first event.
    pub first: Position,
    /// Position of its last event.
    pub last: Position,
    /// The stream's tip after it.
    pub tip: StreamTip,
    /// When the log recorded it (UTC).
    pub at: Timestamp,
}

/// What a command that was carried out before got then.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// The command.
    pub command_id: CommandId,
    /// Version of its first event.
    pub from_version: Version,
    /// Version of its last event.
    pub to_version: Version,
    /// Position of its first event.
    pub first: Position,
    /// Position of its last event.
    pub last: Position,
    /// Fingerprint of what was asked then.
    pub request_hash: Option<[u8; 32]>,
    /// The answer given then.
    pub reply: Option<Bytes>,
    /// When the log recorded it (UTC).
    pub at: Timestamp,
}

/// Why an append was not committed, or is not known to be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AppendError {
    /// Another writer was first.
    #[error("stream {stream} is at version {current}, which is not what was expected")]
    Conflict {
        /// The stream.
        stream: StreamName,
        /// Its version now.
        current: Version,
    },
    /// One of its commands was carried out before; nothing of the append was written.
    #[error("command {} was carried out before", .0.command_id)]
    Duplicate(Box<Answer>),
    /// The queue is full; nothing was written. Try again after about `retry_after_ms`.
    #[error("too many appends are waiting; try again in {retry_after_ms} ms")]
    Overloaded {
        /// From the rate at which the queue drains.
        retry_after_ms: u64,
    },
    /// The database could not be reached in time; nothing was written.
    #[error("the event log is not reachable: {reason}")]
    Unavailable {
        /// What the database or the network said.
        reason: String,
    },
    /// The connection died in flight and the database has not answered since: ask by command id before retrying.
    #[error("whether the append to {stream} was committed is not known")]
    Unknown {
        /// The stream.
        stream: StreamName,
    },
    /// The database refused this append.
    #[error("the database refused the append to {stream}: {reason}")]
    Refused {
        /// The stream.
        stream: StreamName,
        /// SQLSTATE, where the database gave one.
        code: Option<String>,
        /// What the database said.
        reason: String,
    },
    /// No events, or events that no command caused.
    #[error("an append to {stream} must have events, each caused by one of its commands")]
    Malformed {
        /// The stream.
        stream: StreamName,
    },
}
