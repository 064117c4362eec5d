//! Events to bytes and back: names, schema versions, payload codecs and upcasters.

use std::cell::RefCell;
use std::fmt;

use bytes::Bytes;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

/// Payloads from this size on are compressed.
pub const COMPRESS_FROM_BYTES: usize = 1_024;

/// Largest payload after decompression; protects readers from a hostile row.
pub const PAYLOAD_BYTES_MAX: usize = 16 * 1024 * 1024;

/// Room made at once for an event's JSON: most events of a run fit.
const EVENT_BYTES_GUESSED: usize = 512;

/// The fastest of zstd's ordinary levels.
const COMPRESSION_LEVEL: i32 = 1;

/// Room for compressed bytes that a thread keeps between events.
const ROOM_KEPT_BYTES: usize = 1 << 20;

/// How a payload is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Codec {
    /// JSON text.
    Json,
    /// JSON text compressed by zstd.
    ZstdJson,
}

impl Codec {
    /// The number stored beside the payload.
    pub const fn number(self) -> i16 {
        match self {
            Self::Json => 0,
            Self::ZstdJson => 1,
        }
    }

    /// The codec of a stored number.
    pub const fn from_number(number: i16) -> Option<Self> {
        match number {
            0 => Some(Self::Json),
            1 => Some(Self::ZstdJson),
            _ => None,
        }
    }

    /// Stores `json`, compressed when that pays.
    pub fn pack(json: Vec<u8>) -> (Self, Bytes) {
        if json.len() >= COMPRESS_FROM_BYTES
            && let Some(packed) = PRESS.with_borrow_mut(|press| press.compress(&json))
        {
            return (Self::ZstdJson, packed);
        }
        (Self::Json, json.into())
    }

    /// The JSON text of a stored payload.
    pub fn unpack(self, stored: &Bytes) -> Result<Bytes, DecodeError> {
        match self {
            Self::Json => Ok(stored.clone()),
            Self::ZstdJson => zstd::bulk::decompress(stored, size_of_frame(stored))
                .map(Bytes::from)
                .map_err(DecodeError::Decompress),
        }
    }
}

/// How large `frame` says it becomes, within what is accepted: room for more is not made for every event.
fn size_of_frame(frame: &[u8]) -> usize {
    let stated = zstd::zstd_safe::get_frame_content_size(frame).ok().flatten();
    stated.and_then(|bytes| usize::try_from(bytes).ok()).unwrap_or(PAYLOAD_BYTES_MAX).min(PAYLOAD_BYTES_MAX)
}

thread_local! {
    static PRESS: RefCell<Press> = RefCell::default();
}

/// A compressor and its room, kept per thread: setting one up costs as much as compressing a few bars. What it gives
/// depends on the input alone.
#[derive(Default)]
struct Press {
    compressor: Option<zstd::bulk::Compressor<'static>>,
    room: Vec<u8>,
}

impl Press {
    /// `json` compressed; `None` when that does not make it smaller.
    fn compress(&mut self, json: &[u8]) -> Option<Bytes> {
        let compressor = match &mut self.compressor {
            Some(kept) => kept,
            none => none.insert(zstd::bulk::Compressor::new(COMPRESSION_LEVEL).ok()?),
        };
        // Without room for as many bytes as there are, compressing fails: it would not pay.
        self.room.resize(json.len().saturating_sub(1), 0);
        let bytes = compressor.compress_to_buffer(json, self.room.as_mut_slice()).ok()?;
        let packed = Bytes::copy_from_slice(self.room.get(..bytes)?);
        if self.room.len() > ROOM_KEPT_BYTES {
            self.room = Vec::new();
        }
        Some(packed)
    }
}

