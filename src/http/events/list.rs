//! `GET /events`

use axum::extract::State;
use events::Position;
use projections::PositionCursor;
use utoipa::IntoParams;

use super::{EventView, Payload, Which};
use crate::http::answer::{Answer, Envelope};
use crate::http::caller::Caller;
use crate::http::error::ApiError;
use crate::http::page::{PageParameters, Paging};
use crate::http::path::EventPosition;
use crate::http::position::{AtLeast, PositionParameters};
use crate::http::query::{FromParameters, Parameters, Query};
use crate::http::state::Api;

/// From where, and how much of each event.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct From {
    #[param(ignore)]
    which: Which,
    /// Only events after this log position; the cursor of a page takes its place on the next.
    #[param(value_type = Option<i64>, example = 0)]
    after: Position,
    /// Whether to show payloads; default `false`.
    #[param(value_type = Option<bool>)]
    payload: Payload,
    #[param(ignore)]
    paging: Paging<PositionCursor>,
}

impl FromParameters for From {
    fn read(parameters: &mut Parameters) -> Option<Self> {
        let after: Option<EventPosition> = parameters.optional("after");
        Some(Self {
            which: Which::read(parameters),
            after: after.map_or(Position::START, |after| after.0),
            payload: Payload::of(parameters.optional("payload").unwrap_or(false)),
            paging: parameters.paging(),
        })
    }
}

/// Lists events in the order of the log.
#[utoipa::path(get, path = "/api/v1/events", tag = "events", operation_id = "list_events",
    extensions(("x-access" = json!("oversight"))),
    params(Which, From, PageParameters, PositionParameters),
    responses((status = 200, description = "Events", body = Envelope<Vec<EventView>>)))]
pub async fn list(
    State(api): State<Api>,
    caller: Caller,
    Query(From { which, after, payload, paging }): Query<From>,
    at_least: AtLeast,
) -> Result<Answer<Vec<EventView>>, ApiError> {
    let position = at_least.in_log(&api).await?;
    let after = paging.cursor.map_or(after, |cursor| cursor.0);
    let limit = usize::from(paging.limit);
    let mut page = api.log().read(after, limit + 1, &which.filter()).await?;
    let more = page.events.len() > limit;
    page.events.truncate(limit);
    let next = page.events.last().filter(|_| more).map(|last| PositionCursor(last.position));
    let views = page.events.iter().map(|event| EventView::of(event, payload)).collect::<Result<_, _>>()?;
    Ok(Answer::ok(&caller, views).at(position).next(next))
}
