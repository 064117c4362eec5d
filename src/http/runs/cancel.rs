//! `POST /runs/{run}/cancel`

use axum::extract::State;
use events::RunId;
use events::log::Lane;
use events::run::{RunCommand, RunStatus};
use serde::Serialize;
use utoipa::ToSchema;

use crate::http::answer::{Answer, Envelope};
use crate::http::body::{Body, FromMembers, Members};
use crate::http::error::ApiError;
use crate::http::idempotency::{ConditionParameters, WriteParameters, Writing};
use crate::http::path::Path;
use crate::http::state::Api;

/// Why a run is to stop. The body may be left out.
#[derive(Debug, ToSchema)]
pub struct CancelRun {
    /// In the words of who stops it, up to 1,000 characters.
    #[schema(value_type = Option<String>, example = "wrong symbols")]
    reason: String,
}

impl FromMembers for CancelRun {
    const MAY_BE_EMPTY: bool = true;

    fn read(members: &mut Members) -> Option<Self> {
        let reason = members.optional("reason");
        Some(Self { reason: reason.unwrap_or_else(|| "cancelled by its owner".to_owned()) })
    }
}

/// A run that is cancelled.
#[derive(Debug, Serialize, ToSchema)]
pub struct CancelledRun {
    /// The run.
    #[schema(value_type = String, format = Uuid)]
    run_id: RunId,
    /// Always `cancelled`.
    #[schema(value_type = String, example = "cancelled")]
    status: RunStatus,
}

/// Stops a run; what it did so far stays. Cancelling a cancelled run changes nothing and answers the same.
#[utoipa::path(post, path = "/api/v1/runs/{run}/cancel", tag = "runs", operation_id = "cancel_run",
    extensions(("x-access" = json!("own-run"))),
    params(("run" = Uuid, Path, description = "Its id"), WriteParameters, ConditionParameters),
    request_body(content = Option<CancelRun>),
    responses((status = 200, description = "It is cancelled", body = Envelope<CancelledRun>)))]
pub async fn cancel(
    State(api): State<Api>,
    Path(run_id): Path<RunId>,
    writing: Writing,
    Body { value, hash }: Body<CancelRun>,
) -> Result<Answer<CancelledRun>, ApiError> {
    let runs = &api.app().runs;
    let command = RunCommand::Cancel { reason: value.reason };
    let receipt = runs.execute(run_id, writing.envelope(command, hash).in_lane(Lane::Control)).await?;
    Ok(Answer::written(&writing.caller, &receipt, CancelledRun { run_id, status: RunStatus::Cancelled }))
}
