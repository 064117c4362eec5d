//! `GET /models`

use axum::extract::State;
use projections::models::{self, Models};
use projections::{PositionCursor, Projection};

use super::ModelView;
use crate::http::answer::{Answer, Envelope};
use crate::http::caller::Caller;
use crate::http::error::ApiError;
use crate::http::page::{PageParameters, Paging};
use crate::http::position::{AtLeast, PositionParameters};
use crate::http::query::{FromParameters, Parameters, Query};
use crate::http::state::Api;

/// Which page of the caller's models.
#[derive(Debug)]
pub struct Which(Paging<PositionCursor>);

impl FromParameters for Which {
    fn read(parameters: &mut Parameters) -> Option<Self> {
        Some(Self(parameters.paging()))
    }
}

/// Lists the caller's models, newest first.
#[utoipa::path(get, path = "/api/v1/models", tag = "models", operation_id = "list_models",
    extensions(("x-access" = json!("rows"))),
    params(PageParameters, PositionParameters),
    responses((status = 200, description = "Models", body = Envelope<Vec<ModelView>>)))]
pub async fn list(
    State(api): State<Api>,
    caller: Caller,
    Query(Which(paging)): Query<Which>,
    at_least: AtLeast,
) -> Result<Answer<Vec<ModelView>>, ApiError> {
    let position = at_least.shown_by(&api, &[Models::NAME]).await?;
    let client = api.view(&caller).await?;
    let page = models::list(&client, Some(&caller.principal), paging.cursor, paging.limit).await?;
    let views = page.items.into_iter().map(ModelView::from).collect();
    Ok(Answer::ok(&caller, views).at(position).next(page.next_cursor))
}
