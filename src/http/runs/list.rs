//! `GET /runs`

use axum::extract::State;
use events::ModelId;
use projections::runs::{self, RunFilter, Runs};
use projections::{PositionCursor, Projection};
use utoipa::IntoParams;

use super::{RunView, StatusName};
use crate::http::answer::{Answer, Envelope};
use crate::http::caller::Caller;
use crate::http::error::ApiError;
use crate::http::page::{PageParameters, Paging};
use crate::http::position::{AtLeast, PositionParameters};
use crate::http::query::{FromParameters, Parameters, Query};
use crate::http::state::Api;

/// Which runs.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Which {
    /// Only runs of this model.
    #[param(value_type = Option<String>, format = Uuid)]
    model: Option<ModelId>,
    /// Only runs that stand here: `pending`, `running`, `completed`, `failed` or `cancelled`.
    #[param(value_type = Option<String>, example = "completed")]
    status: Option<StatusName>,
    #[param(ignore)]
    paging: Paging<PositionCursor>,
}

impl FromParameters for Which {
    fn read(parameters: &mut Parameters) -> Option<Self> {
        let (model, status) = (parameters.optional("model"), parameters.optional("status"));
        Some(Self { model, status, paging: parameters.paging() })
    }
}

/// Lists the caller's runs, newest first.
#[utoipa::path(get, path = "/api/v1/runs", tag = "runs", operation_id = "list_runs",
    extensions(("x-access" = json!("rows"))),
    params(Which, PageParameters, PositionParameters),
    responses((status = 200, description = "Runs", body = Envelope<Vec<RunView>>)))]
pub async fn list(
    State(api): State<Api>,
    caller: Caller,
    Query(Which { model, status, paging }): Query<Which>,
    at_least: AtLeast,
) -> Result<Answer<Vec<RunView>>, ApiError> {
    let position = at_least.shown_by(&api, &[Runs::NAME]).await?;
    let owner = Some(caller.principal.clone());
    let filter = RunFilter { owner, model, status: status.map(|status| status.0) };
    let page = runs::list(&api.view(&caller).await?, &filter, paging.cursor, paging.limit).await?;
    let views = page.items.into_iter().map(RunView::from).collect();
    Ok(Answer::ok(&caller, views).at(position).next(page.next_cursor))
}
