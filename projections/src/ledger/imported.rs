//! What ledgers of imported runs have beside executions: lines that executed nothing, and adjustments.

use std::collections::BTreeMap;

use events::run::{AccountAdjusted, LineImported, RunEvent};
use events::{Quantity, RunId, Symbol};
use tokio_postgres::Transaction;
use tokio_postgres::types::Json;

use super::signed;
use crate::ProjectionError;
use crate::database::{Columns, QueryError};
use crate::reader::Reader;

pub(super) async fn write(
    transaction: &Transaction<'_>,
    run: RunId,
    line: &LineImported,
) -> Result<(), ProjectionError> {
    transaction
        .execute(
            include_str!("../sql/ledger/import_line.sql"),
            &[&run.uuid(), &signed(line.record), &Json(line)],
        )
        .await
        .map(drop)
        .map_err(ProjectionError::during("writing a line of an imported ledger"))
}

pub(super) async fn adjust(
    transaction: &Transaction<'_>,
    run: RunId,
    adjusted: &AccountAdjusted,
) -> Result<(), ProjectionError> {
    let positions: BTreeMap<&Symbol, Quantity> =
        adjusted.holdings.iter().map(|holding| (&holding.symbol, holding.position)).collect();
    transaction
        .execute(
            include_str!("../sql/ledger/adjust.sql"),
            &[&run.uuid(), &signed(adjusted.record), &Json(adjusted), &Json(positions)],
        )
        .await
        .map(drop)
        .map_err(ProjectionError::during("writing an adjustment of an imported account"))
}

/// The events of a range of records by record, an adjustment before the line that goes on from it.
pub(super) async fn read(
    client: &impl Reader,
    run: RunId,
    records: std::ops::Range<u64>,
) -> Result<Vec<(u64, RunEvent)>, QueryError> {
    const OPERATION: &str = "reading the lines of an imported run";
    let rows = client
        .query(
            include_str!("../sql/ledger/imported.sql"),
            &[&run.uuid(), &signed(records.start), &signed(records.end)],
        )
        .await
        .map_err(QueryError::during(OPERATION))?;
    let event_of = |row| {
        let columns = Columns::of(row, OPERATION);
        let place: i32 = columns.get("place")?;
        let event = if place == 0 {
            RunEvent::AccountAdjusted(columns.get::<Json<AccountAdjusted>>("event")?.0)
        } else {
            RunEvent::LineImported(columns.get::<Json<LineImported>>("event")?.0)
        };
        Ok((columns.number::<i64, _>("record")?, event))
    };
    rows.iter().map(event_of).collect()
}
