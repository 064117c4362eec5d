//! `DELETE /models/{model}`

use axum::extract::State;
use events::ModelId;
use events::model::ModelCommand;
use events::run::RunStatus;
use projections::Projection;
use projections::runs::{self, RunFilter, Runs};
use serde::Serialize;
use utoipa::ToSchema;

use crate::http::answer::{Answer, Envelope};
use crate::http::body::{Body, NoBody};
use crate::http::caller::Caller;
use crate::http::error::ApiError;
use crate::http::idempotency::{ConditionParameters, WriteParameters, Writing};
use crate::http::path::Path;
use crate::http::position::PATIENCE;
use crate::http::state::Api;

/// A model that is gone.
#[derive(Debug, Serialize, ToSchema)]
pub struct DeletedModel {
    /// Its id.
    #[schema(value_type = String, format = Uuid)]
    model_id: ModelId,
}

/// Deletes a model and hides its runs. Their events stay in the log. A model with an active run answers 409.
#[utoipa::path(delete, path = "/api/v1/models/{model}", tag = "models", operation_id = "delete_model",
    extensions(("x-access" = json!("own-model"))),
    params(("model" = Uuid, Path, description = "Its id"), WriteParameters, ConditionParameters),
    responses((status = 200, description = "It is gone", body = Envelope<DeletedModel>),
        (status = 412, description = "It has another version than `If-Match` says",
            body = crate::http::problem::Problem, content_type = "application/problem+json")))]
pub async fn delete(
    State(api): State<Api>,
    Path(model_id): Path<ModelId>,
    writing: Writing,
    Body { hash, .. }: Body<NoBody>,
) -> Result<Answer<DeletedModel>, ApiError> {
    let models = &api.app().models;
    without_active_runs(&api, &writing.caller, model_id).await?;
    let receipt = models.execute(model_id, writing.envelope(ModelCommand::Delete, hash)).await?;
    Ok(Answer::written(&writing.caller, &receipt, DeletedModel { model_id }))
}

/// Looks at the runs once their read model shows everything that was written before this request.
async fn without_active_runs(api: &Api, caller: &Caller, model: ModelId) -> Result<(), ApiError> {
    let head = api.log().head().await?;
    api.app().watermarks.wait_for(Runs::NAME, head, PATIENCE).await?;
    let client = api.view(caller).await?;
    for status in [RunStatus::Pending, RunStatus::Running] {
        let filter = RunFilter { owner: None, model: Some(model), status: Some(status) };
        if let Some(run) = runs::list(&client, &filter, None, 1).await?.items.first() {
            let message = format!("run {} of the model is {status}; cancel it first", run.run_id);
            return Err(ApiError::InUse(message));
        }
    }
    Ok(())
}
