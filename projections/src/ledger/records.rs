//! The complete ledger, record by record: expanded from a chunk's executions by the domain itself, so that what is
//! shown here and what a replay says cannot differ.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use events::run::ledger::{Ledger, LedgerRecord};
use events::run::{BarsClosed, RunEvent};
use events::{Quantity, RunId, Symbol};
use serde::{Serialize, Serializer};
use tokio_postgres::Row;
use tokio_postgres::types::Json;

use super::{fills, imported, signed};
use crate::database::{Columns, QueryError};
use crate::page::{InvalidCursor, Page, decode, encode};
use crate::reader::Reader;

/// A place in a list that is ordered by ledger record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RecordCursor(pub u64);

const BY_RECORD: &str = "record";

impl fmt::Display for RecordCursor {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&encode(BY_RECORD, &self.0.to_string()))
    }
}

impl FromStr for RecordCursor {
    type Err = InvalidCursor;

    fn from_str(text: &str) -> Result<Self, InvalidCursor> {
        decode(BY_RECORD, text)?.parse().map(Self).map_err(|_| InvalidCursor)
    }
}

impl Serialize for RecordCursor {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// The ledger of a run by record, without gaps, up to its last closed bar: executions, and for each bar without any a
/// record that says so and carries the account forward.
pub async fn records(
    client: &impl Reader,
    run: RunId,
    after: Option<RecordCursor>,
    limit: u16,
) -> Result<Page<LedgerRecord, RecordCursor>, QueryError> {
    let mut next = after.map_or(0, |cursor| cursor.0.saturating_add(1));
    let mut found: Vec<LedgerRecord> = Vec::new();
    while found.len() <= usize::from(limit) {
        let chunk = chunk_from(client, run, next).await?;
        let wanted = usize::from(limit) + 1 - found.len();
        found.extend(chunk.into_iter().take(wanted));
        match found.last() {
            Some(last) if last.id >= next => next = last.id.saturating_add(1),
            Some(_) | None => break,
        }
    }
    Ok(Page::of(found, limit, |last| RecordCursor(last.id)))
}

/// The last record of a run's ledger: what the account holds.
pub async fn last_record(client: &impl Reader, run: RunId) -> Result<Option<LedgerRecord>, QueryError> {
    Ok(chunk_at(client, run, u64::MAX).await?.pop())
}

/// The records from `record` to the end of its chunk; none after the last.
pub(crate) async fn chunk_from(
    client: &impl Reader,
    run: RunId,
    record: u64,
) -> Result<Vec<LedgerRecord>, QueryError> {
    let mut chunk = chunk_at(client, run, record).await?;
    chunk.retain(|found| found.id >= record);
    Ok(chunk)
}

/// All records of the chunk that holds `record`, or of the last one before it.
async fn chunk_at(client: &impl Reader, run: RunId, record: u64) -> Result<Vec<LedgerRecord>, QueryError> {
    const OPERATION: &str = "reading the ledger of a run";
    let rows = client
        .query(include_str!("../sql/ledger/chunk.sql"), &[&run.uuid(), &signed(record)])
        .await
        .map_err(QueryError::during(OPERATION))?;
    let Some(row) = rows.first() else { return Ok(Vec::new()) };
    let (closed, before) = chunk_of(row, OPERATION)?;
    let filled = fills::read(client, run, closed.first_record..closed.next_record(), i64::MAX).await?;
    let besides = imported::read(client, run, closed.first_record..closed.next_record()).await?;
    let mut ledger = Ledger::resumed(before);
    let mut filled = filled.into_iter().peekable();
    for (record, event) in &besides {
        while let Some(fill) = filled.next_if(|fill| fill.record < *record) {
            ledger.fold(&RunEvent::OrderFilled(fill.event()));
        }
        ledger.fold(event);
    }
    for fill in filled {
        ledger.fold(&RunEvent::OrderFilled(fill.event()));
    }
    Ok(ledger.fold(&RunEvent::BarsClosed(closed)))
}

/// A chunk as its event closed it, as far as the ledger goes, and the shares held before it.
fn chunk_of(
    row: &Row,
    operation: &'static str,
) -> Result<(BarsClosed, BTreeMap<Symbol, Quantity>), QueryError> {
    let columns = Columns::of(row, operation);
    let counts: Vec<i32> = columns.get("bar_records")?;
    let counts = counts.into_iter().map(u32::try_from).collect::<Result<Vec<_>, _>>();
    let positions: Option<Json<BTreeMap<Symbol, Quantity>>> = columns.get("positions")?;
    let mut positions = positions.map(|Json(positions)| positions).unwrap_or_default();
    positions.retain(|_, shares| !shares.is_zero());
    let closed = BarsClosed {
        first_bar: columns.number::<i32, _>("first_bar")?,
        first_record: columns.number::<i64, _>("first_record")?,
        bar_starts_s: columns.get("bar_starts_s")?,
        cash: columns.cash_per_bar("cash")?,
        value: Vec::new(),
        records: counts.map_err(|error| QueryError::unreadable(operation, error))?,
        provisional: false,
        session: None,
    };
    Ok((closed, positions))
}
