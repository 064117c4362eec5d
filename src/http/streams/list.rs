//! `GET /streams`

use axum::extract::State;
use projections::Projection;
use projections::streams::{self, Streams, StreamsCursor};
use utoipa::IntoParams;

use super::StreamView;
use crate::http::answer::{Answer, Envelope};
use crate::http::caller::Caller;
use crate::http::error::ApiError;
use crate::http::page::{PageParameters, Paging};
use crate::http::position::{AtLeast, PositionParameters};
use crate::http::query::{FromParameters, Parameters, Query};
use crate::http::state::Api;

/// Which streams.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Which {
    /// Only streams of this category.
    #[param(example = "run")]
    category: Option<String>,
    #[param(ignore)]
    paging: Paging<StreamsCursor>,
}

impl FromParameters for Which {
    fn read(parameters: &mut Parameters) -> Option<Self> {
        Some(Self { category: parameters.optional("category"), paging: parameters.paging() })
    }
}

/// Lists streams by category and key.
#[utoipa::path(get, path = "/api/v1/streams", tag = "streams", operation_id = "list_streams",
    extensions(("x-access" = json!("rows"))),
    params(Which, PageParameters, PositionParameters),
    responses((status = 200, description = "Streams", body = Envelope<Vec<StreamView>>)))]
pub async fn list(
    State(api): State<Api>,
    caller: Caller,
    Query(which): Query<Which>,
    at_least: AtLeast,
) -> Result<Answer<Vec<StreamView>>, ApiError> {
    let position = at_least.shown_by(&api, &[Streams::NAME]).await?;
    let (category, Paging { limit, cursor }) = (which.category.as_deref(), which.paging);
    let client = api.view(&caller).await?;
    let page = streams::list(&client, caller.tenant, category, cursor.as_ref(), limit).await?;
    let views = page.items.into_iter().map(StreamView::from).collect();
    Ok(Answer::ok(&caller, views).at(position).next(page.next_cursor))
}
