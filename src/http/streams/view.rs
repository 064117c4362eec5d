//! A stream as the API shows it.

use events::{Position, StreamName, Version};
use jiff::Timestamp;
use projections::streams::StreamSummary;
use serde::Serialize;
use utoipa::ToSchema;

/// A stream: the events of one aggregate.
#[derive(Debug, Serialize, ToSchema)]
pub struct StreamView {
    /// Its name: the category, a hyphen and the key.
    #[schema(value_type = String, example = "model-01988d2f-6c3b-7f10-9d5e-3c1b6a1f0e77")]
    pub stream: StreamName,
    /// What kind of aggregate it belongs to.
    #[schema(example = "model")]
    pub category: String,
    /// Which aggregate of its category.
    #[schema(example = "01988d2f-6c3b-7f10-9d5e-3c1b6a1f0e77")]
    pub key: String,
    /// How many events it has.
    #[schema(value_type = i64, example = 3)]
    pub version: Version,
    /// Its first event.
    #[schema(value_type = i64, example = 17)]
    pub first_position: Position,
    /// Its last event.
    #[schema(value_type = i64, example = 42)]
    pub last_position: Position,
    /// The type of its last event.
    #[schema(example = "RunAllocated")]
    pub last_event_type: String,
    /// When its first event was recorded.
    pub first_recorded_at: Timestamp,
    /// When its last event was recorded.
    pub last_recorded_at: Timestamp,
}

impl From<StreamSummary> for StreamView {
    fn from(row: StreamSummary) -> Self {
        Self {
            stream: row.stream,
            category: row.category,
            key: row.key,
            version: row.version,
            first_position: row.first_position,
            last_position: row.last_position,
            last_event_type: row.last_event_type,
            first_recorded_at: row.first_recorded_at,
            last_recorded_at: row.last_recorded_at,
        }
    }
}