/// Why a stored event cannot be read by this code.
#[derive(Debug, thiserror::Error)]
pub enum DecodeError {
    /// No aggregate of this code has such an event.
    #[error("event type {event_type} (schema {schema_version}) is unknown to this version of tapedeck")]
    UnknownType {
        /// The stored name.
        event_type: String,
        /// The stored schema version.
        schema_version: u16,
    },
    /// The payload does not have the shape of its type.
    #[error("the payload of {event_type} (schema {schema_version}) does not fit its type")]
    Malformed {
        /// The stored name.
        event_type: String,
        /// The stored schema version.
        schema_version: u16,
        /// What did not fit.
        #[source]
        source: serde_json::Error,
    },
    /// The payload is not valid zstd or larger than [`PAYLOAD_BYTES_MAX`].
    #[error("the payload cannot be decompressed")]
    Decompress(#[source] std::io::Error),
    /// The codec number is unknown.
    #[error("payload codec {0} is unknown to this version of tapedeck")]
    UnknownCodec(i16),
}

/// What one event of an old schema becomes: zero, one or several events of newer schemas.
pub type Upcasted = Vec<(&'static str, u16, Bytes)>;

/// Lifts one event type from one schema version towards the current one; pure.
#[derive(Clone, Copy)]
pub struct Upcaster {
    /// The type it reads.
    pub event_type: &'static str,
    /// The schema version it reads.
    pub schema_version: u16,
    /// From the old payload (JSON text) to newer events.
    pub lift: fn(&[u8]) -> Result<Upcasted, serde_json::Error>,
}

impl fmt::Debug for Upcaster {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Upcaster({} {})", self.event_type, self.schema_version)
    }
}

/// The events of one aggregate. Implemented by [`crate::events!`].
pub trait Event:
    cqrs_es::DomainEvent + Serialize + DeserializeOwned + Clone + PartialEq + fmt::Debug + Send + Sync + 'static
{
    /// The stored name of several of these events in one: what one command caused, kept together. It ends in
    /// `EventPack`, by which filters recognise packs: they may hold an event of any type.
    const PACK: &'static str;
    /// Every type of this enum with its current schema version.
    const TYPES: &'static [(&'static str, u16)];
    /// From every older schema to newer ones.
    const UPCASTERS: &'static [Upcaster];

    /// The stored name of this event's type.
    fn name(&self) -> &'static str;
    /// The schema version this code writes.
    fn schema_version(&self) -> u16;
    /// Appends the payload to `json` as JSON text.
    fn write_json(&self, json: &mut Vec<u8>) -> Result<(), serde_json::Error>;
    /// The payload as JSON text.
    fn to_json(&self) -> Result<Vec<u8>, serde_json::Error> {
        let mut json = Vec::with_capacity(EVENT_BYTES_GUESSED);
        self.write_json(&mut json)?;
        Ok(json)
    }
    /// The event of a current type from its payload; `None` for a type or version that is not current.
    fn from_json(
        event_type: &str,
        schema_version: u16,
        json: &[u8],
    ) -> Option<Result<Self, serde_json::Error>>;
}

/// From so many events on, what one command caused is stored as one event: a row of the log costs more than an order.
pub const PACK_FROM_EVENTS: usize = 16;

/// The schema of packs.
pub const PACK_SCHEMA: u16 = 1;

#[derive(Deserialize)]
struct PackedEvent<'a> {
    #[serde(rename = "type", borrow)]
    event_type: std::borrow::Cow<'a, str>,
    schema: u16,
    #[serde(borrow)]
    data: &'a RawValue,
}

/// The payload of a pack of `events`: a JSON array of their types, schemas and payloads, in order.
pub fn pack<E: Event>(events: &[E]) -> Result<Vec<u8>, serde_json::Error> {
    let mut json = Vec::with_capacity(events.len().saturating_mul(EVENT_BYTES_GUESSED));
    json.push(b'[');
    for (index, event) in events.iter().enumerate() {
        if index > 0 {
            json.push(b',');
        }
        // Names are identifiers, and payloads are JSON already: neither needs escaping or parsing again.
        json.extend_from_slice(b"{\"type\":\"");
        json.extend_from_slice(event.name().as_bytes());
        json.extend_from_slice(b"\",\"schema\":");
        json.extend_from_slice(event.schema_version().to_string().as_bytes());
        json.extend_from_slice(b",\"data\":");
        event.write_json(&mut json)?;
        json.push(b'}');
    }
    json.push(b']');
    Ok(json)
}

fn unpack<E: Event>(json: &[u8]) -> Result<Vec<E>, DecodeError> {
    let packed: Vec<PackedEvent<'_>> = serde_json::from_slice(json).map_err(|source| {
        DecodeError::Malformed { event_type: E::PACK.to_owned(), schema_version: PACK_SCHEMA, source }
    })?;
    let mut events = Vec::with_capacity(packed.len());
    for event in packed {
        events.extend(decode(&event.event_type, event.schema, event.data.get().as_bytes())?);
    }
    Ok(events)
}

/// Decodes a stored event, lifting it through upcasters where it was written by older code; a pack gives all it holds.
pub fn decode<E: Event>(event_type: &str, schema_version: u16, json: &[u8]) -> Result<Vec<E>, DecodeError> {
    if (event_type, schema_version) == (E::PACK, PACK_SCHEMA) {
        return unpack(json);
    }
    let malformed = |source| {
        let event_type = event_type.to_owned();
        DecodeError::Malformed { event_type, schema_version, source }
    };
    if let Some(event) = E::from_json(event_type, schema_version, json) {
        return event.map(|event| vec![event]).map_err(malformed);
    }
    let upcaster = E::UPCASTERS
        .iter()
        .find(|upcaster| upcaster.event_type == event_type && upcaster.schema_version == schema_version)
        .ok_or_else(|| DecodeError::UnknownType { event_type: event_type.to_owned(), schema_version })?;
    let mut events = Vec::new();
    for (lifted_type, lifted_version, payload) in (upcaster.lift)(json).map_err(malformed)? {
        if lifted_type == event_type && lifted_version <= schema_version {
            // An upcaster that does not move forward would never end.
            return Err(DecodeError::UnknownType { event_type: event_type.to_owned(), schema_version });
        }
        events.extend(decode(lifted_type, lifted_version, &payload)?);
    }
    Ok(events)
}

