//! The leaderboard: completed runs by any of their figures.
//!
//! The statistics of a run are folded chunk by chunk into an accumulator of constant size that is kept beside its row,
//! so that a run of a million bars costs no more memory than one of ten, and no other read model is read.

use std::collections::BTreeMap;

use events::log::Filter;
use events::model::{ModelEvent, TradingModel};
use events::run::{BarsClosed, Run, RunCompleted, RunEvent, RunRequested};
use events::{Decider, ModelId, Recorded, RunId};
use jiff::Timestamp;
use quant::{EquityPoint, Figure, PerformanceAccumulator};
use tokio_postgres::Transaction;
use tokio_postgres::types::Json;

mod query;

pub use query::{Entry, LeaderboardQuery, Metric, OffsetCursor, Scope, UnknownMetric, list};

use crate::performance::{day_of, opening_of, standard};
use crate::projection::{expect_row, key_of};
use crate::{Projection, ProjectionError};

/// The read model of the leaderboard.
#[derive(Debug, Clone, Copy, Default)]
pub struct Leaderboard;

impl Projection for Leaderboard {
    const NAME: &'static str = "leaderboard";
    const GENERATION: i32 = 1;

    fn filter() -> Filter {
        let types = [
            "RunRequested",
            "BarsClosed",
            "RunCompleted",
            "RunCancelled",
            "RunFailed",
            "RunDeleted",
            "ModelCreated",
            "ModelUpdated",
            "ModelDeleted",
        ];
        Filter {
            categories: vec![Run::CATEGORY.to_owned(), TradingModel::CATEGORY.to_owned()],
            event_types: types.map(str::to_owned).to_vec(),
            stream: None,
        }
    }

    fn tables() -> &'static [&'static str] {
        &["leaderboard_runs", "leaderboard_models"]
    }

    async fn apply(&self, transaction: &Transaction<'_>, events: &[Recorded]) -> Result<(), ProjectionError> {
        let mut page = Page::default();
        for recorded in events {
            if recorded.stream.category() == TradingModel::CATEGORY {
                for event in recorded.decode::<ModelEvent>()? {
                    name_model(transaction, key_of(recorded)?, &event).await?;
                }
                continue;
            }
            let run = key_of(recorded)?;
            for event in recorded.decode::<RunEvent>()? {
                page.fold(transaction, recorded, run, event).await?;
            }
        }
        page.write(transaction).await
    }
}

/// Accumulators of the runs that a page of events touches, written back once.
#[derive(Default)]
struct Page {
    accumulators: BTreeMap<RunId, PerformanceAccumulator>,
}

impl Page {
    async fn fold(
        &mut self,
        transaction: &Transaction<'_>,
        recorded: &Recorded,
        run: RunId,
        event: RunEvent,
    ) -> Result<(), ProjectionError> {
        match event {
            RunEvent::RunRequested(requested) => {
                request(transaction, recorded, run, &requested).await?;
                let snapshot = &requested.snapshot;
                let convention = standard(snapshot.interval, snapshot.periods_per_year);
                let mut accumulator = PerformanceAccumulator::new(convention);
                if let Some((at, cash)) = opening_of(snapshot) {
                    accumulator.push(EquityPoint::new(day_of(at), cash.to_f64()).with_positions(0.0, 0.0));
                }
                self.accumulators.insert(run, accumulator);
                Ok(())
            }
            RunEvent::BarsClosed(closed) => {
                let accumulator = self.accumulator(transaction, run).await?;
                push(accumulator, &closed)
            }
            RunEvent::RunCompleted(completed) => {
                let accumulator = self.accumulator(transaction, run).await?;
                complete(transaction, recorded, run, &completed, accumulator).await?;
                self.accumulators.remove(&run);
                Ok(())
            }
            // Only completed runs are compared.
            RunEvent::RunCancelled(_) | RunEvent::RunFailed(_) | RunEvent::RunDeleted(_) => {
                self.accumulators.remove(&run);
                delete(transaction, run).await
            }
            RunEvent::OrderAccepted(_)
            | RunEvent::OrderFilled(_)
            | RunEvent::OrderRefused(_)
            | RunEvent::OrderExpired(_)
            | RunEvent::OrderCancelled(_)
            | RunEvent::FinancingCharged(_)
            | RunEvent::AccountAdjusted(_)
            | RunEvent::LineImported(_) => Ok(()),
        }
    }

    /// The accumulator of a run as the last page left it.
    async fn accumulator(
        &mut self,
        transaction: &Transaction<'_>,
        run: RunId,
    ) -> Result<&mut PerformanceAccumulator, ProjectionError> {
        use std::collections::btree_map::Entry;
        match self.accumulators.entry(run) {
            Entry::Occupied(known) => Ok(known.into_mut()),
            Entry::Vacant(vacant) => Ok(vacant.insert(load(transaction, run).await?)),
        }
    }

