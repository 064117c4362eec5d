//! `GET /models/{model}`

use axum::extract::State;
use events::ModelId;
use projections::Projection;
use projections::models::{self, Models};

use super::ModelView;
use crate::http::answer::{Answer, Envelope};
use crate::http::caller::Caller;
use crate::http::error::ApiError;
use crate::http::path::Path;
use crate::http::position::{AtLeast, PositionParameters};
use crate::http::query::{NoParameters, Query};
use crate::http::state::Api;

/// Shows one model.
#[utoipa::path(get, path = "/api/v1/models/{model}", tag = "models", operation_id = "find_model",
    extensions(("x-access" = json!("rows"))),
    params(("model" = Uuid, Path, description = "Its id"), PositionParameters),
    responses((status = 200, description = "The model", body = Envelope<ModelView>,
        headers(("ETag" = String, description = "Its version")))))]
pub async fn find(
    State(api): State<Api>,
    caller: Caller,
    Path(model_id): Path<ModelId>,
    Query(NoParameters): Query<NoParameters>,
    at_least: AtLeast,
) -> Result<Answer<ModelView>, ApiError> {
    let position = at_least.shown_by(&api, &[Models::NAME]).await?;
    let found = models::find(&api.view(&caller).await?, model_id).await?;
    let model = found.filter(|model| model.owner == caller.principal);
    let view = model.map(ModelView::from).ok_or_else(|| ApiError::not_found("model", model_id))?;
    let version = view.version;
    Ok(Answer::ok(&caller, view).at(position).version(version))
}
