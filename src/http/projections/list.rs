//! `GET /projections`

use axum::extract::State;
use events::Position;
use jiff::Timestamp;
use projections::status::{self, ShardStatus};
use serde::Serialize;
use utoipa::ToSchema;

use crate::http::answer::{Answer, Envelope};
use crate::http::caller::Caller;
use crate::http::error::ApiError;
use crate::http::query::{NoParameters, Query};
use crate::http::state::Api;

/// One shard of a read model.
#[derive(Debug, Serialize, ToSchema)]
pub struct ShardView {
    /// The read model.
    #[schema(example = "runs")]
    projection: String,
    /// The generation of its fold.
    #[schema(example = 1)]
    generation: i32,
    /// The shard, from 0.
    #[schema(example = 0)]
    shard: i16,
    /// Everything up to here is in its rows.
    #[schema(value_type = i64, example = 1042)]
    position: Position,
    /// Where the log ends.
    #[schema(value_type = i64, example = 1042)]
    head: Position,
    /// Events between the two.
    #[schema(example = 0)]
    lag_events: i64,
    /// Age of the oldest event that is not in its rows, in seconds.
    #[schema(example = 0.0)]
    lag_s: f64,
    /// `running`, `retrying`, `paused` or `halted`.
    #[schema(example = "running")]
    status: String,
    /// The log was restored or cut back since it was last read.
    forked: bool,
    /// What stopped or delays it.
    error: Option<ShardErrorView>,
    /// The process that feeds it.
    owner: Option<String>,
    /// Events that could not be applied and wait for a decision.
    #[schema(example = 0)]
    parked: i64,
    /// When status or owner last changed.
    changed_at: Timestamp,
}

/// What stopped or delays a shard.
#[derive(Debug, Serialize, ToSchema)]
pub struct ShardErrorView {
    /// The kind of error.
    class: String,
    /// The event, where one is to blame.
    #[schema(value_type = Option<i64>)]
    position: Option<Position>,
    /// What went wrong.
    text: String,
}

impl From<ShardStatus> for ShardView {
    fn from(shard: ShardStatus) -> Self {
        let error = shard.error.map(|error| ShardErrorView {
            class: error.class,
            position: error.position,
            text: error.text,
        });
        Self {
            projection: shard.projection,
            generation: shard.generation,
            shard: shard.shard,
            position: shard.position,
            head: shard.head,
            lag_events: shard.lag_events,
            lag_s: shard.lag_s,
            status: shard.status,
            forked: shard.forked,
            error,
            owner: shard.owner,
            parked: shard.parked,
            changed_at: shard.changed_at,
        }
    }
}

/// Shows how far every read model is, and what stops those that stand still.
#[utoipa::path(get, path = "/api/v1/projections", tag = "operations", operation_id = "list_projections",
    extensions(("x-access" = json!("oversight"))),
    responses((status = 200, description = "Every shard of every read model", body = Envelope<Vec<ShardView>>)))]
pub async fn list(
    State(api): State<Api>,
    caller: Caller,
    Query(NoParameters): Query<NoParameters>,
) -> Result<Answer<Vec<ShardView>>, ApiError> {
    let shards = status::status(&api.shared().await?).await?;
    Ok(Answer::ok(&caller, shards.into_iter().map(ShardView::from).collect()))
}
