//! Events that a projection could not apply: shown, tried again, or given up for a reason.
//!
//! Every later event of their streams waits behind them, so that a stream is never folded out of order. Whatever is
//! decided here holds the projection's checkpoint, so that its worker neither parks nor applies meanwhile; once nothing
//! of a stream waits any more, the worker applies its next events as before.

use std::collections::BTreeSet;
use std::fmt;

use events::causes::whole_chain;
use events::log::{ConnectError, Log, ReadError};
use events::{Position, StreamName, Tenant};
use jiff::Timestamp;
use serde::Serialize;
use tokio_postgres::{Client, Row, Transaction};

use crate::database::{Columns, QueryError};
use crate::page::{Page, PositionCursor, rows_for};
use crate::reader::Reader;
use crate::{Projection, ProjectionError};

/// What became of a parked event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ParkedState {
    /// It waits.
    Parked,
    /// It was applied later.
    Resolved,
    /// It was given up; no rebuild tries it again.
    Discarded,
}

impl ParkedState {
    /// The name used in the API and the database.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Parked => "parked",
            Self::Resolved => "resolved",
            Self::Discarded => "discarded",
        }
    }
}

impl std::str::FromStr for ParkedState {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        [Self::Parked, Self::Resolved, Self::Discarded]
            .into_iter()
            .find(|state| state.name() == text)
            .ok_or_else(|| format!("{text} is not a state of a parked event"))
    }
}

/// An event that was parked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ParkedEvent {
    /// The projection that could not apply it.
    pub projection: String,
    /// The generation of its fold.
    pub generation: i32,
    /// The event.
    pub position: Position,
    /// Its stream.
    pub stream: StreamName,
    /// Its type.
    pub event_type: String,
    /// How often it was tried; 0 for one that only waits behind another.
    pub attempts: i32,
    /// The kind of error; `behind` for one that only waits.
    pub error_class: String,
    /// What went wrong last.
    pub error_text: String,
    /// What became of it.
    pub state: ParkedState,
    /// When it was parked (UTC).
    pub parked_at: Timestamp,
    /// Who ended its waiting.
    pub resolved_by: Option<String>,
    /// When its waiting ended (UTC).
    pub resolved_at: Option<Timestamp>,
    /// Why it was given up.
    pub resolved_reason: Option<String>,
}

/// Parked events, oldest first; `projection` and `state` narrow the list.
pub async fn list(
    client: &impl Reader,
    projection: Option<&str>,
    state: Option<ParkedState>,
    after: Option<PositionCursor>,
    limit: u16,
) -> Result<Page<ParkedEvent>, QueryError> {
    const OPERATION: &str = "listing parked events";
    let state = state.map(ParkedState::name);
    let after = after.map_or(0, |cursor| cursor.0.0);
    let rows = client
        .query(include_str!("sql/parked/list.sql"), &[&projection, &state, &after, &rows_for(limit)])
        .await
        .map_err(QueryError::during(OPERATION))?;
    let found = rows.iter().map(|row| event_of(row, OPERATION)).collect::<Result<Vec<_>, _>>()?;
    Ok(Page::of(found, limit, |last| PositionCursor(last.position)))
}

/// The parked event of `projection` at `position`.
pub async fn find(
    client: &impl Reader,
    projection: &str,
    position: Position,
) -> Result<Option<ParkedEvent>, QueryError> {
    let before = PositionCursor(Position(position.0.saturating_sub(1)));
    let page = list(client, Some(projection), None, Some(before), 1).await?;
    Ok(page.items.into_iter().find(|event| event.position == position))
}

fn event_of(row: &Row, operation: &'static str) -> Result<ParkedEvent, QueryError> {
    let columns = Columns::of(row, operation);
    Ok(ParkedEvent {
        projection: columns.get("name")?,
        generation: columns.get("generation")?,
        position: Position(columns.get("seq")?),
        stream: StreamName::new(
            Tenant(columns.get("tenant")?),
            columns.get("category")?,
            columns.get::<&str>("stream_id")?,
        ),
        event_type: columns.get("event_type")?,
        attempts: columns.get("attempts")?,
        error_class: columns.get("error_class")?,
        error_text: columns.get("error_text")?,
        state: columns.parsed("state")?,
        parked_at: columns.get("parked_at")?,
        resolved_by: columns.get("resolved_by")?,
        resolved_at: columns.get("resolved_at")?,
        resolved_reason: columns.get("resolved_reason")?,
    })
}

