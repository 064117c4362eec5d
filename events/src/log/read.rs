//! Reading the log: one stream, everything, or a filtered part, in order, in pages.

use std::collections::HashMap;
use std::sync::{PoisonError, RwLock};

use bytes::Bytes;
use deadpool_postgres::Object;
use tokio_postgres::Row;

use super::Log;
use crate::codec::Codec;
use crate::recorded::InvalidStreamName;
use crate::{ChainHash, CommandId, Position, Recorded, StreamName, StreamTip, Tenant, Version};

/// Why the log could not be read.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// No connection in time.
    #[error("no connection to the event log")]
    Pool(#[source] deadpool_postgres::PoolError),
    /// The database refused or the connection broke.
    #[error("{operation} failed")]
    Database {
        /// What was attempted.
        operation: &'static str,
        /// What the database said.
        #[source]
        source: tokio_postgres::Error,
    },
    /// A row does not have the shape of an event.
    #[error("the event at position {position} is not readable: {reason}")]
    Corrupt {
        /// Its position.
        position: Position,
        /// What is wrong with it.
        reason: String,
    },
    /// Fewer events came than the log holds: an interrupted read is never a short success.
    #[error("reading stopped at position {reached} of {expected}")]
    Interrupted {
        /// The last position that came.
        reached: Position,
        /// The last position that should have come.
        expected: Position,
    },
    /// A stored stream name is not one.
    #[error(transparent)]
    StreamName(#[from] InvalidStreamName),
}

impl ReadError {
    /// Wraps a database error with the operation that met it.
    pub fn database(operation: &'static str) -> impl FnOnce(tokio_postgres::Error) -> Self {
        move |source| Self::Database { operation, source }
    }
}

/// Which events a reader wants; everything by default.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Filter {
    /// Only streams of these categories; empty means all.
    pub categories: Vec<String>,
    /// Only events of these types, and packs, which may hold them; empty means all.
    pub event_types: Vec<String>,
    /// Only this stream.
    pub stream: Option<StreamName>,
}

impl Filter {
    /// Everything.
    pub fn all() -> Self {
        Self::default()
    }

    /// The streams of one category.
    pub fn category(category: &str) -> Self {
        Self { categories: vec![category.to_owned()], ..Self::default() }
    }

    /// One stream.
    pub fn stream(stream: StreamName) -> Self {
        Self { stream: Some(stream), ..Self::default() }
    }

    fn is_all(&self) -> bool {
        self.categories.is_empty() && self.event_types.is_empty() && self.stream.is_none()
    }
}

/// Some events in position order.
#[derive(Debug, Clone, PartialEq)]
pub struct Page {
    /// The events that match.
    pub events: Vec<Recorded>,
    /// Every position up to here was looked at: where the next page starts, also when nothing matched (EL-53).
    pub scanned_to: Position,
}

/// Cache of stream numbers; a number always means the same stream.
#[derive(Debug, Default)]
pub(super) struct Names {
    by_number: RwLock<HashMap<i64, StreamName>>,
}

/// Names kept before the cache starts over; a million names are about 150 MB.
const NAMES_MAX: usize = 1_000_000;

impl Names {
    pub(super) fn get(&self, number: i64) -> Option<StreamName> {
        self.by_number.read().unwrap_or_else(PoisonError::into_inner).get(&number).cloned()
    }

    pub(super) fn put(&self, names: impl IntoIterator<Item = (i64, StreamName)>) {
        let mut known = self.by_number.write().unwrap_or_else(PoisonError::into_inner);
        if known.len() > NAMES_MAX {
            known.clear();
        }
        known.extend(names);
    }
}

/// The end of `stream` as it is visible, and that of the log.
async fn visible_tip(
    client: &Object,
    stream: &StreamName,
) -> Result<Option<(StreamTip, Position)>, ReadError> {
    let statement = client
        .prepare_cached(include_str!("sql/tip.sql"))
        .await
        .map_err(ReadError::database("preparing the read of a stream's end"))?;
    let row = client
        .query_opt(&statement, &[&stream.tenant().0, &stream.category(), &stream.key()])
        .await
        .map_err(ReadError::database("reading a stream's end"))?;
    Ok(row.map(|row| {
        let hash = ChainHash::from_bytes(row.get("chain_hash")).unwrap_or_default();
        (StreamTip { version: Version(row.get("version")), hash }, Position(row.get("head")))
    }))
}

