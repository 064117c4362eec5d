//! One batch of appends as the parameters of one statement, and its rows as verdicts.

use bytes::Bytes;
use jiff::Timestamp;
use tokio_postgres::error::SqlState;
use tokio_postgres::types::{ToSql, Type};
use tokio_postgres::{Client, Row, Statement};
use uuid::Uuid;

use super::queue::Ticket;
use super::verdict::{Answer, Committed, Pending};
use crate::{CommandId, Position, StreamName, Version};

/// The types of the parameters of `append.sql`, stated so that preparing needs no inference.
const PARAMETERS: [Type; 28] = [
    Type::INT4_ARRAY,
    Type::INT8_ARRAY,
    Type::INT4_ARRAY,
    Type::TEXT_ARRAY,
    Type::TEXT_ARRAY,
    Type::INT8_ARRAY,
    Type::INT4_ARRAY,
    Type::BYTEA_ARRAY,
    Type::BYTEA_ARRAY,
    Type::INT4_ARRAY,
    Type::UUID_ARRAY,
    Type::INT4_ARRAY,
    Type::INT4_ARRAY,
    Type::BYTEA_ARRAY,
    Type::BYTEA_ARRAY,
    Type::INT4_ARRAY,
    Type::INT4_ARRAY,
    Type::INT4_ARRAY,
    Type::INT2_ARRAY,
    Type::INT2_ARRAY,
    Type::TIMESTAMPTZ_ARRAY,
    Type::UUID_ARRAY,
    Type::UUID_ARRAY,
    Type::INT8_ARRAY,
    Type::BYTEA_ARRAY,
    Type::BYTEA_ARRAY,
    Type::BYTEA_ARRAY,
    Type::BOOL,
];

/// The types of the parameters of `append_one.sql`: scalars for the append, then the arrays of its commands and events.
const PARAMETERS_OF_ONE: [Type; 24] = [
    Type::INT8,
    Type::INT4,
    Type::TEXT,
    Type::TEXT,
    Type::INT8,
    Type::INT4,
    Type::BYTEA,
    Type::BYTEA,
    Type::UUID_ARRAY,
    Type::INT4_ARRAY,
    Type::INT4_ARRAY,
    Type::BYTEA_ARRAY,
    Type::BYTEA_ARRAY,
    Type::INT4_ARRAY,
    Type::INT4_ARRAY,
    Type::INT2_ARRAY,
    Type::INT2_ARRAY,
    Type::TIMESTAMPTZ_ARRAY,
    Type::UUID_ARRAY,
    Type::UUID_ARRAY,
    Type::INT8_ARRAY,
    Type::BYTEA_ARRAY,
    Type::BYTEA_ARRAY,
    Type::BYTEA_ARRAY,
];

/// Prepares the statement for many appends.
pub(super) async fn prepare(client: &Client) -> Result<Statement, tokio_postgres::Error> {
    client.prepare_typed(include_str!("sql/append.sql"), &PARAMETERS).await
}

/// Prepares the statement for a lone append of any kind.
pub(super) async fn prepare_one(client: &Client) -> Result<Statement, tokio_postgres::Error> {
    client.prepare_typed(include_str!("sql/append_one.sql"), &PARAMETERS_OF_ONE).await
}

/// One append of a batch, with the numbers that the database knows its names by.
#[derive(Clone, Copy)]
pub(super) struct Outgoing<'a> {
    pub(super) pending: &'a Pending,
    /// Of its events.
    pub(super) type_ids: &'a [i32],
    /// Of its stream; without it the stream is looked up by its name.
    pub(super) stream_no: Option<i64>,
}

impl<'a> From<&'a Ticket> for Outgoing<'a> {
    fn from(ticket: &'a Ticket) -> Self {
        Self { pending: &ticket.pending, type_ids: &ticket.type_ids, stream_no: ticket.stream_no }
    }
}

#[derive(Default)]
struct Columns<'a> {
    append: AppendColumns<'a>,
    asked: AskedColumns<'a>,
    event: EventColumns<'a>,
}

