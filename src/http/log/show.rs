//! `GET /log`

use axum::extract::State;
use events::log::AppenderStats;
use events::{EpochId, Position};
use serde::Serialize;
use utoipa::ToSchema;

use crate::http::answer::{Answer, Envelope};
use crate::http::caller::Caller;
use crate::http::error::ApiError;
use crate::http::query::{NoParameters, Query};
use crate::http::state::Api;

/// The log as a whole.
#[derive(Debug, Serialize, ToSchema)]
pub struct LogView {
    /// Position of the last event.
    #[schema(value_type = i64, example = 1042)]
    head: Position,
    /// Which life of the log this is; restoring or cutting it back begins another.
    #[schema(value_type = String, format = Uuid)]
    epoch: EpochId,
    /// What this process has appended since it started.
    appender: AppenderView,
}

/// What this process has appended since it started.
#[derive(Debug, Serialize, ToSchema)]
pub struct AppenderView {
    /// Transactions.
    batches: u64,
    /// Appends committed.
    appends: u64,
    /// Events committed.
    events: u64,
    /// Appends refused because another writer was first.
    conflicts: u64,
    /// Appends refused because a command had been carried out before.
    duplicates: u64,
    /// Appends refused because the queue was full.
    overloaded: u64,
    /// Appends waiting now.
    queued: usize,
    /// Bytes waiting now.
    queued_bytes: usize,
}

impl From<AppenderStats> for AppenderView {
    fn from(stats: AppenderStats) -> Self {
        let AppenderStats {
            batches,
            appends,
            events,
            conflicts,
            duplicates,
            overloaded,
            queued,
            queued_bytes,
        } = stats;
        Self { batches, appends, events, conflicts, duplicates, overloaded, queued, queued_bytes }
    }
}

/// Shows where the log ends and what was appended.
#[utoipa::path(get, path = "/api/v1/log", tag = "events", operation_id = "show_log",
    extensions(("x-access" = json!("oversight"))),
    responses((status = 200, description = "The log", body = Envelope<LogView>)))]
pub async fn show(
    State(api): State<Api>,
    caller: Caller,
    Query(NoParameters): Query<NoParameters>,
) -> Result<Answer<LogView>, ApiError> {
    let head = api.log().head().await?;
    let appender = api.log().appender_stats().into();
    Ok(Answer::ok(&caller, LogView { head, epoch: api.log().epoch(), appender }).at(head))
}
