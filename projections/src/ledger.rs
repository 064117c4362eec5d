//! The ledger of each run: executions, refusals and waiting orders as rows; the records of bars without any execution
//! are not stored but follow from the chunks of bars, by the domain's own expansion.

use events::log::Filter;
use events::run::{BarsClosed, OrderAccepted, OrderFilled, OrderRefused, Run, RunEvent};
use events::{Decider, Recorded, RunId};
use tokio_postgres::Transaction;
use tokio_postgres::types::Json;

mod fills;
mod imported;
mod orders;
mod records;

pub use fills::{Execution, executions};
pub use orders::{OrderState, RefusedRow, WaitingOrder, refusals, waiting_orders};
pub(crate) use records::chunk_from;
pub use records::{RecordCursor, last_record, records};

use crate::equity::decimals;
use crate::projection::{expect_row, key_of};
use crate::{Projection, ProjectionError};

/// The read model of ledgers.
#[derive(Debug, Clone, Copy, Default)]
pub struct Ledger;

impl Projection for Ledger {
    const NAME: &'static str = "ledger";
    const GENERATION: i32 = 1;

    fn filter() -> Filter {
        let types = [
            "OrderAccepted",
            "OrderFilled",
            "OrderRefused",
            "OrderExpired",
            "OrderCancelled",
            "AccountAdjusted",
            "LineImported",
            "BarsClosed",
            "RunDeleted",
        ];
        Filter {
            categories: vec![Run::CATEGORY.to_owned()],
            event_types: types.map(str::to_owned).to_vec(),
            stream: None,
        }
    }

    fn tables() -> &'static [&'static str] {
        &[
            "ledger_chunks",
            "ledger_fills",
            "ledger_refusals",
            "ledger_orders",
            "ledger_lines",
            "ledger_adjustments",
        ]
    }

    async fn apply(&self, transaction: &Transaction<'_>, events: &[Recorded]) -> Result<(), ProjectionError> {
        let mut filled: Vec<(RunId, &Recorded, OrderFilled)> = Vec::new();
        for recorded in events {
            let run: RunId = key_of(recorded)?;
            for event in recorded.decode::<RunEvent>()? {
                if let RunEvent::OrderFilled(fill) = event {
                    filled.push((run, recorded, fill));
                    continue;
                }
                // Everything else comes after the executions before it.
                fills::write(transaction, &std::mem::take(&mut filled)).await?;
                fold(transaction, recorded, run, event).await?;
            }
        }
        fills::write(transaction, &filled).await
    }
}

async fn fold(
    transaction: &Transaction<'_>,
    recorded: &Recorded,
    run: RunId,
    event: RunEvent,
) -> Result<(), ProjectionError> {
    match event {
        RunEvent::OrderAccepted(accepted) => accept(transaction, run, &accepted).await,
        RunEvent::OrderRefused(refused) => refuse(transaction, recorded, run, &refused).await,
        RunEvent::OrderExpired(expired) => {
            let bar = i32::try_from(expired.bar).unwrap_or(i32::MAX);
            end(transaction, recorded, run, expired.order_id.0, "expired", Some(bar)).await
        }
        RunEvent::OrderCancelled(cancelled) => {
            end(transaction, recorded, run, cancelled.order_id.0, "cancelled", None).await
        }
        RunEvent::AccountAdjusted(adjusted) => imported::adjust(transaction, run, &adjusted).await,
        RunEvent::LineImported(line) => imported::write(transaction, run, &line).await,
        RunEvent::BarsClosed(closed) => close(transaction, run, &closed).await,
        RunEvent::RunDeleted(_) => delete(transaction, run).await,
        RunEvent::RunRequested(_)
        | RunEvent::OrderFilled(_)
        | RunEvent::FinancingCharged(_)
        | RunEvent::RunCompleted(_)
        | RunEvent::RunCancelled(_)
        | RunEvent::RunFailed(_) => Ok(()),
    }
}

