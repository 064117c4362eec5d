//! `GET /admin/stats`

use axum::extract::State;
use jiff::{SignedDuration, Timestamp};
use projections::stats;
use serde::Serialize;
use utoipa::ToSchema;

use crate::http::answer::{Answer, Envelope};
use crate::http::caller::Caller;
use crate::http::error::ApiError;
use crate::http::query::{NoParameters, Query};
use crate::http::state::Api;

/// A model with a run in this time is active.
const ACTIVE: SignedDuration = SignedDuration::from_hours(24 * 30);

/// How much there is of everything, over all accounts.
#[derive(Debug, Serialize, ToSchema)]
pub struct StatsView {
    /// Accounts.
    #[schema(example = 12)]
    accounts: i64,
    /// Accounts that may sign in.
    #[schema(example = 11)]
    active_accounts: i64,
    /// Administrators that may sign in.
    #[schema(example = 2)]
    admins: i64,
    /// Models that are not deleted.
    #[schema(example = 40)]
    models: i64,
    /// Models with a run in the last 30 days.
    #[schema(example = 17)]
    active_models: i64,
    /// Runs that are not deleted.
    #[schema(example = 212)]
    runs: i64,
    /// Runs that are not over.
    #[schema(example = 1)]
    unfinished_runs: i64,
    /// Events in the log.
    #[schema(example = 91544)]
    events: i64,
}

/// Counts everything, over all accounts.
#[utoipa::path(get, path = "/api/v1/admin/stats", tag = "administration", operation_id = "show_stats",
    extensions(("x-access" = json!("admin"))),
    responses((status = 200, description = "How much there is", body = Envelope<StatsView>)))]
pub async fn show(
    State(api): State<Api>,
    caller: Caller,
    Query(NoParameters): Query<NoParameters>,
) -> Result<Answer<StatsView>, ApiError> {
    let since = events::time::now().saturating_sub(ACTIVE).unwrap_or(Timestamp::MIN);
    let counted = stats::count(&api.shared().await?, since).await?;
    let head = api.log().head().await?;
    let view = StatsView {
        accounts: counted.accounts,
        active_accounts: counted.active_accounts,
        admins: counted.admins,
        models: counted.models,
        active_models: counted.active_models,
        runs: counted.runs,
        unfinished_runs: counted.unfinished_runs,
        events: head.0,
    };
    Ok(Answer::ok(&caller, view).at(head))
}
