//! What portfolios were worth at the close of each session, in all the versions that were computed, and from what.

mod query;

use events::log::Filter;
use events::portfolio::valuation::Snapshot;
use events::valuation::{ComputedFrom, SnapshotsRecorded, ValuationCompleted, ValuationEvent};
use events::{CalculationId, Decider, PortfolioId, Recorded, Valuation};
use jiff::civil::Date;
use tokio_postgres::Transaction;
use uuid::Uuid;

use crate::projection::{expect_row, key_of};
use crate::{Projection, ProjectionError};

pub use query::{
    CalculationRow, CalculationStatus, Lots, SnapshotRow, Valued, calculation, latest_session, range, valued,
};

/// The read model of snapshots.
#[derive(Debug, Clone, Copy, Default)]
pub struct Snapshots;

impl Projection for Snapshots {
    const NAME: &'static str = "snapshots";
    const GENERATION: i32 = 1;

    fn filter() -> Filter {
        Filter::category(Valuation::CATEGORY)
    }

    fn tables() -> &'static [&'static str] {
        &["portfolio_snapshots", "valuations", "calculations"]
    }

    async fn apply(&self, transaction: &Transaction<'_>, events: &[Recorded]) -> Result<(), ProjectionError> {
        for recorded in events {
            let fold = Fold { transaction, recorded, portfolio_id: key_of(recorded)? };
            for event in recorded.decode()? {
                fold.apply(event).await?;
            }
        }
        Ok(())
    }
}

struct Fold<'a> {
    transaction: &'a Transaction<'a>,
    recorded: &'a Recorded,
    portfolio_id: PortfolioId,
}

impl Fold<'_> {
    async fn apply(&self, event: ValuationEvent) -> Result<(), ProjectionError> {
        match event {
            ValuationEvent::SnapshotsRecorded(recorded) => self.record(recorded).await,
            ValuationEvent::ValuationCompleted(completed) => self.complete(completed).await,
            ValuationEvent::CalculationRequested(requested) => {
                let (id, by) = (requested.calculation_id.uuid(), self.recorded.sender().0);
                let statement = include_str!("sql/snapshots/request.sql");
                let added = self
                    .transaction
                    .execute(statement, &[&id, &self.portfolio_id.uuid(), &by, &self.recorded.recorded_at])
                    .await;
                expect_row(added.map_err(ProjectionError::during("adding a calculation"))?, self.recorded)
            }
            ValuationEvent::CalculationFailed(failed) => {
                self.end(&failed.calculations, Some(&failed.reason)).await
            }
        }
    }

    async fn record(&self, recorded: SnapshotsRecorded) -> Result<(), ProjectionError> {
        let SnapshotsRecorded { computed_from, snapshots, removed, .. } = recorded;
        let sessions: Vec<Date> = snapshots.iter().map(|snapshot| snapshot.snapshot_date).collect();
        let gone: Vec<Date> = sessions.iter().chain(&removed).copied().collect();
        let (id, position, at) =
            (self.portfolio_id.uuid(), self.recorded.position.0, self.recorded.recorded_at);
        self.transaction
            .execute(include_str!("sql/snapshots/replace.sql"), &[&id, &gone, &position, &at])
            .await
            .map_err(ProjectionError::during("replacing snapshots"))?;
        let (mut documents, mut lots) = (Vec::new(), Vec::new());
        for mut snapshot in snapshots {
            let earned = std::mem::take(&mut snapshot.lots);
            lots.push(serde_json::to_string(&earned).map_err(odd)?);
            documents.push(serde_json::to_string::<Snapshot>(&snapshot).map_err(odd)?);
        }
        let (version, vintage, method) = columns(computed_from)?;
        self.transaction
            .execute(
                include_str!("sql/snapshots/add.sql"),
                &[&id, &position, &at, &version, &vintage, &method, &sessions, &documents, &lots],
            )
            .await
            .map(drop)
            .map_err(ProjectionError::during("adding snapshots"))
    }

    async fn complete(&self, completed: ValuationCompleted) -> Result<(), ProjectionError> {
        let (version, vintage, method) = columns(completed.computed_from)?;
        self.transaction
            .execute(
                include_str!("sql/snapshots/complete.sql"),
                &[
                    &self.portfolio_id.uuid(),
                    &version,
                    &vintage,
                    &method,
                    &completed.through,
                    &self.recorded.position.0,
                    &self.recorded.recorded_at,
                ],
            )
            .await
            .map_err(ProjectionError::during("completing a valuation"))?;
        self.end(&completed.calculations, None).await
    }

    async fn end(
        &self,
        calculations: &[CalculationId],
        failure: Option<&str>,
    ) -> Result<(), ProjectionError> {
        let ids: Vec<Uuid> = calculations.iter().map(|id| id.uuid()).collect();
        self.transaction
            .execute(include_str!("sql/snapshots/end.sql"), &[&ids, &self.recorded.recorded_at, &failure])
            .await
            .map(drop)
            .map_err(ProjectionError::during("ending calculations"))
    }
}

fn columns(from: ComputedFrom) -> Result<(i64, i64, i32), ProjectionError> {
    let method = i32::try_from(from.method_version).map_err(odd)?;
    Ok((from.portfolio_version.0, from.vintage, method))
}

fn odd(error: impl std::error::Error) -> ProjectionError {
    ProjectionError::contradiction(error.to_string())
}
