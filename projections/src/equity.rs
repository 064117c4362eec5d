//! The equity series of each run: cash and value at the close of every bar, stored a chunk of bars at a time.
//!
//! A chunk of a run never changes once it is written, so a series can be read chunk by chunk without holding a
//! transaction open; a run that is deleted meanwhile ends early.

use events::log::Filter;
use events::run::{BarsClosed, Run, RunEvent};
use events::{Cash, Decider, Recorded, RunId};
use rust_decimal::Decimal;
use tokio_postgres::Transaction;

mod sample;
mod series;

pub use sample::{Sampled, sampled};
pub(crate) use series::instant;
pub use series::{BarCursor, EquityPoint, EquitySeries, last, points};

use crate::projection::key_of;
use crate::{Projection, ProjectionError};

/// The read model of equity series.
#[derive(Debug, Clone, Copy, Default)]
pub struct Equity;

impl Projection for Equity {
    const NAME: &'static str = "equity";
    const GENERATION: i32 = 1;

    fn filter() -> Filter {
        Filter {
            categories: vec![Run::CATEGORY.to_owned()],
            event_types: vec!["BarsClosed".to_owned(), "RunDeleted".to_owned()],
            stream: None,
        }
    }

    fn tables() -> &'static [&'static str] {
        &["equity_chunks"]
    }

    async fn apply(&self, transaction: &Transaction<'_>, events: &[Recorded]) -> Result<(), ProjectionError> {
        for recorded in events {
            let run: RunId = key_of(recorded)?;
            for event in recorded.decode::<RunEvent>()? {
                match event {
                    RunEvent::BarsClosed(closed) => close(transaction, run, &closed).await?,
                    RunEvent::RunDeleted(_) => delete(transaction, run).await?,
                    RunEvent::RunRequested(_)
                    | RunEvent::OrderAccepted(_)
                    | RunEvent::OrderFilled(_)
                    | RunEvent::OrderRefused(_)
                    | RunEvent::OrderExpired(_)
                    | RunEvent::OrderCancelled(_)
                    | RunEvent::FinancingCharged(_)
                    | RunEvent::AccountAdjusted(_)
                    | RunEvent::LineImported(_)
                    | RunEvent::RunCompleted(_)
                    | RunEvent::RunCancelled(_)
                    | RunEvent::RunFailed(_) => {}
                }
            }
        }
        Ok(())
    }
}

async fn close(
    transaction: &Transaction<'_>,
    run: RunId,
    closed: &BarsClosed,
) -> Result<(), ProjectionError> {
    let bars = closed.bar_starts_s.len();
    if bars == 0 || closed.cash.len() != bars || closed.value.len() != bars {
        return Err(ProjectionError::contradiction(format!("a chunk of run {run} has uneven columns")));
    }
    let number = |count| i32::try_from(count).unwrap_or(i32::MAX);
    transaction
        .execute(
            include_str!("sql/equity/close.sql"),
            &[
                &run.uuid(),
                &i32::try_from(closed.first_bar).unwrap_or(i32::MAX),
                &number(bars),
                &closed.bar_starts_s,
                &decimals(&closed.cash),
                &decimals(&closed.value),
                &closed.provisional,
            ],
        )
        .await
        .map(drop)
        .map_err(ProjectionError::during("writing a chunk of equity"))
}

async fn delete(transaction: &Transaction<'_>, run: RunId) -> Result<(), ProjectionError> {
    transaction
        .execute(include_str!("sql/equity/delete.sql"), &[&run.uuid()])
        .await
        .map(drop)
        .map_err(ProjectionError::during("removing the equity of a run"))
}

/// Amounts as the database keeps them.
pub(crate) fn decimals(amounts: &[Cash]) -> Vec<Decimal> {
    amounts.iter().map(|amount| amount.to_decimal()).collect()
}