/// Which parked events a verb is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Selection {
    /// The events at these positions.
    Positions(Vec<Position>),
    /// All of a stream.
    Stream(StreamName),
    /// The first so many.
    First(u32),
}

impl fmt::Display for Selection {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Positions(positions) => {
                let positions: Vec<String> = positions.iter().map(ToString::to_string).collect();
                write!(formatter, "at {}", positions.join(", "))
            }
            Self::Stream(stream) => write!(formatter, "of {stream}"),
            Self::First(count) => write!(formatter, "the first {count}"),
        }
    }
}

/// What came of trying again.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Retried {
    /// Events that were applied.
    pub applied: u64,
    /// Events that were given up.
    pub discarded: u64,
    /// Events that still wait.
    pub waiting: u64,
    /// Where a stream could not go on, and why.
    pub failures: Vec<Failure>,
}

/// An event that could not be applied.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Failure {
    /// The event.
    pub position: Position,
    /// What went wrong.
    pub error: String,
}

/// Why parked events could not be handled.
#[derive(Debug, thiserror::Error)]
pub enum ParkedError {
    /// No connection.
    #[error(transparent)]
    Connect(#[from] ConnectError),
    /// The database refused or the connection broke.
    #[error("{operation} failed")]
    Database {
        /// What was attempted.
        operation: &'static str,
        /// What the database said.
        #[source]
        source: tokio_postgres::Error,
    },
    /// A parked event could not be read.
    #[error(transparent)]
    Read(#[from] ReadError),
}

impl ParkedError {
    fn during(operation: &'static str) -> impl FnOnce(tokio_postgres::Error) -> Self {
        move |source| Self::Database { operation, source }
    }
}

/// Tries the streams of the selected events again, each from its first parked event, in order, as far as it goes.
pub async fn retry<P: Projection>(
    projection: &P,
    log: &Log,
    selection: &Selection,
    by: &str,
) -> Result<Retried, ParkedError> {
    let mut client = log.connector().connect().await?;
    let selected = selected::<P>(&client, selection).await?;
    let streams: BTreeSet<i64> = selected.into_iter().map(|(_, stream)| stream).collect();
    let mut retried = Retried::default();
    for stream in streams {
        retry_stream(projection, log, &mut client, stream, by, &mut retried).await?;
    }
    Ok(retried)
}

/// Gives the selected events up for `reason`, then tries what waited behind them.
pub async fn discard<P: Projection>(
    projection: &P,
    log: &Log,
    selection: &Selection,
    reason: &str,
    by: &str,
) -> Result<Retried, ParkedError> {
    let mut client = log.connector().connect().await?;
    let transaction = hold::<P>(&mut client).await?;
    let selected = selected::<P>(&transaction, selection).await?;
    for (position, _) in &selected {
        resolve::<P>(&transaction, *position, ParkedState::Discarded, by, Some(reason)).await?;
    }
    transaction.commit().await.map_err(ParkedError::during("discarding parked events"))?;
    let discarded = u64::try_from(selected.len()).unwrap_or(u64::MAX);
    let mut retried = Retried { discarded, ..Retried::default() };
    let streams: BTreeSet<i64> = selected.into_iter().map(|(_, stream)| stream).collect();
    for stream in streams {
        retry_stream(projection, log, &mut client, stream, by, &mut retried).await?;
    }
    Ok(retried)
}

/// A transaction in which no worker moves the projection.
async fn hold<P: Projection>(client: &mut Client) -> Result<Transaction<'_>, ParkedError> {
    let during = "holding the projection's checkpoint";
    let transaction = client.transaction().await.map_err(ParkedError::during(during))?;
    transaction
        .query(include_str!("sql/parked/lock.sql"), &[&P::NAME, &P::GENERATION])
        .await
        .map_err(ParkedError::during(during))?;
    Ok(transaction)
}

async fn selected<P: Projection>(
    client: &impl Reader,
    selection: &Selection,
) -> Result<Vec<(Position, i64)>, ParkedError> {
    let (name, generation) = (P::NAME, P::GENERATION);
    let rows = match selection {
        Selection::Positions(positions) => {
            let positions: Vec<i64> = positions.iter().map(|position| position.0).collect();
            let statement = include_str!("sql/parked/select_positions.sql");
            client.query(statement, &[&name, &generation, &positions]).await
        }
        Selection::Stream(stream) => {
            let statement = include_str!("sql/parked/select_stream.sql");
            let (tenant, category, key) = (stream.tenant().0, stream.category(), stream.key());
            client.query(statement, &[&name, &generation, &tenant, &category, &key]).await
        }
        Selection::First(count) => {
            let statement = include_str!("sql/parked/select_first.sql");
            client.query(statement, &[&name, &generation, &i64::from(*count)]).await
        }
    }
    .map_err(ParkedError::during("selecting parked events"))?;
    Ok(rows.iter().map(|row| (Position(row.get(0)), row.get(1))).collect())
}

async fn retry_stream<P: Projection>(
    projection: &P,
    log: &Log,
    client: &mut Client,
    stream: i64,
    by: &str,
    retried: &mut Retried,
) -> Result<(), ParkedError> {
    let mut transaction = hold::<P>(client).await?;
    let rows = transaction
        .query(include_str!("sql/parked/of_stream.sql"), &[&P::NAME, &P::GENERATION, &stream])
        .await
        .map_err(ParkedError::during("reading what waits in a stream"))?;
    let mut waiting: Vec<Position> = rows.iter().map(|row| Position(row.get(0))).collect();
    waiting.reverse();
    while let Some(position) = waiting.last().copied() {
        if let Err(error) = apply_one(projection, log, &mut transaction, position).await? {
            let text = whole_chain(&error);
            transaction
                .execute(
                    include_str!("sql/parked/fail.sql"),
                    &[&P::NAME, &P::GENERATION, &position.0, &error.class(), &text],
                )
                .await
                .map_err(ParkedError::during("noting a failed attempt"))?;
            retried.failures.push(Failure { position, error: text });
            break;
        }
        resolve::<P>(&transaction, position, ParkedState::Resolved, by, None).await?;
        retried.applied += 1;
        waiting.pop();
    }
    retried.waiting += u64::try_from(waiting.len()).unwrap_or(u64::MAX);
    transaction.commit().await.map_err(ParkedError::during("committing a retried stream"))
}

/// Applies one event behind a savepoint; the inner error leaves the transaction as it was.
async fn apply_one<P: Projection>(
    projection: &P,
    log: &Log,
    transaction: &mut Transaction<'_>,
    position: Position,
) -> Result<Result<(), ProjectionError>, ParkedError> {
    let Some(event) = log.read_event(position).await? else {
        return Ok(Err(ProjectionError::contradiction("the log has no such event")));
    };
    let savepoint =
        transaction.savepoint("event").await.map_err(ParkedError::during("setting a savepoint"))?;
    let outcome = projection.apply(&savepoint, std::slice::from_ref(&event)).await;
    let ended = match outcome {
        Ok(()) => savepoint.commit().await,
        Err(_) => savepoint.rollback().await,
    };
    ended.map_err(ParkedError::during("ending a savepoint"))?;
    Ok(outcome)
}

async fn resolve<P: Projection>(
    transaction: &Transaction<'_>,
    position: Position,
    state: ParkedState,
    by: &str,
    reason: Option<&str>,
) -> Result<(), ParkedError> {
    transaction
        .execute(
            include_str!("sql/parked/resolve.sql"),
            &[&P::NAME, &P::GENERATION, &position.0, &state.name(), &by, &reason],
        )
        .await
        .map(drop)
        .map_err(ParkedError::during("ending the waiting of an event"))
}
