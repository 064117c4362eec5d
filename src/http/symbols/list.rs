//! `GET /symbols`

use axum::extract::State;
use events::{Interval, Market, Symbol};
use jiff::Timestamp;
use projections::bars::{self, Coverage, Vintage};
use serde::Serialize;
use utoipa::{IntoParams, ToSchema};

use crate::http::answer::{Answer, Envelope};
use crate::http::caller::Caller;
use crate::http::error::ApiError;
use crate::http::page::{NumberCursor, PageParameters, Paging};
use crate::http::query::{FromParameters, Parameters, Query};
use crate::http::state::Api;

/// How many rows of the list were shown.
type PlaceCursor = NumberCursor<'s'>;

/// Which symbols.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Which {
    /// Only bars of this length: `1d`, `60min` or `1min`.
    #[param(value_type = Option<String>, example = "1d")]
    interval: Option<Interval>,
    /// Only these symbols, separated by commas.
    #[param(value_type = Option<String>, example = "AAPL,MSFT")]
    symbols: Option<Vec<Symbol>>,
    #[param(ignore)]
    paging: Paging<PlaceCursor>,
}

impl FromParameters for Which {
    fn read(parameters: &mut Parameters) -> Option<Self> {
        let (interval, symbols) = (parameters.optional("interval"), parameters.list("symbols"));
        Some(Self { interval, symbols, paging: parameters.paging() })
    }
}

/// The bars that the market store has of one symbol at one interval.
#[derive(Debug, Serialize, ToSchema)]
pub struct CoverageView {
    /// The symbol.
    #[schema(value_type = String, example = "AAPL")]
    symbol: Symbol,
    /// Its market: `united_states`, `china` or `crypto`.
    #[schema(value_type = String, example = "united_states")]
    market: Market,
    /// The currency of its prices.
    #[schema(example = "USD")]
    currency: &'static str,
    /// The length of the bars.
    #[schema(value_type = String, example = "1d")]
    interval: Interval,
    /// Start of the first bar.
    first_start_at: Timestamp,
    /// Start of the last bar.
    last_start_at: Timestamp,
    /// How many bars.
    #[schema(example = 250)]
    bars: i64,
    /// The newest import that touched them.
    #[schema(value_type = i64, example = 1)]
    vintage: Vintage,
}

impl From<Coverage> for CoverageView {
    fn from(covered: Coverage) -> Self {
        let market = covered.symbol.market();
        Self {
            symbol: covered.symbol,
            market,
            currency: market.currency(),
            interval: covered.interval,
            first_start_at: covered.first_start,
            last_start_at: covered.last_start,
            bars: covered.bars,
            vintage: covered.vintage,
        }
    }
}

/// Lists what the market store has, by symbol and interval.
#[utoipa::path(get, path = "/api/v1/symbols", tag = "market", operation_id = "list_symbols",
    extensions(("x-access" = json!("signed-in"))), params(Which, PageParameters),
    responses((status = 200, description = "Coverage; `meta.total` counts it", body = Envelope<Vec<CoverageView>>)))]
pub async fn list(
    State(api): State<Api>,
    caller: Caller,
    Query(Which { interval, symbols, paging }): Query<Which>,
) -> Result<Answer<Vec<CoverageView>>, ApiError> {
    let covered = bars::coverage(&api.shared().await?, symbols.as_deref(), interval, None).await?;
    let total = i64::try_from(covered.len()).unwrap_or(i64::MAX);
    let seen = usize::try_from(paging.cursor.map_or(0, |cursor| cursor.0)).unwrap_or(usize::MAX);
    let shown = seen.saturating_add(usize::from(paging.limit));
    let next = i64::try_from(shown).ok().filter(|shown| *shown < total).map(NumberCursor::<'s'>);
    let page = covered.into_iter().skip(seen).take(usize::from(paging.limit)).map(CoverageView::from);
    Ok(Answer::ok(&caller, page.collect()).total(total).next(next))
}