impl Log {
    pub(super) async fn reader(&self) -> Result<Object, ReadError> {
        self.inner.pool.get().await.map_err(ReadError::Pool)
    }

    /// The end of `stream`, which is durable; [`StreamTip::EMPTY`] for one without events.
    pub async fn tip(&self, stream: &StreamName) -> Result<StreamTip, ReadError> {
        let client = self.reader().await?;
        let Some((tip, head)) = visible_tip(&client, stream).await? else { return Ok(StreamTip::EMPTY) };
        self.make_durable(&client, head).await?;
        Ok(tip)
    }

    /// The end of `stream` to append after: a crash may still lose it, and then that append with it.
    pub(super) async fn tip_to_append(&self, stream: &StreamName) -> Result<StreamTip, ReadError> {
        let client = self.reader().await?;
        Ok(visible_tip(&client, stream).await?.map_or(StreamTip::EMPTY, |(tip, _)| tip))
    }

    /// Up to `limit` events of `stream` after version `after`, in order.
    pub async fn read_stream(
        &self,
        stream: &StreamName,
        after: Version,
        limit: usize,
    ) -> Result<Vec<Recorded>, ReadError> {
        let client = self.reader().await?;
        let statement = client
            .prepare_cached(include_str!("sql/read_stream.sql"))
            .await
            .map_err(ReadError::database("preparing the read of a stream"))?;
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let rows = client
            .query(&statement, &[&stream.tenant().0, &stream.category(), &stream.key(), &after.0, &limit])
            .await
            .map_err(ReadError::database("reading a stream"))?;
        self.recorded(&client, rows).await
    }

    /// The event at `position`, if the log has come that far.
    pub async fn read_event(&self, position: Position) -> Result<Option<Recorded>, ReadError> {
        if position <= Position::START {
            return Ok(None);
        }
        let page = self.read(Position(position.0 - 1), 1, &Filter::all()).await?;
        Ok(page.events.into_iter().find(|event| event.position == position))
    }

    /// The last position in the log, from the log itself; durable.
    pub async fn head(&self) -> Result<Position, ReadError> {
        let client = self.reader().await?;
        let row = client
            .query_one("select coalesce(max(global_seq), 0) from events", &[])
            .await
            .map_err(ReadError::database("reading the head of the log"))?;
        let head = Position(row.get(0));
        self.make_durable(&client, head).await?;
        Ok(head)
    }

    /// Up to `limit` events after `after` that match `filter`, in position order.
    pub async fn read(&self, after: Position, limit: usize, filter: &Filter) -> Result<Page, ReadError> {
        let head = self.inner.head.borrow().0.max(after.0);
        let head = if head > after.0 { Position(head) } else { self.head().await?.max(after) };
        if head == after {
            return Ok(Page { events: Vec::new(), scanned_to: after });
        }
        let client = self.reader().await?;
        let rows_max = i64::try_from(limit.max(1)).unwrap_or(i64::MAX);
        let rows = if filter.is_all() {
            let statement = client
                .prepare_cached(include_str!("sql/read_all.sql"))
                .await
                .map_err(ReadError::database("preparing the read of the log"))?;
            client.query(&statement, &[&after.0, &head.0, &rows_max]).await
        } else {
            let statement = client
                .prepare_cached(include_str!("sql/read_filtered.sql"))
                .await
                .map_err(ReadError::database("preparing a filtered read of the log"))?;
            let categories = Some(&filter.categories).filter(|categories| !categories.is_empty());
            let types = Some(&filter.event_types).filter(|types| !types.is_empty());
            let tenant = filter.stream.as_ref().map(|stream| stream.tenant().0);
            let category = filter.stream.as_ref().map(StreamName::category);
            let key = filter.stream.as_ref().map(StreamName::key);
            client
                .query(
                    &statement,
                    &[&after.0, &head.0, &rows_max, &categories, &types, &tenant, &category, &key],
                )
                .await
        }
        .map_err(ReadError::database("reading the log"))?;
        let events = self.recorded(&client, rows).await?;
        let full = events.len() >= limit.max(1);
        let last = events.last().map_or(after, |event| event.position);
        if filter.is_all() && last.0 - after.0 != i64::try_from(events.len()).unwrap_or(i64::MAX) {
            return Err(ReadError::Interrupted { reached: last, expected: head });
        }
        Ok(Page { events, scanned_to: if full { last } else { head } })
    }

