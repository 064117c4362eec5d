//! `GET /positions/{position_id}/tags`

use axum::extract::State;
use events::PositionId;
use projections::Projection;
use projections::portfolios::{KnownAt, Portfolios};
use projections::tags::Tags;

use crate::http::answer::{Answer, Envelope};
use crate::http::caller::Caller;
use crate::http::error::ApiError;
use crate::http::path::Path;
use crate::http::position::{AtLeast, PositionParameters};
use crate::http::positions::{TagLabel, labels};
use crate::http::state::Api;

/// Lists the tags of a position.
#[utoipa::path(get, path = "/api/v1/positions/{position_id}/tags", tag = "tags", operation_id = "list_tags_of_position",
    extensions(("x-access" = json!("rows"))),
    params(("position_id" = Uuid, Path, description = "The position"), PositionParameters),
    responses((status = 200, description = "Tags", body = Envelope<Vec<TagLabel>>)))]
pub async fn list(
    State(api): State<Api>,
    caller: Caller,
    Path(position_id): Path<PositionId>,
    at_least: AtLeast,
) -> Result<Answer<Vec<TagLabel>>, ApiError> {
    let position = at_least.shown_by(&api, &[Portfolios::NAME, Tags::NAME]).await?;
    let portfolio_id = api.portfolio_of(&caller, position_id).await?;
    let view = api.view(&caller).await?;
    let book = api.book(&view, portfolio_id, KnownAt::Now).await?;
    drop(view);
    let lot = book.portfolio.lot(position_id).ok_or_else(|| ApiError::not_found("position", position_id))?;
    let tags = labels(&api, &caller).await?.of(&lot.tags);
    Ok(Answer::ok(&caller, tags).at(position))
}