#[derive(Default)]
struct AppendColumns<'a> {
    ordinal: Vec<i32>,
    stream_no: Vec<Option<i64>>,
    tenant: Vec<Option<i32>>,
    category: Vec<Option<&'a str>>,
    key: Vec<Option<&'a str>>,
    expected: Vec<i64>,
    events: Vec<i32>,
    hash_before: Vec<&'a [u8]>,
    hash_after: Vec<&'a [u8]>,
}

#[derive(Default)]
struct AskedColumns<'a> {
    ordinal: Vec<i32>,
    command_id: Vec<Uuid>,
    skipped: Vec<i32>,
    events: Vec<i32>,
    request_hash: Vec<Option<&'a [u8]>>,
    reply: Vec<Option<&'a [u8]>>,
}

#[derive(Default)]
struct EventColumns<'a> {
    ordinal: Vec<i32>,
    place: Vec<i32>,
    type_id: Vec<i32>,
    schema_version: Vec<i16>,
    codec: Vec<i16>,
    occurred_at: Vec<Option<Timestamp>>,
    command_id: Vec<Uuid>,
    correlation_id: Vec<Option<Uuid>>,
    causation: Vec<Option<i64>>,
    hash: Vec<&'a [u8]>,
    meta: Vec<Option<&'a [u8]>>,
    payload: Vec<&'a [u8]>,
}

fn small(number: usize) -> i32 {
    i32::try_from(number).unwrap_or(i32::MAX)
}

/// A column of what is mostly missing: nothing is sent for it while all of it is.
fn sparse<T>(column: &mut Vec<Option<T>>) {
    if column.iter().all(Option::is_none) {
        column.clear();
    }
}

/// The same for a column that mostly holds `usual`.
fn usually(column: &mut Vec<i32>, usual: i32) {
    if column.iter().all(|value| *value == usual) {
        column.clear();
    }
}

