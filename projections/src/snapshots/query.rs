//! What is asked of snapshots, and of the calculations that made them.

use events::portfolio::valuation::Snapshot;
use events::valuation::{Completed, ComputedFrom};
use events::{CalculationId, PortfolioId, Position, Principal, Version};
use jiff::Timestamp;
use jiff::civil::Date;
use tokio_postgres::Row;

use crate::database::{Columns, QueryError};
use crate::portfolios::KnownAt;
use crate::reader::Reader;

/// A snapshot with what it was computed from.
#[derive(Debug, Clone, PartialEq)]
pub struct SnapshotRow {
    /// The portfolio at the close.
    pub snapshot: Snapshot,
    /// What it follows from.
    pub computed_from: ComputedFrom,
    /// The event that recorded it.
    pub position: Position,
    /// When that was (UTC).
    pub recorded_at: Timestamp,
}

/// Whether snapshots come with what each lot earned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lots {
    /// They do.
    Included,
    /// Their lots are empty.
    LeftOut,
}

/// What an open portfolio was valued from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Valued {
    /// Which.
    pub portfolio_id: PortfolioId,
    /// Its version now.
    pub version: Version,
    /// How far its valuation came; none before the first.
    pub completed: Option<Completed>,
    /// Whether somebody waits for a calculation of it.
    pub is_asked_for: bool,
}

/// A calculation that somebody asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CalculationRow {
    /// Which.
    pub calculation_id: CalculationId,
    /// Who asked.
    pub requested_by: Principal,
    /// When (UTC).
    pub requested_at: Timestamp,
    /// When it ended (UTC), once it has.
    pub ended_at: Option<Timestamp>,
    /// How it stands.
    pub status: CalculationStatus,
}

/// How a calculation stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CalculationStatus {
    /// It is asked for.
    Running,
    /// The snapshots follow from what was there when it was asked for, or later.
    Completed,
    /// It cannot be computed.
    Failed {
        /// Why.
        reason: String,
    },
}

/// The snapshots of the sessions from `first` to `last`, as they were known then.
pub async fn range(
    client: &impl Reader,
    portfolio_id: PortfolioId,
    (first, last): (Date, Date),
    known_at: KnownAt,
    lots: Lots,
) -> Result<Vec<SnapshotRow>, QueryError> {
    const OPERATION: &str = "reading snapshots";
    let (position, instant) = place(known_at);
    let statement = match lots {
        Lots::Included => include_str!("../sql/snapshots/range_with_lots.sql"),
        Lots::LeftOut => include_str!("../sql/snapshots/range.sql"),
    };
    let rows = client.query(statement, &[&portfolio_id.uuid(), &first, &last, &position, &instant]).await;
    rows.map_err(QueryError::during(OPERATION))?.iter().map(|row| snapshot_of(row, OPERATION)).collect()
}

/// The last session on or before a date that has a snapshot.
pub async fn latest_session(
    client: &impl Reader,
    portfolio_id: PortfolioId,
    last: Date,
    known_at: KnownAt,
) -> Result<Option<Date>, QueryError> {
    const OPERATION: &str = "finding the last snapshot";
    let (position, instant) = place(known_at);
    let statement = include_str!("../sql/snapshots/latest_session.sql");
    let row = client.query_opt(statement, &[&portfolio_id.uuid(), &last, &position, &instant]).await;
    let row = row.map_err(QueryError::during(OPERATION))?;
    row.map(|row| Columns::of(&row, OPERATION).get("session")).transpose()
}

/// A calculation of a portfolio.
pub async fn calculation(
    client: &impl Reader,
    portfolio_id: PortfolioId,
    calculation_id: CalculationId,
) -> Result<Option<CalculationRow>, QueryError> {
    const OPERATION: &str = "finding a calculation";
    let statement = include_str!("../sql/snapshots/calculation.sql");
    let row = client.query_opt(statement, &[&portfolio_id.uuid(), &calculation_id.uuid()]).await;
    let Some(row) = row.map_err(QueryError::during(OPERATION))? else { return Ok(None) };
    let columns = Columns::of(&row, OPERATION);
    let ended_at: Option<Timestamp> = columns.get("ended_at")?;
    let failure: Option<String> = columns.get("failure")?;
    let status = match (failure, ended_at) {
        (Some(reason), _) => CalculationStatus::Failed { reason },
        (None, Some(_)) => CalculationStatus::Completed,
        (None, None) => CalculationStatus::Running,
    };
    Ok(Some(CalculationRow {
        calculation_id,
        requested_by: Principal(columns.get("requested_by")?),
        requested_at: columns.get("requested_at")?,
        ended_at,
        status,
    }))
}

/// What every open portfolio was valued from; those that were never valued, and those whose valuation is oldest, first.
pub async fn valued(client: &impl Reader) -> Result<Vec<Valued>, QueryError> {
    const OPERATION: &str = "listing valuations";
    let rows = client.query(include_str!("../sql/snapshots/valued.sql"), &[]).await;
    rows.map_err(QueryError::during(OPERATION))?
        .iter()
        .map(|row| {
            let columns = Columns::of(row, OPERATION);
            let through: Option<Date> = columns.get("through")?;
            let completed = match through {
                Some(through) => Some(Completed { computed_from: inputs_of(&columns)?, through }),
                None => None,
            };
            let portfolio_id = PortfolioId::from_uuid(columns.get("portfolio_id")?);
            let (version, is_asked_for) = (Version(columns.get("version")?), columns.get("is_asked_for")?);
            Ok(Valued { portfolio_id, version, completed, is_asked_for })
        })
        .collect()
}

fn place(known_at: KnownAt) -> (i64, Option<Timestamp>) {
    match known_at {
        KnownAt::Now => (i64::MAX, None),
        KnownAt::Position(position) => (position.0, None),
        KnownAt::Instant(instant) => (i64::MAX, Some(instant)),
    }
}

fn inputs_of(columns: &Columns<'_>) -> Result<ComputedFrom, QueryError> {
    Ok(ComputedFrom {
        method_version: columns.number::<i32, _>("method_version")?,
        portfolio_version: Version(columns.get("portfolio_version")?),
        vintage: columns.get("vintage")?,
    })
}

fn snapshot_of(row: &Row, operation: &'static str) -> Result<SnapshotRow, QueryError> {
    let columns = Columns::of(row, operation);
    let unreadable = |error| QueryError::unreadable(operation, error);
    let snapshot: Snapshot = serde_json::from_str(columns.get("snapshot")?).map_err(unreadable)?;
    let lots = serde_json::from_str(columns.get("lots")?).map_err(unreadable)?;
    Ok(SnapshotRow {
        snapshot: Snapshot { lots, ..snapshot },
        computed_from: inputs_of(&columns)?,
        position: Position(columns.get("known_from")?),
        recorded_at: columns.get("recorded_at")?,
    })
}
