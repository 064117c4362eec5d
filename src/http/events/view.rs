//! An event as the API shows it.

use events::{CommandId, DecodeError, Position, Recorded, StreamName, Version};
use jiff::Timestamp;
use serde::Serialize;
use serde_json::value::RawValue;
use utoipa::ToSchema;
use uuid::Uuid;

/// One event of the log.
#[derive(Debug, Serialize, ToSchema)]
pub struct EventView {
    /// Its place in the log: 1, 2, 3, … without gaps.
    #[schema(value_type = i64, example = 42)]
    pub position: Position,
    /// Its stream.
    #[schema(value_type = String, example = "model-01988d2f-6c3b-7f10-9d5e-3c1b6a1f0e77")]
    pub stream: StreamName,
    /// Its place in the stream: 1, 2, 3, … without gaps.
    #[schema(value_type = i64, example = 1)]
    pub version: Version,
    /// What happened.
    #[serde(rename = "type")]
    #[schema(example = "ModelCreated")]
    pub event_type: String,
    /// The version of the payload's schema.
    #[schema(example = 1)]
    pub schema_version: u16,
    /// When the log learned it.
    pub recorded_at: Timestamp,
    /// When it was true in the market, where that differs.
    pub occurred_at: Option<Timestamp>,
    /// The command that caused it.
    #[schema(value_type = String, format = Uuid)]
    pub command_id: CommandId,
    /// The request or process it belongs to.
    pub correlation_id: Option<Uuid>,
    /// The event that caused it.
    #[schema(value_type = Option<i64>)]
    pub causation_position: Option<Position>,
    /// SHA-256 of this event and all before it in its stream, as hexadecimal digits.
    #[schema(value_type = String, example = "5feceb66ffc86f38d952786c6d696c79c2dbc239dd4e91b46729d73a27fb57e9")]
    pub hash: String,
    /// Who caused it, in which request.
    #[schema(value_type = Option<Object>)]
    pub meta: Option<Box<RawValue>>,
    /// What it says, as stored; absent in lists that were not asked for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    pub payload: Option<Box<RawValue>>,
}

/// Whether an event is shown with its payload.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Payload {
    /// With it.
    Shown,
    /// Without it.
    LeftOut,
}

impl Payload {
    /// Of the parameter `payload`.
    pub const fn of(shown: bool) -> Self {
        if shown { Self::Shown } else { Self::LeftOut }
    }
}

impl EventView {
    /// An event of the log, unpacked.
    pub fn of(event: &Recorded, payload: Payload) -> Result<Self, DecodeError> {
        let payload = match payload {
            Payload::Shown => Some(unpacked(event)?),
            Payload::LeftOut => None,
        };
        let meta = event.meta.as_ref().and_then(|meta| serde_json::from_slice(meta).ok());
        Ok(Self {
            position: event.position,
            stream: event.stream.clone(),
            version: event.version,
            event_type: event.event_type.to_string(),
            schema_version: event.schema_version,
            recorded_at: event.recorded_at,
            occurred_at: event.occurred_at,
            command_id: event.command_id,
            correlation_id: event.correlation_id,
            causation_position: event.causation,
            hash: event.hash.to_string(),
            meta,
            payload,
        })
    }
}

/// The stored text itself, so that no number is read and written again.
fn unpacked(event: &Recorded) -> Result<Box<RawValue>, DecodeError> {
    serde_json::from_slice(&event.payload_json()?).map_err(|source| DecodeError::Malformed {
        event_type: event.event_type.to_string(),
        schema_version: event.schema_version,
        source,
    })
}
