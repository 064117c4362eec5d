//! Recomputing hash chains: names the first event that is not what was recorded.

use serde::Serialize;

use super::{Log, ReadError};
use crate::chain::{Header, event_hash};
use crate::{Position, Recorded, StreamName, StreamTip, Version};

/// Events read at once while verifying.
const PAGE: usize = 2_000;

/// What a stream's chain was found to be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Verified {
    /// The stream.
    pub stream: StreamName,
    /// Events whose hash was recomputed and found right.
    pub events: u64,
    /// The first thing that is wrong, if anything is.
    pub fault: Option<ChainFault>,
}

/// The first difference between a stream and its chain of hashes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, thiserror::Error)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum ChainFault {
    /// The content of an event does not give its stored hash: it was changed, moved or put there.
    #[error(
        "event {version} (position {position}) is not the event that was recorded: its content does not give its hash"
    )]
    Changed {
        /// The event.
        version: Version,
        /// Its position.
        position: Position,
    },
    /// An event is missing.
    #[error("event {version} is missing; the next one found is {found}")]
    Missing {
        /// The missing event.
        version: Version,
        /// The next version found.
        found: Version,
    },
    /// Events at the end are missing, or more are there than were appended.
    #[error("the stream ends at event {found}, but {recorded} events were appended")]
    WrongEnd {
        /// The last event found.
        found: Version,
        /// The version that the stream's guard remembers.
        recorded: Version,
    },
    /// The last hash is not the one the guard remembers: the tail was rewritten with hashes of its own.
    #[error("the last event {version} does not have the hash that the stream's guard remembers")]
    WrongTip {
        /// The last event.
        version: Version,
    },
    /// Positions do not rise along the stream: events changed places.
    #[error("event {version} stands at position {position}, before its predecessor")]
    OutOfOrder {
        /// The event.
        version: Version,
        /// Its position.
        position: Position,
    },
}

impl ChainFault {
    /// The first event that is not as it was recorded.
    pub const fn version(&self) -> Version {
        match self {
            Self::Changed { version, .. }
            | Self::Missing { version, .. }
            | Self::WrongTip { version }
            | Self::OutOfOrder { version, .. } => *version,
            Self::WrongEnd { found, recorded } if found.0 > recorded.0 => *found,
            Self::WrongEnd { found, .. } => Version(found.0 + 1),
        }
    }
}

/// Follows a chain of hashes event by event.
#[derive(Debug, Clone, Default)]
pub(super) struct ChainCheck {
    tip: StreamTip,
    position: Position,
    events: u64,
}

impl ChainCheck {
    pub(super) fn check(&mut self, event: &Recorded) -> Result<(), ChainFault> {
        let next = Version(self.tip.version.0 + 1);
        if event.version != next {
            return Err(ChainFault::Missing { version: next, found: event.version });
        }
        if event.position <= self.position {
            return Err(ChainFault::OutOfOrder { version: event.version, position: event.position });
        }
        let header = Header {
            stream: &event.stream,
            version: event.version,
            event_type: &event.event_type,
            schema_version: event.schema_version,
            codec: event.codec,
            command_id: event.command_id,
            occurred_at: event.occurred_at,
            meta: event.meta.as_deref(),
        };
        let hash = event_hash(self.tip.hash, &header, &event.payload);
        if hash != event.hash {
            return Err(ChainFault::Changed { version: event.version, position: event.position });
        }
        self.tip = StreamTip { version: event.version, hash };
        self.position = event.position;
        self.events += 1;
        Ok(())
    }

    fn finish(&self, guard: StreamTip) -> Result<(), ChainFault> {
        if self.tip.version != guard.version {
            return Err(ChainFault::WrongEnd { found: self.tip.version, recorded: guard.version });
        }
        if self.tip.hash != guard.hash {
            return Err(ChainFault::WrongTip { version: self.tip.version });
        }
        Ok(())
    }
}

impl Log {
    /// Recomputes the chain of `stream` from its first event and compares its end with the stream's guard.
    pub async fn verify_stream(&self, stream: &StreamName) -> Result<Verified, ReadError> {
        // The guard is read first: events appended meanwhile are beyond it and not looked at.
        let guard = self.tip(stream).await?;
        let mut check = ChainCheck::default();
        let fault = loop {
            let events = self.read_stream(stream, check.tip.version, PAGE).await?;
            let last_page = events.len() < PAGE;
            let guarded = events.iter().take_while(|event| event.version <= guard.version);
            if let Some(fault) = guarded.into_iter().find_map(|event| check.check(event).err()) {
                break Some(fault);
            }
            if let Some(beyond) = events.iter().find(|event| event.version > guard.version) {
                break check.finish(guard).err().or(self.unguarded(stream, beyond).await?);
            }
            if last_page {
                break check.finish(guard).err();
            }
        };
        Ok(Verified { stream: stream.clone(), events: check.events, fault })
    }

    /// An event beyond the guard was either appended since the guard was read, or put there.
    async fn unguarded(
        &self,
        stream: &StreamName,
        beyond: &Recorded,
    ) -> Result<Option<ChainFault>, ReadError> {
        let now = self.tip(stream).await?.version;
        let put_there = now < beyond.version;
        Ok(put_there.then_some(ChainFault::WrongEnd { found: beyond.version, recorded: now }))
    }
}

impl Log {
    /// Every stream of the log, in the order of their numbers.
    pub async fn streams(&self) -> Result<Vec<StreamName>, ReadError> {
        let client = self.reader().await?;
        let rows = client
            .query(include_str!("sql/all_stream_names.sql"), &[&i64::MAX])
            .await
            .map_err(ReadError::database("listing streams"))?;
        Ok(rows.iter().map(|row| super::read::name_of(row).1).collect())
    }
}
