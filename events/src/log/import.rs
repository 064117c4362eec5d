//! Importing history: whole new streams, copied in at once (EL-29).

use std::collections::hash_map::Entry;
use std::collections::{BTreeSet, HashMap};
use std::pin::pin;

use jiff::Timestamp;
use tokio_postgres::Transaction;
use tokio_postgres::binary_copy::BinaryCopyInWriter;
use tokio_postgres::error::SqlState;
use tokio_postgres::types::Type;

use super::batch;
use super::verdict::{Append, AppendError, Asked, Committed, Expected, NewEvent, Pending};
use super::{ConnectError, Log};
use crate::{Position, StreamName, StreamTip};

/// Events of one import. Appends wait while it is written, and give up after two seconds.
pub const IMPORT_EVENTS_MAX: usize = 100_000;

/// A stream that does not exist yet, with all that is to have happened in it.
#[derive(Debug, Clone, PartialEq)]
pub struct History {
    /// The stream.
    pub stream: StreamName,
    /// The commands that caused the events, in order; every event belongs to one.
    pub asked: Vec<Asked>,
    /// The events from the first on, in order; at least one.
    pub events: Vec<NewEvent>,
}

/// Why nothing was imported.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// Only new streams are imported.
    #[error("stream {stream} exists already")]
    Exists {
        /// The stream.
        stream: StreamName,
    },
    /// One history was given twice.
    #[error("stream {stream} is there twice")]
    Twice {
        /// The stream.
        stream: StreamName,
    },
    /// More events than the order of the log may be held for.
    #[error("{events} events are too many for one import, {IMPORT_EVENTS_MAX} is the limit")]
    TooMany {
        /// How many there were.
        events: usize,
    },
    /// A history without events, or with events that no command caused.
    #[error(transparent)]
    Malformed(AppendError),
    /// One of its commands was carried out before.
    #[error("a command of the import was carried out before")]
    Repeated,
    /// No connection.
    #[error(transparent)]
    Connect(#[from] ConnectError),
    /// The database refused or the connection broke. Lost at the very end, the import may have been written: then a
    /// repetition is refused, because the streams exist.
    #[error("{operation} failed")]
    Database {
        /// What was attempted.
        operation: &'static str,
        /// What the database said.
        #[source]
        source: tokio_postgres::Error,
    },
}

impl ImportError {
    fn database(operation: &'static str) -> impl FnOnce(tokio_postgres::Error) -> Self {
        move |source| match source.code() {
            Some(&SqlState::UNIQUE_VIOLATION) => Self::Repeated,
            _ => Self::Database { operation, source },
        }
    }
}

/// What an import got from the log.
struct Place {
    stream_no: i64,
    /// Position before its first event.
    before: i64,
    at: Timestamp,
}

impl Log {
    /// Writes all of these streams or none, and answers once they are durable: one commit, in consecutive positions,
    /// in the order given. Several times as fast as appending, and the order of the log is held meanwhile: it is for
    /// history that comes from elsewhere, not for what happens now.
    pub async fn import(&self, histories: Vec<History>) -> Result<Vec<Committed>, ImportError> {
        let pending = chain(histories)?;
        if pending.is_empty() {
            return Ok(Vec::new());
        }
        let mut client = self.connector().connect_appender().await?;
        client
            .batch_execute(include_str!("sql/ensure_partitions.sql"))
            .await
            .map_err(ImportError::database("making room for an import"))?;
        let type_ids = self.types_of(&client, &pending).await?;
        let transaction = client.transaction().await.map_err(ImportError::database("beginning an import"))?;
        let numbers = create_streams(&transaction, &pending).await?;
        let (places, last) = take_positions(&transaction, &pending, &numbers).await?;
        copy_events(&transaction, &pending, &places, &type_ids)
            .await
            .map_err(ImportError::database("copying events"))?;
        copy_commands(&transaction, &pending, &places)
            .await
            .map_err(ImportError::database("copying commands"))?;
        transaction
            .execute("select pg_notify('tape_events', $1)", &[&last.to_string()])
            .await
            .map_err(ImportError::database("announcing an import"))?;
        transaction.commit().await.map_err(ImportError::database("committing an import"))?;
        super::durable::advance(&self.inner.head, last);
        let committed = pending.iter().zip(&places);
        Ok(committed.map(|(pending, place)| batch::committed(pending, place.before + 1, place.at)).collect())
    }

    /// The numbers of all event types in `pending`.
    async fn types_of(
        &self,
        client: &tokio_postgres::Client,
        pending: &[Pending],
    ) -> Result<HashMap<(&'static str, u16), i32>, ImportError> {
        let mut numbers = HashMap::new();
        for event in pending.iter().flat_map(|pending| &pending.append.events) {
            let name = (event.event_type, event.schema_version);
            if let Entry::Vacant(unknown) = numbers.entry(name) {
                let number = self.inner.types.number_of(client, name.0, name.1).await;
                unknown.insert(number.map_err(ImportError::database("registering event types"))?);
            }
        }
        Ok(numbers)
    }
}

/// Numbers and hashes every event, before anything is held in the database.
fn chain(histories: Vec<History>) -> Result<Vec<Pending>, ImportError> {
    let events = histories.iter().map(|history| history.events.len()).sum();
    if events > IMPORT_EVENTS_MAX {
        return Err(ImportError::TooMany { events });
    }
    let mut names = BTreeSet::new();
    if let Some(twice) = histories.iter().find(|history| !names.insert(&history.stream)) {
        return Err(ImportError::Twice { stream: twice.stream.clone() });
    }
    histories
        .into_iter()
        .map(|History { stream, asked, events }| {
            Pending::chain(Append { stream, expected: Expected::NoStream, asked, events }, StreamTip::EMPTY)
        })
        .collect::<Result<_, _>>()
        .map_err(ImportError::Malformed)
}