/// Whether this code can read events of `event_type` at `schema_version`.
pub fn can_decode<E: Event>(event_type: &str, schema_version: u16) -> bool {
    E::TYPES.contains(&(event_type, schema_version))
        || (event_type, schema_version) == (E::PACK, PACK_SCHEMA)
        || E::UPCASTERS
            .iter()
            .any(|upcaster| upcaster.event_type == event_type && upcaster.schema_version == schema_version)
}

/// Declares the events of an aggregate: `enum Name { Variant(Payload) = schema version, … }`, optionally followed by
/// `upcasters [ … ]`. The variant's name is the stored type name and is never changed once written.
#[macro_export]
macro_rules! events {
    (
        $(#[$doc:meta])* pub enum $name:ident {
            $( $(#[$variant_doc:meta])* $variant:ident($payload:ty) = $schema:literal, )+
        }
        $( upcasters [ $($upcaster:expr),* $(,)? ] )?
    ) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, ::serde::Serialize, ::serde::Deserialize)]
        #[serde(tag = "type", content = "data")]
        pub enum $name { $( $(#[$variant_doc])* $variant($payload), )+ }

        impl $crate::cqrs_es::DomainEvent for $name {
            fn event_type(&self) -> String {
                $crate::codec::Event::name(self).to_owned()
            }
            fn event_version(&self) -> String {
                $crate::codec::Event::schema_version(self).to_string()
            }
        }

        impl $crate::codec::Event for $name {
            const PACK: &'static str = concat!(stringify!($name), "Pack");
            const TYPES: &'static [(&'static str, u16)] = &[ $( (stringify!($variant), $schema), )+ ];
            const UPCASTERS: &'static [$crate::codec::Upcaster] = &[ $( $($upcaster),* )? ];

            fn name(&self) -> &'static str {
                match self { $( Self::$variant(_) => stringify!($variant), )+ }
            }
            fn schema_version(&self) -> u16 {
                match self { $( Self::$variant(_) => $schema, )+ }
            }
            fn write_json(&self, json: &mut Vec<u8>) -> Result<(), ::serde_json::Error> {
                match self { $( Self::$variant(payload) => ::serde_json::to_writer(json, payload), )+ }
            }
            fn from_json(
                event_type: &str, schema_version: u16, json: &[u8],
            ) -> Option<Result<Self, ::serde_json::Error>> {
                match (event_type, schema_version) {
                    $( (stringify!($variant), $schema) => Some(::serde_json::from_slice(json).map(Self::$variant)), )+
                    _ => None,
                }
            }
        }
    };
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Texts of many sizes, some of which do not compress.
    fn texts() -> impl Iterator<Item = Vec<u8>> {
        let mut seed = 7_u64;
        (0..300_usize).map(move |number| {
            let length = COMPRESS_FROM_BYTES + number * number;
            let letters = 2 + number % 250;
            let mut letter = || {
                seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                u8::try_from((seed >> 40) % letters as u64).unwrap()
            };
            std::iter::repeat_with(&mut letter).take(length).collect()
        })
    }

    #[test]
    fn a_used_compressor_gives_the_bytes_of_a_new_one() {
        for text in texts() {
            let new = zstd::bulk::compress(&text, COMPRESSION_LEVEL).unwrap();
            let expected =
                if new.len() < text.len() { (Codec::ZstdJson, new) } else { (Codec::Json, text.clone()) };
            let (codec, packed) = Codec::pack(text.clone());
            assert_eq!((codec, packed.to_vec()), expected);
            assert_eq!(codec.unpack(&packed).unwrap(), text);
        }
    }

    #[test]
    fn a_payload_beyond_the_limit_is_refused_whatever_it_says_of_itself() {
        let large = zstd::bulk::compress(&vec![b' '; PAYLOAD_BYTES_MAX + 1], COMPRESSION_LEVEL).unwrap();
        assert!(matches!(Codec::ZstdJson.unpack(&large.into()), Err(DecodeError::Decompress(_))));
        assert!(matches!(
            Codec::ZstdJson.unpack(&Bytes::from_static(b"not zstd")),
            Err(DecodeError::Decompress(_))
        ));
    }
}