async fn accept(
    transaction: &Transaction<'_>,
    run: RunId,
    accepted: &OrderAccepted,
) -> Result<(), ProjectionError> {
    transaction
        .execute(
            include_str!("sql/ledger/accept.sql"),
            &[
                &run.uuid(),
                &signed(accepted.order_id.0),
                &i32::try_from(accepted.bar).unwrap_or(i32::MAX),
                &accepted.bar_start_s,
                &Json(&accepted.order),
            ],
        )
        .await
        .map(drop)
        .map_err(ProjectionError::during("writing a waiting order"))
}

async fn refuse(
    transaction: &Transaction<'_>,
    recorded: &Recorded,
    run: RunId,
    refused: &OrderRefused,
) -> Result<(), ProjectionError> {
    let bar = i32::try_from(refused.bar).unwrap_or(i32::MAX);
    transaction
        .execute(
            include_str!("sql/ledger/refuse.sql"),
            &[
                &run.uuid(),
                &signed(refused.order_id.0),
                &bar,
                &refused.bar_start_s,
                &refused.order.symbol.as_str(),
                &refused.refusal.cause(),
                &Json(&refused.order),
                &Json(&refused.refusal),
                &recorded.position.0,
            ],
        )
        .await
        .map_err(ProjectionError::during("writing a refusal"))?;
    // An order may be refused at once, or when its turn comes after having waited.
    transaction
        .execute(
            include_str!("sql/ledger/end_order.sql"),
            &[&run.uuid(), &signed(refused.order_id.0), &"refused", &Some(bar)],
        )
        .await
        .map(drop)
        .map_err(ProjectionError::during("ending a waiting order"))
}

async fn end(
    transaction: &Transaction<'_>,
    recorded: &Recorded,
    run: RunId,
    order: u64,
    state: &str,
    bar: Option<i32>,
) -> Result<(), ProjectionError> {
    let ended = transaction
        .execute(include_str!("sql/ledger/end_order.sql"), &[&run.uuid(), &signed(order), &state, &bar])
        .await
        .map_err(ProjectionError::during("ending a waiting order"))?;
    expect_row(ended, recorded)
}

async fn close(
    transaction: &Transaction<'_>,
    run: RunId,
    closed: &BarsClosed,
) -> Result<(), ProjectionError> {
    let bars = closed.bar_starts_s.len();
    if bars == 0 || closed.cash.len() != bars || closed.records.len() != bars {
        return Err(ProjectionError::contradiction(format!("a chunk of run {run} has uneven columns")));
    }
    let records = closed.records.iter().map(|records| i32::try_from(*records).unwrap_or(i32::MAX));
    transaction
        .execute(
            include_str!("sql/ledger/close.sql"),
            &[
                &run.uuid(),
                &signed(closed.first_record),
                &(signed(closed.next_record()) - signed(closed.first_record)),
                &i32::try_from(closed.first_bar).unwrap_or(i32::MAX),
                &closed.bar_starts_s,
                &records.collect::<Vec<_>>(),
                &decimals(&closed.cash),
            ],
        )
        .await
        .map(drop)
        .map_err(ProjectionError::during("writing a chunk of the ledger"))
}

async fn delete(transaction: &Transaction<'_>, run: RunId) -> Result<(), ProjectionError> {
    for statement in [
        include_str!("sql/ledger/delete_chunks.sql"),
        include_str!("sql/ledger/delete_fills.sql"),
        include_str!("sql/ledger/delete_refusals.sql"),
        include_str!("sql/ledger/delete_orders.sql"),
        include_str!("sql/ledger/delete_lines.sql"),
        include_str!("sql/ledger/delete_adjustments.sql"),
    ] {
        transaction
            .execute(statement, &[&run.uuid()])
            .await
            .map_err(ProjectionError::during("removing the ledger of a run"))?;
    }
    Ok(())
}

/// A count as the database keeps it.
fn signed(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}
