//! `GET /quotes/stream`

use axum::extract::State;
use axum::response::Response;
use axum::response::sse::Event;
use events::Symbol;
use futures_util::{StreamExt, stream};
use serde::Serialize;
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

/// Quotes that came faster than the client read them.
#[derive(Debug, Serialize)]
struct Gap {
    missed: u64,
}

/// Follows quotes as they arrive.
///
/// The last known quotes come first, after `connected`. Quotes are not resumable: a client that was away gets the
/// latest again. A client that reads too slowly gets `gap` with the number of quotes it missed.
#[utoipa::path(get, path = "/api/v1/quotes/stream", tag = "market", operation_id = "stream_quotes", params(Which),
    responses((status = 200, description = "Events `connected`, `quote` and `gap`", body = QuoteView,
        content_type = "text/event-stream")))]
pub async fn stream(
    State(api): State<Api>,
    caller: Caller,
    Query(Which { symbols }): Query<Which>,
) -> Result<Response, ApiError> {
    // Following begins before the board is read, so that no quote falls between the two.
    let news = api.quotes().follow();
    let wanted = move |symbol: &Symbol| symbols.as_ref().is_none_or(|symbols| symbols.contains(symbol));
    let known: Vec<Event> =
        api.quotes().all().into_iter().filter(|quote| wanted(&quote.symbol)).map(shown).collect();
    let events = news.filter_map(move |news| {
        std::future::ready(match news {
            QuoteNews::Quote(quote) => wanted(&quote.symbol).then(|| shown(quote)),
            QuoteNews::Missed(missed) => Some(sse::plain("gap", &Gap { missed })),
        })
    });
    sse::respond(&api, sse::connected(&caller, None), stream::iter(known).chain(events))
}

fn shown(quote: Quote) -> Event {
    sse::plain("quote", &QuoteView::from(quote))
}
