//! Trading models as they are now.

use events::log::Filter;
use events::model::{ModelCreated, ModelEvent, ModelSettings, TradingModel, signature_base};
use events::{Decider, ModelId, Position, Principal, Recorded, Version};
use jiff::Timestamp;
use serde::Serialize;
use tokio_postgres::types::Json;
use tokio_postgres::{Row, Transaction};

use crate::database::{Columns, QueryError};
use crate::page::{Page, PositionCursor, rows_for};
use crate::projection::{expect_row, key_of};
use crate::reader::Reader;
use crate::{Projection, ProjectionError};

/// The read model of trading models.
#[derive(Debug, Clone, Copy, Default)]
pub struct Models;

/// One model.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ModelRow {
    /// Which model.
    pub model_id: ModelId,
    /// Who created it.
    pub owner: Principal,
    /// Its name in addresses, unique among the owner's models.
    pub signature: String,
    /// Its settings.
    pub settings: ModelSettings,
    /// How many runs of it can be seen.
    pub runs: i64,
    /// Version of its stream.
    pub version: Version,
    /// The event that created it.
    pub created_position: Position,
    /// When it was created (UTC).
    pub created_at: Timestamp,
    /// When its settings last changed (UTC).
    pub updated_at: Timestamp,
}

impl Projection for Models {
    const NAME: &'static str = "models";
    const GENERATION: i32 = 1;

    fn filter() -> Filter {
        Filter::category(TradingModel::CATEGORY)
    }

    fn tables() -> &'static [&'static str] {
        &["models"]
    }

    async fn apply(&self, transaction: &Transaction<'_>, events: &[Recorded]) -> Result<(), ProjectionError> {
        for recorded in events {
            for event in recorded.decode::<ModelEvent>()? {
                fold(transaction, recorded, event).await?;
            }
        }
        Ok(())
    }
}

async fn fold(
    transaction: &Transaction<'_>,
    recorded: &Recorded,
    event: ModelEvent,
) -> Result<(), ProjectionError> {
    let model = key_of::<ModelId>(recorded)?.uuid();
    let version = recorded.version.0;
    let changed = match event {
        ModelEvent::ModelCreated(created) => return create(transaction, recorded, created).await,
        ModelEvent::ModelUpdated(updated) => {
            let (name, settings) = (&updated.settings.name, Json(&updated.settings));
            let statement = include_str!("sql/models/update.sql");
            transaction.execute(statement, &[&model, &version, name, &settings, &recorded.recorded_at]).await
        }
        ModelEvent::RunAllocated(allocated) => {
            let number = i32::try_from(allocated.run_number).unwrap_or(i32::MAX);
            transaction.execute(include_str!("sql/models/allocate.sql"), &[&model, &version, &number]).await
        }
        ModelEvent::ModelDeleted(_) => {
            transaction.execute(include_str!("sql/models/delete.sql"), &[&model, &version]).await
        }
    };
    expect_row(changed.map_err(ProjectionError::during("changing a model"))?, recorded)
}

async fn create(
    transaction: &Transaction<'_>,
    recorded: &Recorded,
    created: ModelCreated,
) -> Result<(), ProjectionError> {
    let model = key_of::<ModelId>(recorded)?.uuid();
    transaction
        .execute(
            include_str!("sql/models/create.sql"),
            &[
                &model,
                &recorded.sender().0,
                &created.signature.as_str(),
                &created.settings.name,
                &Json(&created.settings),
                &recorded.version.0,
                &recorded.position.0,
                &recorded.recorded_at,
            ],
        )
        .await
        .map(drop)
        .map_err(ProjectionError::during("creating a model"))
}

/// Models, newest first; `owner` narrows the list.
pub async fn list(
    client: &impl Reader,
    owner: Option<&Principal>,
    after: Option<PositionCursor>,
    limit: u16,
) -> Result<Page<ModelRow>, QueryError> {
    const OPERATION: &str = "listing models";
    let owner = owner.map(|owner| owner.0.as_str());
    let after = after.map_or(i64::MAX, |cursor| cursor.0.0);
    let rows = client
        .query(include_str!("sql/models/list.sql"), &[&owner, &after, &rows_for(limit)])
        .await
        .map_err(QueryError::during(OPERATION))?;
    let found = rows.iter().map(|row| model_of(row, OPERATION)).collect::<Result<Vec<_>, _>>()?;
    Ok(Page::of(found, limit, |last| PositionCursor(last.created_position)))
}

/// One model, unless it is deleted.
pub async fn find(client: &impl Reader, model: ModelId) -> Result<Option<ModelRow>, QueryError> {
    const OPERATION: &str = "finding a model";
    let row = client
        .query_opt(include_str!("sql/models/find.sql"), &[&model.uuid()])
        .await
        .map_err(QueryError::during(OPERATION))?;
    row.map(|row| model_of(&row, OPERATION)).transpose()
}

/// The newest of an owner's models whose signature or name is `name`, unless it is deleted.
pub async fn find_by_name(
    client: &impl Reader,
    owner: &Principal,
    name: &str,
) -> Result<Option<ModelRow>, QueryError> {
    const OPERATION: &str = "finding a model by name";
    let row = client
        .query_opt(include_str!("sql/models/find_by_name.sql"), &[&owner.0, &name])
        .await
        .map_err(QueryError::during(OPERATION))?;
    row.map(|row| model_of(&row, OPERATION)).transpose()
}

/// What makes the signature of a model named `name` unique among all models of `owner`, deleted ones included:
/// nothing, or 2, 3, …
pub async fn free_suffix(
    client: &impl Reader,
    owner: &Principal,
    name: &str,
) -> Result<Option<u32>, QueryError> {
    let base = signature_base(name);
    let rows = client
        .query(include_str!("sql/models/signatures.sql"), &[&owner.0, &base])
        .await
        .map_err(QueryError::during("reading the signatures of models"))?;
    let taken: Vec<&str> = rows.iter().map(|row| row.get(0)).collect();
    if !taken.contains(&base.as_str()) {
        return Ok(None);
    }
    Ok((2..).find(|suffix| !taken.contains(&format!("{base}-{suffix}").as_str())))
}

fn model_of(row: &Row, operation: &'static str) -> Result<ModelRow, QueryError> {
    let columns = Columns::of(row, operation);
    Ok(ModelRow {
        model_id: ModelId::from_uuid(columns.get("model_id")?),
        owner: Principal(columns.get("owner")?),
        signature: columns.get("signature")?,
        settings: columns.get::<Json<ModelSettings>>("settings")?.0,
        runs: columns.get("runs")?,
        version: Version(columns.get("version")?),
        created_position: Position(columns.get("created_seq")?),
        created_at: columns.get("created_at")?,
        updated_at: columns.get("updated_at")?,
    })
}
