//! `GET /events/{position}`

use axum::extract::State;

use super::{EventView, Payload};
use crate::http::answer::{Answer, Envelope};
use crate::http::caller::Caller;
use crate::http::error::ApiError;
use crate::http::path::{EventPosition, Path};
use crate::http::position::{AtLeast, PositionParameters};
use crate::http::query::{NoParameters, Query};
use crate::http::state::Api;

/// Shows one event with its payload.
#[utoipa::path(get, path = "/api/v1/events/{position}", tag = "events", operation_id = "find_event",
    extensions(("x-access" = json!("oversight"))),
    params(("position" = i64, Path, description = "Its log position", example = 42), PositionParameters),
    responses((status = 200, description = "The event", body = Envelope<EventView>)))]
pub async fn find(
    State(api): State<Api>,
    caller: Caller,
    Path(EventPosition(position)): Path<EventPosition>,
    Query(NoParameters): Query<NoParameters>,
    at_least: AtLeast,
) -> Result<Answer<EventView>, ApiError> {
    let head = at_least.in_log(&api).await?;
    let found = api.log().read_event(position).await?;
    let event = found.ok_or_else(|| ApiError::not_found("event", position))?;
    Ok(Answer::ok(&caller, EventView::of(&event, Payload::Shown)?).at(head))
}
