//! The per-stream hash chain: each event's hash covers its content and the hash before it.

use std::fmt;

use jiff::Timestamp;
use sha2::{Digest, Sha256};

use crate::codec::Codec;
use crate::{CommandId, StreamName, Version};

/// SHA-256 of an event and all events before it in its stream; all zeros before the first.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct ChainHash(pub [u8; 32]);

impl ChainHash {
    /// The hash before the first event of a stream.
    pub const GENESIS: Self = Self([0; 32]);

    /// The hash that 32 stored bytes are; `None` for any other number of bytes.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok().map(Self)
    }
}

impl fmt::Display for ChainHash {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(formatter, "{byte:02x}"))
    }
}

impl fmt::Debug for ChainHash {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "ChainHash({self})")
    }
}

impl serde::Serialize for ChainHash {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// What of an event its hash covers, besides the payload and the hash before it.
#[derive(Debug, Clone, Copy)]
pub struct Header<'a> {
    /// The stream, with its tenant.
    pub stream: &'a StreamName,
    /// Place in the stream.
    pub version: Version,
    /// Name of the event type.
    pub event_type: &'a str,
    /// Version of the payload's schema.
    pub schema_version: u16,
    /// How the payload is stored.
    pub codec: Codec,
    /// The command that caused it.
    pub command_id: CommandId,
    /// When it was true in the market, where that differs from when it was recorded.
    pub occurred_at: Option<Timestamp>,
    /// The metadata as stored.
    pub meta: Option<&'a [u8]>,
}

/// SHA-256("tape1" ‖ previous ‖ header ‖ SHA-256(payload as stored)); every variable part is preceded by its length.
pub fn event_hash(previous: ChainHash, header: &Header<'_>, payload: &[u8]) -> ChainHash {
    let mut hasher = Sha256::new();
    hasher.update(b"tape1");
    hasher.update(previous.0);
    hasher.update(header.stream.tenant().0.to_be_bytes());
    for text in [header.stream.category(), header.stream.key(), header.event_type] {
        hasher.update((text.len() as u64).to_be_bytes());
        hasher.update(text);
    }
    hasher.update(header.version.0.to_be_bytes());
    hasher.update(header.schema_version.to_be_bytes());
    hasher.update(header.codec.number().to_be_bytes());
    hasher.update(header.command_id.uuid().as_bytes());
    match header.occurred_at {
        Some(at) => {
            hasher.update([1]);
            hasher.update(at.as_microsecond().to_be_bytes());
        }
        None => hasher.update([0]),
    }
    match header.meta {
        Some(meta) => {
            hasher.update([1]);
            hasher.update(Sha256::digest(meta));
        }
        None => hasher.update([0]),
    }
    hasher.update(Sha256::digest(payload));
    ChainHash(hasher.finalize().into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Tenant;

    #[test]
    fn every_part_of_an_event_changes_its_hash() {
        let (stream, other) =
            (StreamName::new(Tenant::LOCAL, "run", "1"), StreamName::new(Tenant::LOCAL, "run", "2"));
        let header = Header {
            stream: &stream,
            version: Version(1),
            event_type: "OrderFilled",
            schema_version: 1,
            codec: Codec::Json,
            command_id: CommandId::derived(&[b"c"]),
            occurred_at: None,
            meta: None,
        };
        let base = event_hash(ChainHash::GENESIS, &header, b"{}");
        let changed = [
            event_hash(ChainHash([1; 32]), &header, b"{}"),
            event_hash(ChainHash::GENESIS, &header, b"{ }"),
            event_hash(ChainHash::GENESIS, &Header { stream: &other, ..header }, b"{}"),
            event_hash(ChainHash::GENESIS, &Header { version: Version(2), ..header }, b"{}"),
            event_hash(ChainHash::GENESIS, &Header { event_type: "OrderRefused", ..header }, b"{}"),
            event_hash(ChainHash::GENESIS, &Header { schema_version: 2, ..header }, b"{}"),
            event_hash(ChainHash::GENESIS, &Header { codec: Codec::ZstdJson, ..header }, b"{}"),
            event_hash(
                ChainHash::GENESIS,
                &Header { command_id: CommandId::derived(&[b"d"]), ..header },
                b"{}",
            ),
            event_hash(
                ChainHash::GENESIS,
                &Header { occurred_at: Some(Timestamp::UNIX_EPOCH), ..header },
                b"{}",
            ),
            event_hash(ChainHash::GENESIS, &Header { meta: Some(b""), ..header }, b"{}"),
        ];
        for (index, hash) in changed.iter().enumerate() {
            assert_ne!(*hash, base, "change {index}");
            assert_eq!(changed.iter().filter(|other| *other == hash).count(), 1, "change {index}");
        }
    }
}