    async fn write(&self, transaction: &Transaction<'_>) -> Result<(), ProjectionError> {
        for (run, accumulator) in &self.accumulators {
            let state = serde_json::to_string(accumulator)
                .map_err(|error| ProjectionError::contradiction(format!("statistics of {run}: {error}")))?;
            transaction
                .execute(include_str!("sql/leaderboard/accumulate.sql"), &[&run.uuid(), &state])
                .await
                .map_err(ProjectionError::during("writing the statistics of a run"))?;
        }
        Ok(())
    }
}

async fn load(transaction: &Transaction<'_>, run: RunId) -> Result<PerformanceAccumulator, ProjectionError> {
    let row = transaction
        .query_opt(include_str!("sql/leaderboard/accumulator.sql"), &[&run.uuid()])
        .await
        .map_err(ProjectionError::during("reading the statistics of a run"))?;
    let state: Option<String> = row.and_then(|row| row.get(0));
    let state = state.ok_or_else(|| ProjectionError::contradiction(format!("run {run} is not trading")))?;
    serde_json::from_str(&state)
        .map_err(|error| ProjectionError::contradiction(format!("statistics of {run}: {error}")))
}

/// One point a bar, marked at its close.
fn push(accumulator: &mut PerformanceAccumulator, closed: &BarsClosed) -> Result<(), ProjectionError> {
    for (start, (cash, value)) in closed.bar_starts_s.iter().zip(closed.cash.iter().zip(&closed.value)) {
        let at = Timestamp::from_second(*start)
            .map_err(|error| ProjectionError::contradiction(format!("a bar starts at {start}: {error}")))?;
        let held = (*value - *cash).to_f64();
        accumulator.push(EquityPoint::new(day_of(at), value.to_f64()).with_positions(held, held));
    }
    Ok(())
}

async fn request(
    transaction: &Transaction<'_>,
    recorded: &Recorded,
    run: RunId,
    requested: &RunRequested,
) -> Result<(), ProjectionError> {
    transaction
        .execute(
            include_str!("sql/leaderboard/request.sql"),
            &[
                &run.uuid(),
                &recorded.sender().0,
                &requested.model_id.uuid(),
                &requested.snapshot.model_name,
                &i32::try_from(requested.run_number).unwrap_or(i32::MAX),
                &requested.snapshot.interval.name(),
                &requested.snapshot.policy.name(),
            ],
        )
        .await
        .map(drop)
        .map_err(ProjectionError::during("entering a run"))
}

async fn complete(
    transaction: &Transaction<'_>,
    recorded: &Recorded,
    run: RunId,
    completed: &RunCompleted,
    accumulator: &PerformanceAccumulator,
) -> Result<(), ProjectionError> {
    let counts = completed.figures.counts;
    let figures: BTreeMap<&str, Figure> = accumulator.report().figures().into_iter().collect();
    let ranked = transaction
        .execute(
            include_str!("sql/leaderboard/complete.sql"),
            &[
                &run.uuid(),
                &recorded.recorded_at,
                &i64::try_from(counts.buys + counts.sells).unwrap_or(i64::MAX),
                &completed.figures.value.to_decimal(),
                &Json(figures),
            ],
        )
        .await
        .map_err(ProjectionError::during("ranking a run"))?;
    expect_row(ranked, recorded)
}

async fn delete(transaction: &Transaction<'_>, run: RunId) -> Result<(), ProjectionError> {
    transaction
        .execute(include_str!("sql/leaderboard/delete.sql"), &[&run.uuid()])
        .await
        .map(drop)
        .map_err(ProjectionError::during("removing a run from the leaderboard"))
}

async fn name_model(
    transaction: &Transaction<'_>,
    model: ModelId,
    event: &ModelEvent,
) -> Result<(), ProjectionError> {
    let named = match event {
        ModelEvent::ModelCreated(created) => {
            let statement = include_str!("sql/leaderboard/name_model.sql");
            transaction.execute(statement, &[&model.uuid(), &created.settings.name]).await
        }
        ModelEvent::ModelUpdated(updated) => {
            let statement = include_str!("sql/leaderboard/name_model.sql");
            transaction.execute(statement, &[&model.uuid(), &updated.settings.name]).await
        }
        ModelEvent::ModelDeleted(_) => {
            transaction.execute(include_str!("sql/leaderboard/delete_model.sql"), &[&model.uuid()]).await
        }
        ModelEvent::RunAllocated(_) => return Ok(()),
    };
    named.map(drop).map_err(ProjectionError::during("naming a model"))
}
