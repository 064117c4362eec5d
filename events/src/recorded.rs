//! Events as the log keeps them, and the coordinates that name their place.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use bytes::Bytes;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::codec::{Codec, DecodeError, Event};
use crate::{ChainHash, CommandId, Principal, RequestId, Tenant};

/// Place of an event in its stream: 1, 2, 3, … without gaps; 0 is the empty stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Version(pub i64);

impl Version {
    /// The version of a stream without events.
    pub const NONE: Self = Self(0);
}

impl fmt::Display for Version {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(formatter)
    }
}

/// Place of an event in the global order of the log: 1, 2, 3, … without gaps; 0 is before the first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Position(pub i64);

impl Position {
    /// Before the first event.
    pub const START: Self = Self(0);
}

impl fmt::Display for Position {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(formatter)
    }
}

/// Longest key of a stream, in bytes.
pub const STREAM_KEY_BYTES_MAX: usize = 200;

/// The name of a stream: `category-key`; the category is what stands before the first hyphen.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StreamName {
    tenant: Tenant,
    category: Arc<str>,
    key: Arc<str>,
}

/// The text is not `category-key`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a stream name is a category, a hyphen and a key of 1 to {STREAM_KEY_BYTES_MAX} bytes")]
pub struct InvalidStreamName;

impl StreamName {
    /// The stream of `key` in `category`.
    pub fn new(tenant: Tenant, category: &str, key: impl fmt::Display) -> Self {
        Self { tenant, category: category.into(), key: key.to_string().into() }
    }

    /// Whose stream it is.
    pub const fn tenant(&self) -> Tenant {
        self.tenant
    }

    /// What kind of aggregate it belongs to.
    pub fn category(&self) -> &str {
        &self.category
    }

    /// Which aggregate of its category.
    pub fn key(&self) -> &str {
        &self.key
    }
}

impl fmt::Display for StreamName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}-{}", self.category, self.key)
    }
}

impl fmt::Debug for StreamName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}/{self}", self.tenant.0)
    }
}

impl FromStr for StreamName {
    type Err = InvalidStreamName;

    /// A stream of the local tenant.
    fn from_str(text: &str) -> Result<Self, InvalidStreamName> {
        let (category, key) = text.split_once('-').ok_or(InvalidStreamName)?;
        if category.is_empty() || key.is_empty() || key.len() > STREAM_KEY_BYTES_MAX || text.contains('\0') {
            return Err(InvalidStreamName);
        }
        Ok(Self::new(Tenant::LOCAL, category, key))
    }
}

impl Serialize for StreamName {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// The end of a stream: what the next event must follow.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct StreamTip {
    /// Version of the last event.
    pub version: Version,
    /// Hash of the last event.
    pub hash: ChainHash,
}

impl StreamTip {
    /// The tip of a stream without events.
    pub const EMPTY: Self = Self { version: Version::NONE, hash: ChainHash::GENESIS };
}

/// Who asked for an event and in which request; stored with it and covered by its hash.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Metadata {
    /// Who sent the command.
    pub principal: Principal,
    /// The request that carried it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request_id: Option<RequestId>,
    /// The administrator who acted as the sender, where one did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub impersonated_by: Option<Principal>,
}

impl Metadata {
    /// A command that its sender sent.
    pub const fn new(principal: Principal, request_id: Option<RequestId>) -> Self {
        Self { principal, request_id, impersonated_by: None }
    }
}

/// One event as stored.
#[derive(Debug, Clone, PartialEq)]
pub struct Recorded {
    /// Place in the log.
    pub position: Position,
    /// Its stream.
    pub stream: StreamName,
    /// Place in the stream.
    pub version: Version,
    /// When the log learned it (UTC); never decreases along positions.
    pub recorded_at: Timestamp,
    /// When it was true in the market (UTC), where that differs.
    pub occurred_at: Option<Timestamp>,
    /// The command that caused it.
    pub command_id: CommandId,
    /// The request or process it belongs to.
    pub correlation_id: Option<Uuid>,
    /// The event that caused it.
    pub causation: Option<Position>,
    /// Name of the event type.
    pub event_type: Arc<str>,
    /// Version of the payload's schema.
    pub schema_version: u16,
    /// How the payload is stored.
    pub codec: Codec,
    /// Hash of this event and all before it in its stream.
    pub hash: ChainHash,
    /// Metadata as stored (JSON of [`Metadata`]).
    pub meta: Option<Bytes>,
    /// Payload as stored.
    pub payload: Bytes,
}

impl Recorded {
    /// The events this one is in today's code: one, or what its upcasters made of it.
    pub fn decode<E: Event>(&self) -> Result<Vec<E>, DecodeError> {
        crate::codec::decode(&self.event_type, self.schema_version, &self.codec.unpack(&self.payload)?)
    }

    /// Who sent the command that caused it. What was recorded without metadata belongs to the installation's owner.
    pub fn sender(&self) -> Principal {
        self.metadata().map_or_else(Principal::local_owner, |metadata| metadata.principal)
    }

    /// Who asked for it and in which request, where that was recorded.
    pub fn metadata(&self) -> Option<Metadata> {
        self.meta.as_ref().and_then(|meta| serde_json::from_slice(meta).ok())
    }

    /// The payload as JSON text, unpacked.
    pub fn payload_json(&self) -> Result<Bytes, DecodeError> {
        self.codec.unpack(&self.payload)
    }
}
