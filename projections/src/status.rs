//! How the projections are doing, and the verbs that stop them and let them go on.

use events::Position;
use jiff::Timestamp;
use serde::Serialize;
use tokio_postgres::{GenericClient, Row};

use crate::database::{Columns, QueryError};
use crate::reader::Reader;

/// One shard of a projection.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ShardStatus {
    /// The projection.
    pub projection: String,
    /// The generation of its fold.
    pub generation: i32,
    /// The shard, from 0.
    pub shard: i16,
    /// Everything up to here is in its rows.
    pub position: Position,
    /// Where the log ends.
    pub head: Position,
    /// Events between the two.
    pub lag_events: i64,
    /// Age of the oldest event that is not in its rows, in seconds; 0 without lag.
    pub lag_s: f64,
    /// `running`, `retrying`, `paused` or `halted`.
    pub status: String,
    /// The log was restored or cut back since the shard last read it.
    pub forked: bool,
    /// What stopped or delays it.
    pub error: Option<ShardError>,
    /// The process that feeds it.
    pub owner: Option<String>,
    /// Events of the projection that wait for a decision.
    pub parked: i64,
    /// When status or owner last changed (UTC).
    pub changed_at: Timestamp,
}

/// What stopped or delays a shard.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ShardError {
    /// The kind of error, stable.
    pub class: String,
    /// The event, where one is to blame.
    pub position: Option<Position>,
    /// What went wrong.
    pub text: String,
}

/// Every shard of every projection.
pub async fn status(client: &impl Reader) -> Result<Vec<ShardStatus>, QueryError> {
    const OPERATION: &str = "reading the status of the projections";
    let rows = client
        .query(include_str!("sql/status/list.sql"), &[])
        .await
        .map_err(QueryError::during(OPERATION))?;
    rows.iter().map(|row| shard_of(row, OPERATION)).collect()
}

/// Stops a projection after its present page; how many shards that were.
pub async fn pause(client: &impl GenericClient, projection: &str) -> Result<u64, QueryError> {
    client
        .execute(include_str!("sql/status/pause.sql"), &[&projection])
        .await
        .map_err(QueryError::during("pausing a projection"))
}

/// Lets a paused or halted projection go on from where it stands; how many shards that were.
pub async fn resume(client: &impl GenericClient, projection: &str) -> Result<u64, QueryError> {
    client
        .execute(include_str!("sql/status/resume.sql"), &[&projection])
        .await
        .map_err(QueryError::during("resuming a projection"))
}

/// Declares, after a fork of the log, that the rows of a projection are those of the present log at `position`, and
/// lets it go on; how many shards that were. A rebuild is the safe alternative.
pub async fn adopt(
    client: &impl GenericClient,
    projection: &str,
    position: Position,
) -> Result<u64, QueryError> {
    client
        .execute(include_str!("sql/status/adopt.sql"), &[&projection, &position.0])
        .await
        .map_err(QueryError::during("adopting a position"))
}

fn shard_of(row: &Row, operation: &'static str) -> Result<ShardStatus, QueryError> {
    let columns = Columns::of(row, operation);
    let (position, head): (i64, i64) = (columns.get("seq")?, columns.get("last_seq")?);
    let class: Option<String> = columns.get("error_class")?;
    let error_position: Option<i64> = columns.get("error_seq")?;
    let text: Option<String> = columns.get("error_text")?;
    Ok(ShardStatus {
        projection: columns.get("name")?,
        generation: columns.get("generation")?,
        shard: columns.get("shard")?,
        position: Position(position),
        head: Position(head),
        lag_events: (head - position).max(0),
        lag_s: columns.get("lag_s")?,
        status: columns.get("status")?,
        forked: columns.get("forked")?,
        error: class.zip(text).map(|(class, text)| ShardError {
            class,
            position: error_position.map(Position),
            text,
        }),
        owner: columns.get("owner")?,
        parked: columns.get("parked")?,
        changed_at: columns.get("changed_at")?,
    })
}
