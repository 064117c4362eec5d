//! Runs: what was asked for, how far it is, what came of it.

use std::collections::BTreeMap;

use events::log::Filter;
use events::model::TradingModel;
use events::run::{BarsClosed, Run, RunEvent, RunFigures, RunRequested, RunStatus};
use events::{Cash, Decider, ModelId, Position, Recorded, RunId};
use jiff::Timestamp;
use tokio_postgres::Transaction;
use tokio_postgres::types::Json;

mod query;

pub use query::{RunDetail, RunFilter, RunSummary, find, find_by_number, list, unfinished};

use crate::projection::{expect_row, key_of};
use crate::{Projection, ProjectionError};

/// The read model of runs.
#[derive(Debug, Clone, Copy, Default)]
pub struct Runs;

impl Projection for Runs {
    const NAME: &'static str = "runs";
    const GENERATION: i32 = 1;

    fn filter() -> Filter {
        let types = [
            "RunRequested",
            "BarsClosed",
            "RunCompleted",
            "RunCancelled",
            "RunFailed",
            "RunDeleted",
            "ModelDeleted",
        ];
        Filter {
            categories: vec![Run::CATEGORY.to_owned(), TradingModel::CATEGORY.to_owned()],
            event_types: types.map(str::to_owned).to_vec(),
            stream: None,
        }
    }

    fn tables() -> &'static [&'static str] {
        &["runs", "runs_of_deleted_models"]
    }

    async fn apply(&self, transaction: &Transaction<'_>, events: &[Recorded]) -> Result<(), ProjectionError> {
        let mut changes: BTreeMap<RunId, Change<'_>> = BTreeMap::new();
        for recorded in events {
            if recorded.stream.category() == TradingModel::CATEGORY {
                hide_runs(transaction, key_of(recorded)?).await?;
                continue;
            }
            let run: RunId = key_of(recorded)?;
            for event in recorded.decode::<RunEvent>()? {
                match event {
                    RunEvent::RunRequested(requested) => {
                        request(transaction, recorded, run, &requested).await?;
                    }
                    event => changes.entry(run).or_insert_with(|| Change::by(recorded)).fold(recorded, event),
                }
            }
        }
        for (run, change) in &changes {
            change.write(transaction, *run).await?;
        }
        Ok(())
    }
}

/// What a page of events changes in one run.
struct Change<'e> {
    last: &'e Recorded,
    progress: Option<Progress>,
    end: Option<End>,
    deleted: bool,
}

/// The last closed bar, and when the first of the page was recorded.
#[derive(Clone, Copy)]
struct Progress {
    started_at: Timestamp,
    bars: u32,
    records: u64,
    cash: Cash,
    value: Cash,
}

struct End {
    status: RunStatus,
    figures: RunFigures,
    reason: Option<String>,
    position: Position,
    at: Timestamp,
}

impl<'e> Change<'e> {
    fn by(recorded: &'e Recorded) -> Self {
        Self { last: recorded, progress: None, end: None, deleted: false }
    }

    fn fold(&mut self, recorded: &'e Recorded, event: RunEvent) {
        self.last = recorded;
        let mut end = |status, figures, reason| {
            let (position, at) = (recorded.position, recorded.recorded_at);
            self.end = Some(End { status, figures, reason, position, at });
        };
        match event {
            RunEvent::BarsClosed(closed) => self.close(recorded, &closed),
            RunEvent::RunCompleted(over) => end(RunStatus::Completed, over.figures, None),
            RunEvent::RunCancelled(over) => end(RunStatus::Cancelled, over.figures, Some(over.reason)),
            RunEvent::RunFailed(over) => end(RunStatus::Failed, over.figures, Some(over.reason)),
            RunEvent::RunDeleted(_) => self.deleted = true,
            RunEvent::RunRequested(_)
            | RunEvent::OrderAccepted(_)
            | RunEvent::OrderFilled(_)
            | RunEvent::OrderRefused(_)
            | RunEvent::OrderExpired(_)
            | RunEvent::OrderCancelled(_)
            | RunEvent::FinancingCharged(_)
            | RunEvent::AccountAdjusted(_)
            | RunEvent::LineImported(_) => {}
        }
    }

    fn close(&mut self, recorded: &Recorded, closed: &BarsClosed) {
        let (Some(cash), Some(value)) = (closed.cash.last(), closed.value.last()) else { return };
        self.progress = Some(Progress {
            started_at: self.progress.map_or(recorded.recorded_at, |progress| progress.started_at),
            bars: closed.next_bar(),
            records: closed.next_record(),
            cash: *cash,
            value: *value,
        });
    }

