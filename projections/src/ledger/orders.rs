//! Orders that broke a rule, and orders that had to wait.

use events::policy::{Order, OrderId, Refusal};
use events::{Position, RunId, Symbol};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use tokio_postgres::Row;
use tokio_postgres::types::Json;

use crate::database::{Columns, QueryError};
use crate::equity::instant;
use crate::page::{Page, PositionCursor, rows_for};
use crate::reader::Reader;

/// An order that broke a rule and changed nothing.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct RefusedRow {
    /// The bar of the run.
    pub bar: u32,
    /// When the bar starts (UTC).
    pub bar_start_at: Timestamp,
    /// Its place among the orders of the run.
    pub order_id: OrderId,
    /// What it was about.
    pub symbol: Symbol,
    /// What it wanted.
    pub order: Order,
    /// The stable name of the broken rule.
    pub cause: String,
    /// The broken rule with its figures.
    pub refusal: Refusal,
    /// The broken rule as a sentence.
    pub message: String,
    /// The event that recorded it.
    pub log_position: Position,
}

/// What became of an order that had to wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OrderState {
    /// It waits still.
    Waiting,
    /// It was executed.
    Filled,
    /// It broke a rule when its turn came.
    Refused,
    /// It reached the end of its day, or of the run.
    Expired,
    /// The run was cancelled or failed.
    Cancelled,
}

impl OrderState {
    /// The name used in the API and the database.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Filled => "filled",
            Self::Refused => "refused",
            Self::Expired => "expired",
            Self::Cancelled => "cancelled",
        }
    }
}

/// An order that had to wait.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct WaitingOrder {
    /// Its place among the orders of the run.
    pub order_id: OrderId,
    /// The bar in which it was accepted.
    pub accepted_bar: u32,
    /// When that bar starts (UTC).
    pub bar_start_at: Timestamp,
    /// What it wants.
    pub order: Order,
    /// What became of it.
    pub state: OrderState,
    /// The bar in which its waiting ended.
    pub ended_bar: Option<u32>,
    /// The ledger record of its execution.
    pub record: Option<u64>,
}

/// Refused orders of a run, in the order in which they were refused.
pub async fn refusals(
    client: &impl Reader,
    run: RunId,
    after: Option<PositionCursor>,
    limit: u16,
) -> Result<Page<RefusedRow>, QueryError> {
    const OPERATION: &str = "listing the refused orders of a run";
    let after = after.map_or(0, |cursor| cursor.0.0);
    let rows = client
        .query(include_str!("../sql/ledger/refusals.sql"), &[&run.uuid(), &after, &rows_for(limit)])
        .await
        .map_err(QueryError::during(OPERATION))?;
    let found = rows.iter().map(|row| refused_of(row, OPERATION)).collect::<Result<Vec<_>, _>>()?;
    Ok(Page::of(found, limit, |last| PositionCursor(last.log_position)))
}

/// Orders of a run that had to wait, by order; `state` narrows the list, `after` is the last order seen.
pub async fn waiting_orders(
    client: &impl Reader,
    run: RunId,
    state: Option<OrderState>,
    after: Option<OrderId>,
    limit: u16,
) -> Result<Page<WaitingOrder, OrderId>, QueryError> {
    const OPERATION: &str = "listing the waiting orders of a run";
    let after = after.map_or(-1, |order| super::signed(order.0));
    let state = state.map(OrderState::name);
    let rows = client
        .query(include_str!("../sql/ledger/orders.sql"), &[&run.uuid(), &state, &after, &rows_for(limit)])
        .await
        .map_err(QueryError::during(OPERATION))?;
    let found = rows.iter().map(|row| order_of(row, OPERATION)).collect::<Result<Vec<_>, _>>()?;
    Ok(Page::of(found, limit, |last| last.order_id))
}

fn refused_of(row: &Row, operation: &'static str) -> Result<RefusedRow, QueryError> {
    let columns = Columns::of(row, operation);
    let refusal = columns.get::<Json<Refusal>>("refusal")?.0;
    Ok(RefusedRow {
        bar: columns.number::<i32, _>("bar")?,
        bar_start_at: instant(columns.get("bar_start_s")?, operation)?,
        order_id: OrderId(columns.number::<i64, _>("order_id")?),
        symbol: columns.parsed("symbol")?,
        order: columns.get::<Json<Order>>("placed")?.0,
        cause: columns.get("cause")?,
        message: refusal.to_string(),
        refusal,
        log_position: Position(columns.get("seq")?),
    })
}

fn order_of(row: &Row, operation: &'static str) -> Result<WaitingOrder, QueryError> {
    let columns = Columns::of(row, operation);
    let bar = |bar: i32| u32::try_from(bar).map_err(|error| QueryError::unreadable(operation, error));
    let record =
        |record: i64| u64::try_from(record).map_err(|error| QueryError::unreadable(operation, error));
    Ok(WaitingOrder {
        order_id: OrderId(columns.number::<i64, _>("order_id")?),
        accepted_bar: columns.number::<i32, _>("accepted_bar")?,
        bar_start_at: instant(columns.get("bar_start_s")?, operation)?,
        order: columns.get::<Json<Order>>("placed")?.0,
        state: columns.named("state")?,
        ended_bar: columns.get::<Option<i32>>("ended_bar")?.map(bar).transpose()?,
        record: columns.get::<Option<i64>>("record")?.map(record).transpose()?,
    })
}
