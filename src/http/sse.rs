//! Event streams: resumable by log position, kept alive, bounded in number, and ended in order.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::pin::Pin;
use std::time::Duration;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderName, HeaderValue, header};
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use events::log::Subscription;
use events::{Position, Recorded, RequestId};
use futures_util::{Stream, StreamExt, stream};
use serde::Serialize;

use super::caller::Caller;
use super::error::ApiError;
use super::state::{Api, STREAMS_MAX};

/// A comment is sent when nothing happened for so long.
const KEEP_ALIVE: Duration = Duration::from_secs(15);
/// How long clients wait before they connect again.
const RETRY: Duration = Duration::from_secs(3);
/// The header with which a client says what it has seen.
pub const LAST_EVENT_ID: HeaderName = HeaderName::from_static("last-event-id");

/// The log position after which a reconnecting client wants to go on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LastEventId(pub Option<Position>);

impl<S: Sync> FromRequestParts<S> for LastEventId {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, ApiError> {
        let Some(value) = parts.headers.get(LAST_EVENT_ID) else { return Ok(Self(None)) };
        let number = value.to_str().ok().and_then(|text| text.parse().ok()).filter(|number| *number >= 0);
        let message = "must be the id of an event of this stream";
        let number = number.ok_or_else(|| ApiError::invalid("Last-Event-ID", "invalid", message))?;
        Ok(Self(Some(Position(number))))
    }
}

/// The first event of every stream.
#[derive(Debug, Serialize)]
struct Connected {
    request_id: RequestId,
    #[serde(skip_serializing_if = "Option::is_none")]
    after: Option<Position>,
}

/// The first event; a stream that can be resumed says after which position it begins.
pub fn connected(caller: &Caller, after: Option<Position>) -> Event {
    let connected = Connected { request_id: caller.request_id, after };
    match after {
        Some(after) => event("connected", after, &connected),
        None => plain("connected", &connected),
    }
    .retry(RETRY)
}

/// An event with a position to resume from.
pub fn event(name: &str, position: Position, data: &impl Serialize) -> Event {
    plain(name, data).id(position.to_string())
}

/// An event that does not move the place to resume from.
pub fn plain(name: &str, data: &impl Serialize) -> Event {
    // Views are plain structures, which always serialize; one that did not must not look like an empty event.
    let failed = |error: axum::Error| Event::default().event("error").data(error.to_string());
    Event::default().event(name).json_data(data).unwrap_or_else(failed)
}

/// Answers with `first`, then `events`; ends with them, or when the server stops.
pub fn respond(
    api: &Api,
    first: Event,
    events: impl Stream<Item = Event> + Send + 'static,
) -> Result<Response, ApiError> {
    let place = api
        .streams()
        .clone()
        .try_acquire_owned()
        .map_err(|_| ApiError::StreamsFull { limit: STREAMS_MAX })?;
    let stopping = api.stopping().clone();
    let ended = {
        let stopping = stopping.clone();
        stream::once(
            async move { stopping.is_cancelled().then(|| Event::default().comment("the server stops")) },
        )
        .filter_map(std::future::ready)
    };
    let body: Pin<Box<dyn Stream<Item = Result<Event, Infallible>> + Send>> = Box::pin(
        stream::iter([first]).chain(events.take_until(stopping.cancelled_owned())).chain(ended).map(
            move |event| {
                // The place is taken for as long as somebody reads.
                let _ = &place;
                Ok(event)
            },
        ),
    );
    let mut response = Sse::new(body).keep_alive(KeepAlive::new().interval(KEEP_ALIVE)).into_response();
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    // Proxies that buffer would hold events back.
    response
        .headers_mut()
        .insert(HeaderName::from_static("x-accel-buffering"), HeaderValue::from_static("no"));
    Ok(response)
}

/// Whether an event ends the stream that it is on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Last {
    /// Nothing comes after it.
    Yes,
    /// More may come.
    No,
}

/// The events of a subscription one by one. Ends after the one that `is_last`, and after an error, from which the
/// client resumes.
pub fn follow(
    subscription: Subscription,
    is_last: impl Fn(&Recorded) -> Last + Send,
) -> impl Stream<Item = Recorded> + Send {
    let start = Following { subscription, waiting: VecDeque::new(), over: false };
    stream::unfold((start, is_last), |(mut following, is_last)| async move {
        let event = following.next().await?;
        following.over = is_last(&event) == Last::Yes;
        Some((event, (following, is_last)))
    })
}

struct Following {
    subscription: Subscription,
    waiting: VecDeque<Recorded>,
    over: bool,
}

impl Following {
    async fn next(&mut self) -> Option<Recorded> {
        while !self.over {
            if let Some(event) = self.waiting.pop_front() {
                return Some(event);
            }
            match self.subscription.next().await {
                Ok(page) => self.waiting.extend(page.events),
                Err(error) => {
                    tracing::warn!(error = %error, "An event stream ended, the log cannot be read: {error}");
                    return None;
                }
            }
        }
        None
    }
}
