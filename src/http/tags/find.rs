//! `GET /tags/{tag_id}`

use axum::extract::State;
use events::TagId;
use projections::Projection;
use projections::portfolios::Portfolios;
use projections::tags::{self, Tags};

use super::{TagView, Uses};
use crate::http::answer::{Answer, Envelope};
use crate::http::caller::Caller;
use crate::http::error::ApiError;
use crate::http::path::Path;
use crate::http::position::{AtLeast, PositionParameters};
use crate::http::state::Api;

/// Shows a tag.
#[utoipa::path(get, path = "/api/v1/tags/{tag_id}", tag = "tags", operation_id = "find_tag",
    extensions(("x-access" = json!("rows"))),
    params(("tag_id" = Uuid, Path, description = "The tag"), PositionParameters),
    responses((status = 200, description = "The tag", body = Envelope<TagView>)))]
pub async fn find(
    State(api): State<Api>,
    caller: Caller,
    Path(tag_id): Path<TagId>,
    at_least: AtLeast,
) -> Result<Answer<TagView>, ApiError> {
    let position = at_least.shown_by(&api, &[Tags::NAME, Portfolios::NAME]).await?;
    let row = tags::find(&api.view(&caller).await?, tag_id).await?;
    let row = row.filter(|row| row.owner == caller.principal);
    let row = row.ok_or_else(|| ApiError::not_found("tag", tag_id))?;
    let view = TagView::of(tag_id, &caller, &row.tag, &Uses::of(&api, &caller).await?);
    Ok(Answer::ok(&caller, view).at(position))
}