impl<'a> Columns<'a> {
    fn of(batch: &[Outgoing<'a>]) -> Self {
        let mut columns = Self::default();
        for (ordinal, outgoing) in batch.iter().enumerate() {
            columns.push(small(ordinal), outgoing);
        }
        if batch.len() > 1 {
            columns.leave_out_what_is_missing();
        }
        columns
    }

    fn leave_out_what_is_missing(&mut self) {
        let (append, asked, event) = (&mut self.append, &mut self.asked, &mut self.event);
        sparse(&mut append.stream_no);
        sparse(&mut append.tenant);
        sparse(&mut append.category);
        sparse(&mut append.key);
        usually(&mut asked.skipped, 0);
        usually(&mut event.place, 1);
        sparse(&mut asked.request_hash);
        sparse(&mut asked.reply);
        sparse(&mut event.occurred_at);
        sparse(&mut event.correlation_id);
        sparse(&mut event.causation);
        sparse(&mut event.meta);
    }

    fn push(&mut self, ordinal: i32, Outgoing { pending, type_ids, stream_no }: &Outgoing<'a>) {
        let append = &pending.append;
        // A new stream is made under its name, whatever is believed to be its number.
        let stream_no = stream_no.filter(|_| pending.before.version != Version::NONE);
        let named = stream_no.is_none().then_some(&append.stream);
        self.append.ordinal.push(ordinal);
        self.append.stream_no.push(stream_no);
        self.append.tenant.push(named.map(|stream| stream.tenant().0));
        self.append.category.push(named.map(StreamName::category));
        self.append.key.push(named.map(StreamName::key));
        self.append.expected.push(pending.before.version.0);
        self.append.events.push(small(append.events.len()));
        self.append.hash_before.push(&pending.before.hash.0);
        self.append.hash_after.push(&pending.after.hash.0);
        let mut skipped = 0;
        for asked in append.asked.iter().filter(|asked| asked.events > 0) {
            self.asked.ordinal.push(ordinal);
            self.asked.command_id.push(asked.command_id.uuid());
            self.asked.skipped.push(skipped);
            self.asked.events.push(small(asked.events));
            self.asked.request_hash.push(asked.request_hash.as_ref().map(<[u8; 32]>::as_slice));
            self.asked.reply.push(asked.reply.as_deref());
            skipped = skipped.saturating_add(small(asked.events));
        }
        for (place, ((event, hashed), type_id)) in
            append.events.iter().zip(&pending.hashed).zip(*type_ids).enumerate()
        {
            let Some(asked) = append.asked.get(hashed.asked) else { continue };
            self.event.ordinal.push(ordinal);
            self.event.place.push(small(place + 1));
            self.event.type_id.push(*type_id);
            self.event.schema_version.push(i16::try_from(event.schema_version).unwrap_or(i16::MAX));
            self.event.codec.push(event.codec.number());
            self.event.occurred_at.push(event.occurred_at);
            self.event.command_id.push(asked.command_id.uuid());
            self.event.correlation_id.push(asked.correlation_id);
            self.event.causation.push(asked.causation.map(|position| position.0));
            self.event.hash.push(&hashed.hash.0);
            self.event.meta.push(hashed.meta.as_deref());
            self.event.payload.push(&event.payload);
        }
    }

    /// The parameters of `append_one.sql`; `None` when the batch is not of one append with events.
    fn parameters_of_one(&self) -> Option<[&(dyn ToSql + Sync); 24]> {
        let (append, asked, event) = (&self.append, &self.asked, &self.event);
        let ([stream_no], [tenant], [category], [key], [expected], [events], [before], [after]) = (
            append.stream_no.as_slice(),
            append.tenant.as_slice(),
            append.category.as_slice(),
            append.key.as_slice(),
            append.expected.as_slice(),
            append.events.as_slice(),
            append.hash_before.as_slice(),
            append.hash_after.as_slice(),
        ) else {
            return None;
        };
        Some([
            stream_no,
            tenant,
            category,
            key,
            expected,
            events,
            before,
            after,
            &asked.command_id,
            &asked.skipped,
            &asked.events,
            &asked.request_hash,
            &asked.reply,
            &event.place,
            &event.type_id,
            &event.schema_version,
            &event.codec,
            &event.occurred_at,
            &event.command_id,
            &event.correlation_id,
            &event.causation,
            &event.hash,
            &event.meta,
            &event.payload,
        ])
    }

    fn parameters<'b>(&'b self, look: &'b bool) -> [&'b (dyn ToSql + Sync); 28] {
        let (append, asked, event) = (&self.append, &self.asked, &self.event);
        [
            &append.ordinal,
            &append.stream_no,
            &append.tenant,
            &append.category,
            &append.key,
            &append.expected,
            &append.events,
            &append.hash_before,
            &append.hash_after,
            &asked.ordinal,
            &asked.command_id,
            &asked.skipped,
            &asked.events,
            &asked.request_hash,
            &asked.reply,
            &event.ordinal,
            &event.place,
            &event.type_id,
            &event.schema_version,
            &event.codec,
            &event.occurred_at,
            &event.command_id,
            &event.correlation_id,
            &event.causation,
            &event.hash,
            &event.meta,
            &event.payload,
            look,
        ]
    }
}

/// What became of one append of a batch.
#[derive(Debug)]
pub(super) enum Verdict {
    Committed { stream_no: i64, first: Option<i64>, at: Option<Timestamp> },
    Duplicate(Box<Answer>),
    Conflict,
}

