//! `GET /events/tail`

use axum::extract::State;
use axum::response::Response;
use axum::response::sse::Event;
use events::Recorded;
use futures_util::StreamExt;
use utoipa::IntoParams;

use super::{EventView, Payload, Which};
use crate::http::caller::Caller;
use crate::http::error::ApiError;
use crate::http::path::EventPosition;
use crate::http::query::{FromParameters, Parameters, Query};
use crate::http::sse::{self, Last, LastEventId};
use crate::http::state::Api;

/// Events fetched at once.
const PAGE: usize = 100;

/// From where, and how much of each event.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct From {
    #[param(ignore)]
    which: Which,
    /// Only events after this log position; by default what comes from now on. `Last-Event-ID` takes its place.
    #[param(value_type = Option<i64>, example = 0)]
    after: Option<EventPosition>,
    /// Whether to show payloads; default `true`.
    #[param(value_type = Option<bool>)]
    payload: Payload,
}

impl FromParameters for From {
    fn read(parameters: &mut Parameters) -> Option<Self> {
        Some(Self {
            which: Which::read(parameters),
            after: parameters.optional("after"),
            payload: Payload::of(parameters.optional("payload").unwrap_or(true)),
        })
    }
}

/// Follows the log as it grows.
///
/// The id of each event is its log position: reconnecting with `Last-Event-ID` goes on without loss or repetition. The
/// first event is `connected`.
#[utoipa::path(get, path = "/api/v1/events/tail", tag = "events", operation_id = "tail_events",
    extensions(("x-access" = json!("oversight"))),
    params(Which, From, ("Last-Event-ID" = Option<i64>, Header, description = "The last event that was seen")),
    responses((status = 200, description = "Events, named by their type", body = EventView,
        content_type = "text/event-stream")))]
pub async fn tail(
    State(api): State<Api>,
    caller: Caller,
    Query(From { which, after, payload }): Query<From>,
    LastEventId(last): LastEventId,
) -> Result<Response, ApiError> {
    let after = match last.or(after.map(|after| after.0)) {
        Some(position) => position,
        None => api.log().head().await?,
    };
    let subscription = api.log().subscribe(after, which.filter(), PAGE);
    let events = sse::follow(subscription, |_| Last::No).map(move |event| show(&event, payload));
    sse::respond(&api, sse::connected(&caller, Some(after)), events)
}

fn show(event: &Recorded, payload: Payload) -> Event {
    match EventView::of(event, payload) {
        Ok(view) => sse::event(&event.event_type, event.position, &view),
        // An event that cannot be read is not passed over in silence.
        Err(error) => sse::event("unreadable", event.position, &error.to_string()),
    }
}
