//! What happened to a portfolio or to one of its lots, and who did it.

use std::fmt;
use std::str::FromStr;

use crate::reader::Reader;
use events::{CommandId, PortfolioId, Position, PositionId, Principal, Version};
use jiff::Timestamp;
use serde_json::Value;
use tokio_postgres::Row;
use tokio_postgres::types::Json;

use crate::database::{Columns, QueryError};
use crate::page::{InvalidCursor, Page, decode, encode, rows_for};

/// One event of a portfolio.
#[derive(Debug, Clone, PartialEq)]
pub struct HistoryEntry {
    /// Its version in the portfolio's stream.
    pub version: Version,
    /// Its place among the events that were stored together, from 0.
    pub place: i32,
    /// Where the log recorded it.
    pub position: Position,
    /// What happened: the name of the event.
    pub event_type: String,
    /// The kind of fact that it changed.
    pub kind: String,
    /// The key of that fact within its kind.
    pub key: String,
    /// Who did it.
    pub principal: Principal,
    /// The administrator who acted as them, where one did.
    pub impersonated_by: Option<Principal>,
    /// In which request.
    pub request_id: Option<String>,
    /// By which command.
    pub command_id: CommandId,
    /// What it says.
    pub event: Value,
    /// When the log learned it (UTC).
    pub recorded_at: Timestamp,
}

/// A place in the history of a portfolio.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HistoryCursor {
    version: Version,
    place: i32,
}

const LIST: &str = "portfolio_history";

impl fmt::Display for HistoryCursor {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&encode(LIST, &format!("{}.{}", self.version, self.place)))
    }
}

impl FromStr for HistoryCursor {
    type Err = InvalidCursor;

    fn from_str(text: &str) -> Result<Self, InvalidCursor> {
        let place = decode(LIST, text)?;
        let (version, place) = place.split_once('.').ok_or(InvalidCursor)?;
        let version = version.parse().map_err(|_| InvalidCursor)?;
        Ok(Self { version: Version(version), place: place.parse().map_err(|_| InvalidCursor)? })
    }
}

/// Whose history is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HistoryOf {
    /// All of a portfolio.
    Portfolio(PortfolioId),
    /// One lot of it, with its marks.
    Lot(PortfolioId, PositionId),
}

/// What happened up to a position, newest first.
pub async fn history(
    client: &impl Reader,
    of: HistoryOf,
    known_until: Position,
    after: Option<HistoryCursor>,
    limit: u16,
) -> Result<Page<HistoryEntry, HistoryCursor>, QueryError> {
    const OPERATION: &str = "reading the history of a portfolio";
    let (portfolio_id, key) = match of {
        HistoryOf::Portfolio(portfolio_id) => (portfolio_id, None),
        HistoryOf::Lot(portfolio_id, position_id) => (portfolio_id, Some(position_id.to_string())),
    };
    let (version, place) = after.map_or((i64::MAX, 0), |cursor| (cursor.version.0, cursor.place));
    let rows = client
        .query(
            include_str!("../sql/portfolios/history.sql"),
            &[&portfolio_id.uuid(), &key, &version, &place, &known_until.0, &rows_for(limit)],
        )
        .await
        .map_err(QueryError::during(OPERATION))?;
    let found = rows.iter().map(|row| entry_of(row, OPERATION)).collect::<Result<Vec<_>, _>>()?;
    Ok(Page::of(found, limit, |last| HistoryCursor { version: last.version, place: last.place }))
}

fn entry_of(row: &Row, operation: &'static str) -> Result<HistoryEntry, QueryError> {
    let columns = Columns::of(row, operation);
    Ok(HistoryEntry {
        version: Version(columns.get("version")?),
        place: columns.get("place")?,
        position: Position(columns.get("seq")?),
        event_type: columns.get("event_type")?,
        kind: columns.get("kind")?,
        key: columns.get("key")?,
        principal: Principal(columns.get("principal")?),
        impersonated_by: columns.get::<Option<String>>("impersonated_by")?.map(Principal),
        request_id: columns.get("request_id")?,
        command_id: CommandId::from_uuid(columns.get("command_id")?),
        event: columns.get::<Json<Value>>("event")?.0,
        recorded_at: columns.get("recorded_at")?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_reads_back_and_only_in_its_own_list() {
        let cursor = HistoryCursor { version: Version(7), place: 300 };
        assert_eq!(cursor.to_string().parse(), Ok(cursor));
        assert_eq!(encode("position", "7").parse::<HistoryCursor>(), Err(InvalidCursor));
    }
}
