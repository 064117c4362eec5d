//! `GET /quotes/stream`

use axum::extract::State;
use axum::response::Response;
use axum::response::sse::Event;
use events::Symbol;
use futures_util::{Stream, stream};
use serde::Serialize;
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;
use utoipa::IntoParams;

use super::{Quote, QuoteNews, QuoteView};
use crate::http::caller::Caller;
use crate::http::error::ApiError;
use crate::http::query::{FromParameters, Parameters, Query};
use crate::http::sse;
use crate::http::state::Api;

/// Which quotes.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Which {
    /// Only these symbols, separated by commas.
    #[param(value_type = Option<String>, example = "AAPL,MSFT")]
    symbols: Option<Vec<Symbol>>,
}

impl FromParameters for Which {
    fn read(parameters: &mut Parameters) -> Option<Self> {
        Some(Self { symbols: parameters.list("symbols") })
    }
}

/// Quotes that came faster than they could be passed on, or than the client read them.
#[derive(Debug, Serialize)]
struct Gap {
    missed: u64,
}

/// Follows quotes as they arrive.
///
/// The last known quotes come first, after `connected`. Quotes are not resumable: a client that was away gets the
/// latest again. Where quotes came too fast, the client gets `gap` with the number of those it missed.
#[utoipa::path(get, path = "/api/v1/quotes/stream", tag = "market", operation_id = "stream_quotes",
    extensions(("x-access" = json!("signed-in"))), params(Which),
    responses((status = 200, description = "Events `connected`, `quote` and `gap`", body = QuoteView,
        content_type = "text/event-stream")))]
pub async fn stream(
    State(api): State<Api>,
    caller: Caller,
    Query(Which { symbols }): Query<Which>,
) -> Result<Response, ApiError> {
    // Following begins before the board is read, so that no quote falls between the two.
    let receiver = api.quotes().follow();
    let wanted = move |symbol: &Symbol| symbols.as_ref().is_none_or(|symbols| symbols.contains(symbol));
    let known: Vec<Event> =
        api.quotes().all().into_iter().filter(|quote| wanted(&quote.symbol)).map(shown).collect();
    let events = futures_util::StreamExt::chain(stream::iter(known), follow(receiver, wanted));
    sse::respond(&api, sse::connected(&caller, None), events)
}

fn shown(quote: Quote) -> Event {
    sse::plain("quote", &QuoteView::from(quote))
}

fn follow(
    receiver: Receiver<QuoteNews>,
    wanted: impl Fn(&Symbol) -> bool + Send,
) -> impl Stream<Item = Event> + Send {
    stream::unfold((receiver, wanted), |(mut receiver, wanted)| async move {
        loop {
            match receiver.recv().await {
                Ok(QuoteNews::Quote(quote)) if wanted(&quote.symbol) => {
                    return Some((shown(quote), (receiver, wanted)));
                }
                Ok(QuoteNews::Quote(_)) => {}
                Ok(QuoteNews::Missed(missed)) | Err(RecvError::Lagged(missed)) => {
                    return Some((sse::plain("gap", &Gap { missed }), (receiver, wanted)));
                }
                Err(RecvError::Closed) => return None,
            }
        }
    })
}
