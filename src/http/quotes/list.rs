//! `GET /quotes`

use axum::extract::State;
use events::Symbol;
use utoipa::IntoParams;

use super::QuoteView;
use crate::http::answer::{Answer, Envelope};
use crate::http::caller::Caller;
use crate::http::page::{NumberCursor, PageParameters, Paging};
use crate::http::query::{FromParameters, Parameters, Query};
use crate::http::state::Api;

/// How many quotes were shown.
type PlaceCursor = NumberCursor<'q'>;

/// Which quotes.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Which {
    /// Only these symbols, separated by commas.
    #[param(value_type = Option<String>, example = "AAPL,MSFT")]
    symbols: Option<Vec<Symbol>>,
    #[param(ignore)]
    paging: Paging<PlaceCursor>,
}

impl FromParameters for Which {
    fn read(parameters: &mut Parameters) -> Option<Self> {
        Some(Self { symbols: parameters.list("symbols"), paging: parameters.paging() })
    }
}

/// Lists the last quote of each symbol that a feed has brought since this process started.
#[utoipa::path(get, path = "/api/v1/quotes", tag = "market", operation_id = "list_quotes",
    extensions(("x-access" = json!("signed-in"))),
    params(Which, PageParameters),
    responses((status = 200, description = "Quotes by symbol", body = Envelope<Vec<QuoteView>>)))]
pub async fn list(
    State(api): State<Api>,
    caller: Caller,
    Query(Which { symbols, paging }): Query<Which>,
) -> Answer<Vec<QuoteView>> {
    let wanted = |symbol: &Symbol| symbols.as_ref().is_none_or(|symbols| symbols.contains(symbol));
    let quotes: Vec<_> = api.quotes().all().into_iter().filter(|quote| wanted(&quote.symbol)).collect();
    let total = i64::try_from(quotes.len()).unwrap_or(i64::MAX);
    let seen = usize::try_from(paging.cursor.map_or(0, |cursor| cursor.0)).unwrap_or(usize::MAX);
    let shown = seen.saturating_add(usize::from(paging.limit));
    let next = i64::try_from(shown).ok().filter(|shown| *shown < total).map(NumberCursor::<'q'>);
    let page = quotes.into_iter().skip(seen).take(usize::from(paging.limit)).map(QuoteView::from);
    Answer::ok(&caller, page.collect()).total(total).next(next)
}