/// Sends the batch: one statement, one round trip, one commit. The verdicts are in the order of the batch.
pub(super) async fn send<C: tokio_postgres::GenericClient>(
    client: &C,
    statement: &Statement,
    batch: &[Outgoing<'_>],
) -> Result<Vec<Verdict>, tokio_postgres::Error> {
    send_looking(client, statement, batch, true).await
}

/// The same without looking for earlier answers first: most batches have none. Those who lost, or all where a key
/// refused the batch, are sent again and looked for.
pub(super) async fn send_fresh(
    client: &Client,
    statement: &Statement,
    batch: &[Outgoing<'_>],
) -> Result<Vec<Verdict>, tokio_postgres::Error> {
    let mut verdicts = match send_looking(client, statement, batch, false).await {
        Ok(verdicts) => verdicts,
        Err(error) if error.code() == Some(&SqlState::UNIQUE_VIOLATION) => {
            return send(client, statement, batch).await;
        }
        Err(error) => return Err(error),
    };
    let mut lost: Vec<(&mut Verdict, Outgoing<'_>)> = verdicts
        .iter_mut()
        .zip(batch)
        .filter(|(verdict, _)| matches!(verdict, Verdict::Conflict))
        .map(|(verdict, outgoing)| (verdict, *outgoing))
        .collect();
    if !lost.is_empty() {
        let again: Vec<Outgoing<'_>> = lost.iter().map(|(_, outgoing)| *outgoing).collect();
        for ((slot, _), verdict) in lost.iter_mut().zip(send(client, statement, &again).await?) {
            **slot = verdict;
        }
    }
    Ok(verdicts)
}

async fn send_looking<C: tokio_postgres::GenericClient>(
    client: &C,
    statement: &Statement,
    batch: &[Outgoing<'_>],
    look: bool,
) -> Result<Vec<Verdict>, tokio_postgres::Error> {
    let columns = Columns::of(batch);
    let rows = client.query(statement, &columns.parameters(&look)).await?;
    Ok(verdicts(&rows, batch.len()))
}

/// Sends a lone append with the statement of [`prepare_one`]; `None` where it lost, or what asked for it was answered.
pub(super) async fn send_one(
    client: &Client,
    statement: &Statement,
    outgoing: Outgoing<'_>,
) -> Result<Option<Verdict>, tokio_postgres::Error> {
    let columns = Columns::of(&[outgoing]);
    let Some(parameters) = columns.parameters_of_one() else { return Ok(None) };
    let row = client.query_opt(statement, &parameters).await?;
    Ok(row.map(|row| Verdict::Committed { stream_no: row.get(0), first: row.get(1), at: row.get(2) }))
}

/// What is missing from the rows has lost.
fn verdicts(rows: &[Row], appends: usize) -> Vec<Verdict> {
    let mut verdicts: Vec<Verdict> = std::iter::repeat_with(|| Verdict::Conflict).take(appends).collect();
    for row in rows {
        let ordinal = usize::try_from(row.get::<_, i32>(0)).unwrap_or(usize::MAX);
        if let Some(slot) = verdicts.get_mut(ordinal) {
            *slot = match row.get::<_, Option<Uuid>>(4) {
                None => Verdict::Committed { stream_no: row.get(1), first: row.get(2), at: row.get(3) },
                Some(_) => Verdict::Duplicate(Box::new(answer_of(row))),
            };
        }
    }
    verdicts
}

/// An answer from a row of: ordinal, stream, first_seq, at, command_id, from_version, to_version, request_hash, reply.
pub(super) fn answer_of(row: &Row) -> Answer {
    let (from, to): (i64, i64) = (row.get(5), row.get(6));
    let first: i64 = row.get(2);
    Answer {
        command_id: CommandId::from_uuid(row.get(4)),
        from_version: Version(from),
        to_version: Version(to),
        first: Position(first),
        last: Position(first + (to - from)),
        request_hash: row.get::<_, Option<&[u8]>>(7).and_then(|bytes| bytes.try_into().ok()),
        reply: row.get::<_, Option<&[u8]>>(8).map(Bytes::copy_from_slice),
        at: row.get(3),
    }
}

/// What a committed append is told.
pub(super) fn committed(pending: &Pending, first: i64, at: Timestamp) -> Committed {
    let count = i64::try_from(pending.append.events.len()).unwrap_or(i64::MAX);
    Committed { first: Position(first), last: Position(first + count - 1), tip: pending.after, at }
}
