//! `DELETE /runs/{run}`

use axum::extract::State;
use events::RunId;
use events::run::RunCommand;
use serde::Serialize;
use utoipa::ToSchema;

use crate::http::answer::{Answer, Envelope};
use crate::http::body::{Body, NoBody};
use crate::http::error::ApiError;
use crate::http::idempotency::{ConditionParameters, WriteParameters, Writing};
use crate::http::path::Path;
use crate::http::state::Api;

/// A run that is gone.
#[derive(Debug, Serialize, ToSchema)]
pub struct DeletedRun {
    /// Its id.
    #[schema(value_type = String, format = Uuid)]
    run_id: RunId,
}

/// Hides a run that is over from every list and figure. Its events stay in the log. One that trades answers 409.
#[utoipa::path(delete, path = "/api/v1/runs/{run}", tag = "runs", operation_id = "delete_run",
    extensions(("x-access" = json!("own-run"))),
    params(("run" = Uuid, Path, description = "Its id"), WriteParameters, ConditionParameters),
    responses((status = 200, description = "It is gone", body = Envelope<DeletedRun>)))]
pub async fn delete(
    State(api): State<Api>,
    Path(run_id): Path<RunId>,
    writing: Writing,
    Body { hash, .. }: Body<NoBody>,
) -> Result<Answer<DeletedRun>, ApiError> {
    let runs = &api.app().runs;
    let receipt = runs.execute(run_id, writing.envelope(RunCommand::Delete, hash)).await?;
    Ok(Answer::written(&writing.caller, &receipt, DeletedRun { run_id }))
}