    pub(super) async fn recorded(&self, client: &Object, rows: Vec<Row>) -> Result<Vec<Recorded>, ReadError> {
        if let Some(last) = rows.iter().map(|row| Position(row.get(0))).max() {
            self.make_durable(client, last).await?;
        }
        let streams = rows.iter().map(|row| row.get(1)).collect();
        let types = rows.iter().map(|row| row.get(8)).collect();
        self.learn(client, streams, types).await?;
        rows.iter()
            .map(|row| {
                self.known(row).unwrap_or_else(|| Err(corrupt(row, "its stream or type is not registered")))
            })
            .collect()
    }

    /// Makes sure that these streams and types are cached.
    pub(super) async fn learn(
        &self,
        client: &Object,
        mut unknown: Vec<i64>,
        types: Vec<i32>,
    ) -> Result<(), ReadError> {
        unknown.sort_unstable();
        unknown.dedup();
        unknown.retain(|number| self.inner.names.get(*number).is_none());
        if !unknown.is_empty() {
            let statement = client
                .prepare_cached(include_str!("sql/stream_names.sql"))
                .await
                .map_err(ReadError::database("preparing the read of stream names"))?;
            let named = client
                .query(&statement, &[&unknown])
                .await
                .map_err(ReadError::database("reading stream names"))?;
            self.inner.names.put(named.iter().map(name_of));
        }
        for number in types {
            if self.inner.types.known_name(number).is_none() {
                self.inner
                    .types
                    .name_of(client, number)
                    .await
                    .map_err(ReadError::database("reading event types"))?;
            }
        }
        Ok(())
    }

    pub(super) async fn learn_all_names(&self, client: &Object) -> Result<(), ReadError> {
        let limit = i64::try_from(NAMES_MAX).unwrap_or(i64::MAX);
        let named = client
            .query(include_str!("sql/all_stream_names.sql"), &[&limit])
            .await
            .map_err(ReadError::database("reading stream names"))?;
        self.inner.names.put(named.iter().map(name_of));
        Ok(())
    }

    /// The event of `row`, if its stream and type are cached.
    fn known(&self, row: &Row) -> Option<Result<Recorded, ReadError>> {
        let stream = self.inner.names.get(row.get(1))?;
        let event_type = self.inner.types.known_name(row.get(8))?;
        Some(recorded_of(row, stream, event_type))
    }
}

pub(super) fn name_of(row: &Row) -> (i64, StreamName) {
    (row.get(0), StreamName::new(Tenant(row.get(1)), row.get(2), row.get::<_, &str>(3)))
}

fn corrupt(row: &Row, reason: &str) -> ReadError {
    ReadError::Corrupt { position: Position(row.get(0)), reason: reason.to_owned() }
}

fn recorded_of(
    row: &Row,
    stream: StreamName,
    event_type: std::sync::Arc<str>,
) -> Result<Recorded, ReadError> {
    let codec = Codec::from_number(row.get(10)).ok_or_else(|| corrupt(row, "its codec is unknown"))?;
    let hash = ChainHash::from_bytes(row.get(11)).ok_or_else(|| corrupt(row, "its hash is not 32 bytes"))?;
    Ok(Recorded {
        position: Position(row.get(0)),
        stream,
        version: Version(row.get(2)),
        recorded_at: row.get(3),
        occurred_at: row.get(4),
        command_id: CommandId::from_uuid(row.get(5)),
        correlation_id: row.get(6),
        causation: row.get::<_, Option<i64>>(7).map(Position),
        event_type,
        schema_version: u16::try_from(row.get::<_, i16>(9)).unwrap_or_default(),
        codec,
        hash,
        meta: row.get::<_, Option<&[u8]>>(12).map(Bytes::copy_from_slice),
        payload: Bytes::copy_from_slice(row.get(13)),
    })
}
