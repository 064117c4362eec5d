//! `GET /runs/{run}/progress`

mod message;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use events::log::{Filter, Loaded};
use events::{Aggregate, Position, Run, RunId};
use futures_util::StreamExt;

use crate::http::caller::Caller;
use crate::http::error::ApiError;
use crate::http::path::Path;
use crate::http::query::{NoParameters, Query};
use crate::http::sse::{self, LastEventId};
use crate::http::state::Api;
use message::{Context, Message, is_last};

/// Events fetched at once.
const PAGE: usize = 100;

/// Follows a run from its request to its end.
///
/// The id of each event is its log position: reconnecting with `Last-Event-ID` goes on without loss or repetition.
/// `connected` comes first, then everything that happened so far and what happens: `requested`, `order`, `trade`,
/// `rejection`, `progress`, and at the end `completed`, `cancelled`, `failed` or `deleted`, after which the stream ends.
/// Reconnecting to a run that is over answers 204, which tells browsers to stop.
#[utoipa::path(get, path = "/api/v1/runs/{run}/progress", tag = "runs", operation_id = "follow_run",
    extensions(("x-access" = json!("own-run"))),
    params(("run" = Uuid, Path, description = "Its id"),
        ("Last-Event-ID" = Option<i64>, Header, description = "The last event that was seen")),
    responses((status = 200, description = "What happens", body = Message, content_type = "text/event-stream"),
        (status = 204, description = "The run is over and everything was seen")))]
pub async fn follow(
    State(api): State<Api>,
    caller: Caller,
    Path(run_id): Path<RunId>,
    Query(NoParameters): Query<NoParameters>,
    LastEventId(last): LastEventId,
) -> Result<Response, ApiError> {
    let stream = api.app().runs.stream(run_id);
    let loaded = api.log().load::<Aggregate<Run>>(&stream).await?;
    let context = Context::of(run_id, &loaded.state).ok_or_else(|| ApiError::not_found("run", run_id))?;
    let after = last.unwrap_or(Position::START);
    if everything_was_seen(&loaded, after) {
        return Ok(StatusCode::NO_CONTENT.into_response());
    }
    let subscription = api.log().subscribe(after, Filter::stream(stream), PAGE);
    let events = sse::follow(subscription, is_last)
        .map(move |event| futures_util::stream::iter(context.events(&event)))
        .flatten();
    sse::respond(&api, sse::connected(&caller, Some(after)), events)
}

fn everything_was_seen(loaded: &Loaded<Aggregate<Run>>, after: Position) -> bool {
    loaded.state.next_bar().is_none() && after >= loaded.position
}
