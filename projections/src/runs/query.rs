//! Queries of the runs.

use events::run::{RunFigures, RunSnapshot, RunStatus};
use events::{Cash, Interval, ModelId, Position, Principal, RunId, Symbol, Version};
use jiff::Timestamp;
use serde::Serialize;
use tokio_postgres::Row;
use tokio_postgres::types::Json;

use crate::database::{Columns, QueryError};
use crate::page::{Page, PositionCursor, rows_for};
use crate::reader::Reader;

/// One run, without its snapshot.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct RunSummary {
    /// Which run.
    pub run_id: RunId,
    /// Who asked for it.
    pub owner: Principal,
    /// The model it executes.
    pub model_id: ModelId,
    /// The name of the model when the run was requested.
    pub model_name: String,
    /// Its number among the runs of the model.
    pub run_number: u32,
    /// Where it stands.
    pub status: RunStatus,
    /// The name of its policy.
    pub policy: String,
    /// What may be traded.
    pub symbols: Vec<Symbol>,
    /// Length of a bar.
    pub interval: Interval,
    /// Start of the bar that opens the account (UTC).
    pub first_bar_at: Timestamp,
    /// Start of the last bar (UTC).
    pub last_bar_at: Timestamp,
    /// Cash with which the account is opened.
    pub initial_cash: Cash,
    /// How many bars it has.
    pub bars_total: u32,
    /// How many of them are closed.
    pub bars_done: u32,
    /// Ledger records so far.
    pub records: u64,
    /// Cash after the last closed bar.
    pub cash: Cash,
    /// Cash and positions at the close of the last closed bar.
    pub value: Cash,
    /// Its exact figures, once it is over.
    pub figures: Option<RunFigures>,
    /// Why it failed or was cancelled.
    pub reason: Option<String>,
    /// The event that requested it.
    pub requested_position: Position,
    /// When it was requested (UTC).
    pub requested_at: Timestamp,
    /// When its first bars were closed (UTC).
    pub started_at: Option<Timestamp>,
    /// The event that ended it.
    pub ended_position: Option<Position>,
    /// When it ended (UTC).
    pub ended_at: Option<Timestamp>,
    /// Version of the last event of its stream that is shown here.
    pub version: Version,
}

/// One run with its frozen terms.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct RunDetail {
    /// What the list shows.
    #[serde(flatten)]
    pub run: RunSummary,
    /// Everything that influences it.
    pub snapshot: Box<RunSnapshot>,
}

/// Which runs to list; all by default.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RunFilter {
    /// Only those that this principal asked for.
    pub owner: Option<Principal>,
    /// Only those of this model.
    pub model: Option<ModelId>,
    /// Only those that stand here.
    pub status: Option<RunStatus>,
}

/// Runs, newest first.
pub async fn list(
    client: &impl Reader,
    filter: &RunFilter,
    after: Option<PositionCursor>,
    limit: u16,
) -> Result<Page<RunSummary>, QueryError> {
    const OPERATION: &str = "listing runs";
    let owner = filter.owner.as_ref().map(|owner| owner.0.as_str());
    let (model, status) = (filter.model.map(ModelId::uuid), filter.status.map(RunStatus::name));
    let after = after.map_or(i64::MAX, |cursor| cursor.0.0);
    let rows = client
        .query(include_str!("../sql/runs/list.sql"), &[&owner, &model, &status, &after, &rows_for(limit)])
        .await
        .map_err(QueryError::during(OPERATION))?;
    let found = rows.iter().map(|row| summary_of(row, OPERATION)).collect::<Result<Vec<_>, _>>()?;
    Ok(Page::of(found, limit, |last| PositionCursor(last.requested_position)))
}

/// One run, unless it or its model is deleted.
pub async fn find(client: &impl Reader, run: RunId) -> Result<Option<RunDetail>, QueryError> {
    let found = client.query_opt(include_str!("../sql/runs/find.sql"), &[&run.uuid()]).await;
    detail_of(found)
}

/// A model's run of this number, unless it or the model is deleted.
pub async fn find_by_number(
    client: &impl Reader,
    model: ModelId,
    run_number: u32,
) -> Result<Option<RunDetail>, QueryError> {
    let number = i32::try_from(run_number).unwrap_or(i32::MAX);
    let statement = include_str!("../sql/runs/find_by_number.sql");
    detail_of(client.query_opt(statement, &[&model.uuid(), &number]).await)
}

/// Runs that have bars to go, in the order in which they were requested.
pub async fn unfinished(client: &impl Reader) -> Result<Vec<RunId>, QueryError> {
    const OPERATION: &str = "listing unfinished runs";
    let rows = client
        .query(include_str!("../sql/runs/unfinished.sql"), &[])
        .await
        .map_err(QueryError::during(OPERATION))?;
    rows.iter().map(|row| Ok(RunId::from_uuid(Columns::of(row, OPERATION).get("run_id")?))).collect()
}

fn detail_of(found: Result<Option<Row>, tokio_postgres::Error>) -> Result<Option<RunDetail>, QueryError> {
    const OPERATION: &str = "finding a run";
    let Some(row) = found.map_err(QueryError::during(OPERATION))? else { return Ok(None) };
    let snapshot = Columns::of(&row, OPERATION).get::<Json<Box<RunSnapshot>>>("snapshot")?.0;
    Ok(Some(RunDetail { run: summary_of(&row, OPERATION)?, snapshot }))
}

fn summary_of(row: &Row, operation: &'static str) -> Result<RunSummary, QueryError> {
    let columns = Columns::of(row, operation);
    let symbols: Vec<&str> = columns.get("symbols")?;
    let symbols = symbols.into_iter().map(str::parse).collect::<Result<_, _>>();
    Ok(RunSummary {
        run_id: RunId::from_uuid(columns.get("run_id")?),
        owner: Principal(columns.get("owner")?),
        model_id: ModelId::from_uuid(columns.get("model_id")?),
        model_name: columns.get("model_name")?,
        run_number: columns.number::<i32, _>("run_number")?,
        status: columns.named("status")?,
        policy: columns.get("policy")?,
        symbols: symbols.map_err(|error| QueryError::unreadable(operation, error))?,
        interval: columns.parsed("interval")?,
        first_bar_at: columns.get("first_bar_at")?,
        last_bar_at: columns.get("last_bar_at")?,
        initial_cash: columns.cash("initial_cash")?,
        bars_total: columns.number::<i32, _>("bars_total")?,
        bars_done: columns.number::<i32, _>("bars_done")?,
        records: columns.number::<i64, _>("records")?,
        cash: columns.cash("cash")?,
        value: columns.cash("value")?,
        figures: columns.get::<Option<Json<RunFigures>>>("figures")?.map(|Json(figures)| figures),
        reason: columns.get("reason")?,
        requested_position: Position(columns.get("requested_seq")?),
        requested_at: columns.get("requested_at")?,
        started_at: columns.get("started_at")?,
        ended_position: columns.get::<Option<i64>>("ended_seq")?.map(Position),
        ended_at: columns.get("ended_at")?,
        version: Version(columns.get("version")?),
    })
}