    async fn write(&self, transaction: &Transaction<'_>, run: RunId) -> Result<(), ProjectionError> {
        let (progress, end) = (self.progress, self.end.as_ref());
        let status = end.map(|end| end.status).or(progress.map(|_| RunStatus::Running)).map(RunStatus::name);
        let changed = transaction
            .execute(
                include_str!("sql/runs/update.sql"),
                &[
                    &run.uuid(),
                    &self.last.version.0,
                    &status,
                    &progress.map(|progress| progress.started_at),
                    &progress.map(|progress| i32::try_from(progress.bars).unwrap_or(i32::MAX)),
                    &progress.map(|progress| i64::try_from(progress.records).unwrap_or(i64::MAX)),
                    &progress.map(|progress| progress.cash.to_decimal()),
                    &progress.map(|progress| progress.value.to_decimal()),
                    &end.map(|end| Json(&end.figures)),
                    &end.and_then(|end| end.reason.as_deref()),
                    &end.map(|end| end.position.0),
                    &end.map(|end| end.at),
                    &self.deleted,
                ],
            )
            .await
            .map_err(ProjectionError::during("changing a run"))?;
        expect_row(changed, self.last)
    }
}

async fn request(
    transaction: &Transaction<'_>,
    recorded: &Recorded,
    run: RunId,
    requested: &RunRequested,
) -> Result<(), ProjectionError> {
    let snapshot = &requested.snapshot;
    let symbols: Vec<&str> = snapshot.symbols.iter().map(events::Symbol::as_str).collect();
    let number = |count: u32| i32::try_from(count).unwrap_or(i32::MAX);
    transaction
        .execute(
            include_str!("sql/runs/request.sql"),
            &[
                &run.uuid(),
                &recorded.sender().0,
                &requested.model_id.uuid(),
                &snapshot.model_name,
                &number(requested.run_number),
                &snapshot.policy.name(),
                &symbols,
                &snapshot.interval.name(),
                &snapshot.first_bar_at,
                &snapshot.last_bar_at,
                &snapshot.initial_cash.to_decimal(),
                &Json(snapshot),
                &number(snapshot.run_bars()),
                &recorded.position.0,
                &recorded.recorded_at,
                &recorded.version.0,
            ],
        )
        .await
        .map(drop)
        .map_err(ProjectionError::during("creating a run"))
}

async fn hide_runs(transaction: &Transaction<'_>, model: ModelId) -> Result<(), ProjectionError> {
    for statement in
        [include_str!("sql/runs/note_deleted_model.sql"), include_str!("sql/runs/hide_of_model.sql")]
    {
        transaction
            .execute(statement, &[&model.uuid()])
            .await
            .map_err(ProjectionError::during("hiding the runs of a model"))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use events::chain::ChainHash;
    use events::codec::Codec;
    use events::run::{Counts, RunFailed};
    use events::{CommandId, Rate, StreamName, Tenant, Version};

    use super::*;

    fn recorded(version: i64) -> Recorded {
        Recorded {
            position: Position(version + 10),
            stream: StreamName::new(Tenant::LOCAL, Run::CATEGORY, "x"),
            version: Version(version),
            recorded_at: Timestamp::from_second(version).unwrap(),
            occurred_at: None,
            command_id: CommandId::derived(&[]),
            correlation_id: None,
            causation: None,
            event_type: "BarsClosed".into(),
            schema_version: 1,
            codec: Codec::Json,
            hash: ChainHash::GENESIS,
            meta: None,
            payload: bytes::Bytes::new(),
        }
    }

    fn closed(first_bar: u32, values: &[i64]) -> RunEvent {
        let cash: Vec<Cash> = values.iter().map(|value| Cash::whole(*value).unwrap()).collect();
        RunEvent::BarsClosed(BarsClosed {
            first_bar,
            first_record: u64::from(first_bar),
            bar_starts_s: vec![0; values.len()],
            cash: cash.clone(),
            value: cash,
            records: vec![1; values.len()],
            provisional: false,
            session: None,
        })
    }

    #[test]
    fn a_page_of_chunks_is_one_change_that_starts_with_the_first_and_ends_with_the_last() {
        let (first, second, third) = (recorded(2), recorded(3), recorded(4));
        let mut change = Change::by(&first);
        change.fold(&first, closed(0, &[5, 6]));
        change.fold(&second, closed(2, &[7]));
        let figures = RunFigures {
            bars: 3,
            records: 3,
            initial_cash: Cash::ZERO,
            cash: Cash::ZERO,
            value: Cash::ZERO,
            total_return: Rate::ZERO,
            max_drawdown: None,
            realised_pnl: Cash::ZERO,
            open_pnl: Cash::ZERO,
            adjustments: Cash::ZERO,
            fees: Cash::ZERO,
            traded: Cash::ZERO,
            counts: Counts::default(),
        };
        change.fold(&third, RunEvent::RunFailed(RunFailed { reason: "no bars".to_owned(), figures }));
        let progress = change.progress.unwrap();
        assert_eq!((progress.bars, progress.records, progress.value), (3, 3, Cash::whole(7).unwrap()));
        assert_eq!(progress.started_at, first.recorded_at);
        let end = change.end.unwrap();
        assert_eq!(
            (end.status, end.reason.as_deref(), end.position),
            (RunStatus::Failed, Some("no bars"), Position(14))
        );
        assert_eq!(change.last.version, Version(4));
    }
}
