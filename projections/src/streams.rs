//! Streams: one row each, so that people can browse the log by what it is about.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use events::log::Filter;
use events::{Position, Recorded, StreamName, Tenant, Version};
use jiff::Timestamp;
use serde::{Serialize, Serializer};
use tokio_postgres::{Row, Transaction};

use crate::database::{Columns, QueryError};
use crate::page::{InvalidCursor, Page, decode, encode, rows_for};
use crate::reader::Reader;
use crate::{Projection, ProjectionError};

/// The read model of streams.
#[derive(Debug, Clone, Copy, Default)]
pub struct Streams;

/// One stream.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct StreamSummary {
    /// Its name.
    pub stream: StreamName,
    /// What kind of aggregate it belongs to.
    pub category: String,
    /// Which aggregate of its category.
    pub key: String,
    /// How many events it has.
    pub version: Version,
    /// Its first event.
    pub first_position: Position,
    /// Its last event.
    pub last_position: Position,
    /// The type of its last event.
    pub last_event_type: String,
    /// When its first event was recorded (UTC).
    pub first_recorded_at: Timestamp,
    /// When its last event was recorded (UTC).
    pub last_recorded_at: Timestamp,
}

/// What a page of events changes: the first and the last event of each stream it touches.
fn touched(events: &[Recorded]) -> BTreeMap<&StreamName, (&Recorded, &Recorded)> {
    let mut touched = BTreeMap::new();
    for event in events {
        touched.entry(&event.stream).and_modify(|(_, last)| *last = event).or_insert((event, event));
    }
    touched
}

impl Projection for Streams {
    const NAME: &'static str = "streams";
    const GENERATION: i32 = 2;

    fn filter() -> Filter {
        Filter::all()
    }

    fn tables() -> &'static [&'static str] {
        &["stream_summaries"]
    }

    async fn apply(&self, transaction: &Transaction<'_>, events: &[Recorded]) -> Result<(), ProjectionError> {
        let touched = touched(events);
        let column =
            |of: fn(&StreamName) -> &str| touched.keys().map(|stream| of(stream)).collect::<Vec<_>>();
        let tenants: Vec<i32> = touched.keys().map(|stream| stream.tenant().0).collect();
        let (categories, keys) = (column(StreamName::category), column(StreamName::key));
        let versions: Vec<i64> = touched.values().map(|(_, last)| last.version.0).collect();
        let firsts: Vec<i64> = touched.values().map(|(first, _)| first.position.0).collect();
        let lasts: Vec<i64> = touched.values().map(|(_, last)| last.position.0).collect();
        let types: Vec<&str> = touched.values().map(|(_, last)| last.event_type.as_ref()).collect();
        let first_at: Vec<Timestamp> = touched.values().map(|(first, _)| first.recorded_at).collect();
        let owners: Vec<String> = touched.values().map(|(first, _)| first.sender().0).collect();
        let last_at: Vec<Timestamp> = touched.values().map(|(_, last)| last.recorded_at).collect();
        transaction
            .execute(
                include_str!("sql/streams/put.sql"),
                &[
                    &tenants,
                    &categories,
                    &keys,
                    &versions,
                    &firsts,
                    &lasts,
                    &types,
                    &first_at,
                    &last_at,
                    &owners,
                ],
            )
            .await
            .map(drop)
            .map_err(ProjectionError::during("writing streams"))
    }
}

/// A place in the list of streams.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StreamsCursor {
    category: String,
    key: String,
}

const LIST: &str = "streams";

impl fmt::Display for StreamsCursor {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&encode(LIST, &format!("{}-{}", self.category, self.key)))
    }
}

impl FromStr for StreamsCursor {
    type Err = InvalidCursor;

    fn from_str(text: &str) -> Result<Self, InvalidCursor> {
        let place = decode(LIST, text)?;
        let (category, key) = place.split_once('-').ok_or(InvalidCursor)?;
        Ok(Self { category: category.to_owned(), key: key.to_owned() })
    }
}

impl Serialize for StreamsCursor {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// Streams by category and key; `category` narrows the list.
pub async fn list(
    client: &impl Reader,
    tenant: Tenant,
    category: Option<&str>,
    after: Option<&StreamsCursor>,
    limit: u16,
) -> Result<Page<StreamSummary, StreamsCursor>, QueryError> {
    const OPERATION: &str = "listing streams";
    let after_category = after.map(|cursor| cursor.category.as_str());
    let after_key = after.map(|cursor| cursor.key.as_str());
    let rows = client
        .query(
            include_str!("sql/streams/list.sql"),
            &[&tenant.0, &category, &after_category, &after_key, &rows_for(limit)],
        )
        .await
        .map_err(QueryError::during(OPERATION))?;
    let found = rows.iter().map(|row| summary_of(row, OPERATION)).collect::<Result<Vec<_>, _>>()?;
    Ok(Page::of(found, limit, |last| StreamsCursor {
        category: last.category.clone(),
        key: last.key.clone(),
    }))
}

/// One stream.
pub async fn find(client: &impl Reader, stream: &StreamName) -> Result<Option<StreamSummary>, QueryError> {
    const OPERATION: &str = "finding a stream";
    let row = client
        .query_opt(
            include_str!("sql/streams/find.sql"),
            &[&stream.tenant().0, &stream.category(), &stream.key()],
        )
        .await
        .map_err(QueryError::during(OPERATION))?;
    row.map(|row| summary_of(&row, OPERATION)).transpose()
}

fn summary_of(row: &Row, operation: &'static str) -> Result<StreamSummary, QueryError> {
    let columns = Columns::of(row, operation);
    let (category, key): (String, String) = (columns.get("category")?, columns.get("key")?);
    Ok(StreamSummary {
        stream: StreamName::new(Tenant(columns.get("tenant")?), &category, &key),
        category,
        key,
        version: Version(columns.get("version")?),
        first_position: Position(columns.get("first_seq")?),
        last_position: Position(columns.get("last_seq")?),
        last_event_type: columns.get("last_event_type")?,
        first_recorded_at: columns.get("first_recorded_at")?,
        last_recorded_at: columns.get("last_recorded_at")?,
    })
}

#[cfg(test)]
mod tests {
    use events::chain::ChainHash;
    use events::codec::Codec;
    use events::{CommandId, Tenant};

    use super::*;

    fn event(position: i64, key: &str, version: i64) -> Recorded {
        Recorded {
            position: Position(position),
            stream: StreamName::new(Tenant::LOCAL, "run", key),
            version: Version(version),
            recorded_at: Timestamp::UNIX_EPOCH,
            occurred_at: None,
            command_id: CommandId::derived(&[]),
            correlation_id: None,
            causation: None,
            event_type: "Noted".into(),
            schema_version: 1,
            codec: Codec::Json,
            hash: ChainHash::GENESIS,
            meta: None,
            payload: bytes::Bytes::new(),
        }
    }

    #[test]
    fn a_page_touches_each_stream_with_its_first_and_last_event() {
        let events = [event(1, "a", 1), event(2, "b", 4), event(3, "a", 2), event(4, "a", 3)];
        let found: Vec<(i64, i64)> =
            touched(&events).values().map(|(first, last)| (first.position.0, last.version.0)).collect();
        assert_eq!(found, [(1, 3), (2, 4)]);
    }

    #[test]
    fn a_cursor_keeps_keys_with_hyphens() {
        let cursor = StreamsCursor { category: "run".to_owned(), key: "0-1-2".to_owned() };
        assert_eq!(cursor.to_string().parse(), Ok(cursor));
    }
}
