//! `GET /streams/{stream}/events`

use axum::extract::State;
use events::{StreamName, Version};
use utoipa::IntoParams;

use crate::http::answer::{Answer, Envelope};
use crate::http::caller::Caller;
use crate::http::error::ApiError;
use crate::http::events::{EventView, Payload};
use crate::http::page::{NumberCursor, PageParameters, Paging};
use crate::http::path::Path;
use crate::http::position::{AtLeast, PositionParameters};
use crate::http::query::{FromParameters, Parameters, Query};
use crate::http::state::Api;

/// A place in the events of a stream.
type VersionCursor = NumberCursor<'v'>;

/// Which events, and how much of them.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Which {
    /// Whether to show payloads; default `false`.
    #[param(value_type = Option<bool>)]
    payload: Payload,
    #[param(ignore)]
    paging: Paging<VersionCursor>,
}

impl FromParameters for Which {
    fn read(parameters: &mut Parameters) -> Option<Self> {
        let payload = Payload::of(parameters.optional("payload").unwrap_or(false));
        Some(Self { payload, paging: parameters.paging() })
    }
}

/// Lists the events of a stream by version.
#[utoipa::path(get, path = "/api/v1/streams/{stream}/events", tag = "streams", operation_id = "list_stream_events",
    extensions(("x-access" = json!("own-stream"))),
    params(("stream" = String, Path, description = "Its name", example = "model-01988d2f-6c3b-7f10-9d5e-3c1b6a1f0e77"),
        Which, PageParameters, PositionParameters),
    responses((status = 200, description = "Its events", body = Envelope<Vec<EventView>>)))]
pub async fn list(
    State(api): State<Api>,
    caller: Caller,
    Path(stream): Path<StreamName>,
    Query(Which { payload, paging }): Query<Which>,
    at_least: AtLeast,
) -> Result<Answer<Vec<EventView>>, ApiError> {
    let position = at_least.in_log(&api).await?;
    let limit = usize::from(paging.limit);
    let after = Version(paging.cursor.map_or(0, |cursor| cursor.0));
    let mut found = api.log().read_stream(&stream, after, limit + 1).await?;
    if found.is_empty() && api.log().tip(&stream).await?.version == Version::NONE {
        return Err(ApiError::not_found("stream", stream));
    }
    let more = found.len() > limit;
    found.truncate(limit);
    let next = found.last().filter(|_| more).map(|last| NumberCursor::<'v'>(last.version.0));
    let views = found.iter().map(|event| EventView::of(event, payload)).collect::<Result<_, _>>()?;
    Ok(Answer::ok(&caller, views).at(position).next(next))
}
