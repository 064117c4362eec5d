//! Executions: written in bulk, read by record.

use events::policy::{OrderId, OrderSide, Side};
use events::run::{OrderFilled, PriceRule};
use events::time::TradingDay;
use events::{Cash, Position, Price, Quantity, Recorded, RunId, Symbol};
use jiff::Timestamp;
use rust_decimal::Decimal;
use serde::Serialize;
use tokio_postgres::{Row, Transaction};
use uuid::Uuid;

use super::records::RecordCursor;
use super::signed;
use crate::ProjectionError;
use crate::database::{Columns, QueryError};
use crate::equity::instant;
use crate::page::{Page, rows_for};
use crate::reader::Reader;

/// One execution.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Execution {
    /// Its ledger record.
    pub record: u64,
    /// The bar of the run.
    pub bar: u32,
    /// When the bar starts (UTC).
    pub bar_start_at: Timestamp,
    /// The date of the bar in the zone of the symbol's market.
    pub trading_date: TradingDay,
    /// Its order.
    pub order_id: OrderId,
    /// Bought or sold.
    pub side: Side,
    /// What was traded.
    pub symbol: Symbol,
    /// How many.
    pub quantity: Quantity,
    /// The executed price, slippage included.
    pub price: Price,
    /// The price before slippage.
    pub reference_price: Price,
    /// From which price of the bar it follows.
    pub price_rule: PriceRule,
    /// The fee paid.
    pub fee: Cash,
    /// Cash after it.
    pub cash: Cash,
    /// Shares of the symbol after it.
    pub position: Quantity,
    /// Profit of what was closed: average cost, fees included; zero for what opened or enlarged a position.
    pub realised_pnl: Cash,
    /// The event that recorded it.
    pub log_position: Position,
}

impl Execution {
    /// The event that it was.
    pub(super) fn event(&self) -> OrderFilled {
        OrderFilled {
            bar: self.bar,
            bar_start_s: self.bar_start_at.as_second(),
            trading_date: self.trading_date,
            record: self.record,
            order_id: self.order_id,
            side: self.side,
            symbol: self.symbol.clone(),
            quantity: self.quantity,
            price: self.price,
            reference_price: self.reference_price,
            price_rule: self.price_rule,
            fee: self.fee,
            cash: self.cash,
            position: self.position,
            realised_pnl: self.realised_pnl,
            // The ledger does not say who wanted an execution.
            forced_by: None,
        }
    }

    /// What kind of order it executed.
    pub fn order_side(&self) -> OrderSide {
        self.event().order_side()
    }
}

pub(super) async fn write(
    transaction: &Transaction<'_>,
    filled: &[(RunId, &Recorded, OrderFilled)],
) -> Result<(), ProjectionError> {
    if filled.is_empty() {
        return Ok(());
    }
    fn column<T>(filled: &[(RunId, &Recorded, OrderFilled)], of: impl Fn(&OrderFilled) -> T) -> Vec<T> {
        filled.iter().map(|(_, _, fill)| of(fill)).collect()
    }
    let runs: Vec<Uuid> = filled.iter().map(|(run, _, _)| run.uuid()).collect();
    let positions: Vec<i64> = filled.iter().map(|(_, recorded, _)| recorded.position.0).collect();
    let symbols: Vec<&str> = filled.iter().map(|(_, _, fill)| fill.symbol.as_str()).collect();
    let rules: Vec<String> = column(filled, |fill| variant_name(fill.price_rule));
    transaction
        .execute(
            include_str!("../sql/ledger/fill.sql"),
            &[
                &runs,
                &column(filled, |fill| signed(fill.record)),
                &column(filled, |fill| i32::try_from(fill.bar).unwrap_or(i32::MAX)),
                &column(filled, |fill| fill.bar_start_s),
                &column(filled, |fill| fill.trading_date),
                &column(filled, |fill| signed(fill.order_id.0)),
                &column(filled, |fill| fill.side.name()),
                &symbols,
                &column(filled, |fill| fill.quantity.to_decimal()),
                &column(filled, |fill| fill.price.to_decimal()),
                &column(filled, |fill| fill.reference_price.to_decimal()),
                &rules,
                &column::<Decimal>(filled, |fill| fill.fee.to_decimal()),
                &column(filled, |fill| fill.cash.to_decimal()),
                &column(filled, |fill| fill.position.to_decimal()),
                &column(filled, |fill| fill.realised_pnl.to_decimal()),
                &positions,
            ],
        )
        .await
        .map(drop)
        .map_err(ProjectionError::during("writing executions"))
}

/// The name of a variant as events have it.
fn variant_name(variant: impl Serialize) -> String {
    serde_json::to_value(variant).ok().and_then(|name| name.as_str().map(str::to_owned)).unwrap_or_default()
}

/// Executions of a run by record.
pub async fn executions(
    client: &impl Reader,
    run: RunId,
    after: Option<RecordCursor>,
    limit: u16,
) -> Result<Page<Execution, RecordCursor>, QueryError> {
    let from = after.map_or(0, |cursor| cursor.0.saturating_add(1));
    let found = read(client, run, from..u64::MAX, rows_for(limit)).await?;
    Ok(Page::of(found, limit, |last| RecordCursor(last.record)))
}

/// Executions of a run whose records are in a range.
pub(super) async fn read(
    client: &impl Reader,
    run: RunId,
    records: std::ops::Range<u64>,
    limit: i64,
) -> Result<Vec<Execution>, QueryError> {
    const OPERATION: &str = "reading the executions of a run";
    let rows = client
        .query(
            include_str!("../sql/ledger/fills.sql"),
            &[&run.uuid(), &signed(records.start), &signed(records.end), &limit],
        )
        .await
        .map_err(QueryError::during(OPERATION))?;
    rows.iter().map(|row| execution_of(row, OPERATION)).collect()
}

fn execution_of(row: &Row, operation: &'static str) -> Result<Execution, QueryError> {
    let columns = Columns::of(row, operation);
    Ok(Execution {
        record: columns.number::<i64, _>("record")?,
        bar: columns.number::<i32, _>("bar")?,
        bar_start_at: instant(columns.get("bar_start_s")?, operation)?,
        trading_date: columns.get("trading_date")?,
        order_id: OrderId(columns.number::<i64, _>("order_id")?),
        side: columns.named("side")?,
        symbol: columns.parsed("symbol")?,
        quantity: columns.quantity("quantity")?,
        price: columns.price("price")?,
        reference_price: columns.price("reference_price")?,
        price_rule: columns.named("price_rule")?,
        fee: columns.cash("fee")?,
        cash: columns.cash("cash")?,
        position: columns.quantity("position")?,
        realised_pnl: columns.cash("realised_pnl")?,
        log_position: Position(columns.get("seq")?),
    })
}
