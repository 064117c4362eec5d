//! `GET /runs/{run}`

use axum::extract::State;
use events::RunId;
use projections::Projection;
use projections::runs::{RunDetail, Runs};
use serde::Serialize;
use utoipa::ToSchema;

use super::{RunView, SnapshotView, owned};
use crate::http::answer::{Answer, Envelope};
use crate::http::caller::Caller;
use crate::http::error::ApiError;
use crate::http::path::Path;
use crate::http::position::{AtLeast, PositionParameters};
use crate::http::query::{NoParameters, Query};
use crate::http::state::Api;

/// A run with its frozen terms.
#[derive(Debug, Serialize, ToSchema)]
pub struct RunDetailView {
    /// What the list shows.
    #[serde(flatten)]
    run: RunView,
    /// Everything that influences it.
    snapshot: SnapshotView,
}

impl From<RunDetail> for RunDetailView {
    fn from(detail: RunDetail) -> Self {
        Self { run: detail.run.into(), snapshot: (*detail.snapshot).into() }
    }
}

/// Shows one run with its frozen terms.
#[utoipa::path(get, path = "/api/v1/runs/{run}", tag = "runs", operation_id = "find_run",
    extensions(("x-access" = json!("rows"))),
    params(("run" = Uuid, Path, description = "Its id"), PositionParameters),
    responses((status = 200, description = "The run", body = Envelope<RunDetailView>,
        headers(("ETag" = String, description = "Its version")))))]
pub async fn find(
    State(api): State<Api>,
    caller: Caller,
    Path(run_id): Path<RunId>,
    Query(NoParameters): Query<NoParameters>,
    at_least: AtLeast,
) -> Result<Answer<RunDetailView>, ApiError> {
    let position = at_least.shown_by(&api, &[Runs::NAME]).await?;
    let detail = owned(&api.view(&caller).await?, &caller, run_id).await?;
    let version = detail.run.version;
    Ok(Answer::ok(&caller, detail.into()).at(position).version(version))
}