/// Makes the streams and answers with their numbers, in the order of `pending`.
async fn create_streams(transaction: &Transaction<'_>, pending: &[Pending]) -> Result<Vec<i64>, ImportError> {
    let streams = || pending.iter().map(|pending| &pending.append.stream);
    let tenants: Vec<i32> = streams().map(|stream| stream.tenant().0).collect();
    let categories: Vec<&str> = streams().map(StreamName::category).collect();
    let keys: Vec<&str> = streams().map(StreamName::key).collect();
    let versions: Vec<i64> = pending.iter().map(|pending| pending.after.version.0).collect();
    let hashes: Vec<&[u8]> = pending.iter().map(|pending| pending.after.hash.0.as_slice()).collect();
    let rows = transaction
        .query(include_str!("sql/import_streams.sql"), &[&tenants, &categories, &keys, &versions, &hashes])
        .await
        .map_err(ImportError::database("creating streams"))?;
    let created: HashMap<StreamName, i64> =
        rows.iter().map(super::read::name_of).map(|(number, stream)| (stream, number)).collect();
    streams()
        .map(|stream| match created.get(stream) {
            Some(number) => Ok(*number),
            None => Err(ImportError::Exists { stream: stream.clone() }),
        })
        .collect()
}

/// Moves the head over all events, which holds the order of the log; answers with each stream's place in it, and
/// with the last position.
async fn take_positions(
    transaction: &Transaction<'_>,
    pending: &[Pending],
    numbers: &[i64],
) -> Result<(Vec<Place>, Position), ImportError> {
    let count = |pending: &Pending| i64::try_from(pending.append.events.len()).unwrap_or(i64::MAX);
    let row = transaction
        .query_one(include_str!("sql/import_head.sql"), &[&pending.iter().map(count).sum::<i64>()])
        .await
        .map_err(ImportError::database("taking positions"))?;
    let at: Timestamp = row.get("last_at");
    let mut before: i64 = row.get("base");
    let places = pending.iter().zip(numbers).map(|(pending, stream_no)| {
        let place = Place { stream_no: *stream_no, before, at };
        before += count(pending);
        place
    });
    Ok((places.collect(), Position(row.get("last_seq"))))
}

async fn copy_events(
    transaction: &Transaction<'_>,
    pending: &[Pending],
    places: &[Place],
    type_ids: &HashMap<(&'static str, u16), i32>,
) -> Result<(), tokio_postgres::Error> {
    const TYPES: [Type; 14] = [
        Type::INT8,
        Type::INT8,
        Type::INT8,
        Type::TIMESTAMPTZ,
        Type::TIMESTAMPTZ,
        Type::UUID,
        Type::UUID,
        Type::INT8,
        Type::INT4,
        Type::INT2,
        Type::INT2,
        Type::BYTEA,
        Type::BYTEA,
        Type::BYTEA,
    ];
    let sink = transaction.copy_in(include_str!("sql/import_events.sql")).await?;
    let mut writer = pin!(BinaryCopyInWriter::new(sink, &TYPES));
    for (pending, place) in pending.iter().zip(places) {
        let append = &pending.append;
        for ((event, hashed), version) in append.events.iter().zip(&pending.hashed).zip(1_i64..) {
            let Some(asked) = append.asked.get(hashed.asked) else { continue };
            let Some(type_id) = type_ids.get(&(event.event_type, event.schema_version)) else { continue };
            writer
                .as_mut()
                .write(&[
                    &(place.before + version),
                    &place.stream_no,
                    &version,
                    &place.at,
                    &event.occurred_at,
                    &asked.command_id.uuid(),
                    &asked.correlation_id,
                    &asked.causation.map(|position| position.0),
                    type_id,
                    &i16::try_from(event.schema_version).unwrap_or(i16::MAX),
                    &event.codec.number(),
                    &hashed.hash.0.as_slice(),
                    &hashed.meta.as_deref(),
                    &event.payload.as_ref(),
                ])
                .await?;
        }
    }
    writer.finish().await?;
    Ok(())
}

async fn copy_commands(
    transaction: &Transaction<'_>,
    pending: &[Pending],
    places: &[Place],
) -> Result<(), tokio_postgres::Error> {
    const TYPES: [Type; 9] = [
        Type::UUID,
        Type::INT8,
        Type::INT2,
        Type::INT8,
        Type::INT8,
        Type::INT8,
        Type::BYTEA,
        Type::BYTEA,
        Type::TIMESTAMPTZ,
    ];
    const ACCEPTED: i16 = 0;
    let sink = transaction.copy_in(include_str!("sql/import_commands.sql")).await?;
    let mut writer = pin!(BinaryCopyInWriter::new(sink, &TYPES));
    for (pending, place) in pending.iter().zip(places) {
        let mut done = 0_i64;
        for asked in pending.append.asked.iter().filter(|asked| asked.events > 0) {
            let first = done + 1;
            done += i64::try_from(asked.events).unwrap_or(i64::MAX);
            writer
                .as_mut()
                .write(&[
                    &asked.command_id.uuid(),
                    &place.stream_no,
                    &ACCEPTED,
                    &first,
                    &done,
                    &(place.before + first),
                    &asked.request_hash.as_ref().map(<[u8; 32]>::as_slice),
                    &asked.reply.as_deref(),
                    &place.at,
                ])
                .await?;
        }
    }
    writer.finish().await?;
    Ok(())
}
