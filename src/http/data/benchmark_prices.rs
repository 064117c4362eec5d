//! `GET /data/prices/benchmark/{symbol}`

use axum::extract::State;
use events::Symbol;
use serde::Serialize;
use utoipa::{IntoParams, ToSchema};

use super::columns::price_columns;
use super::{DateFormat, Lookback, PriceColumns, Terms, TermsParameters, WindowView};
use crate::http::answer::{Answer, Envelope};
use crate::http::caller::Caller;
use crate::http::error::ApiError;
use crate::http::path::Path;
use crate::http::query::{FromParameters, Parameters, Query};
use crate::http::state::Api;

/// Which prices.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Which {
    /// Sessions up to the one told of; default 400.
    #[param(value_type = Option<u16>, minimum = 1, maximum = 1830, default = 400)]
    lookback_days: Lookback,
    /// `iso` (default) or `unix`: seconds from 1970 to midnight UTC.
    #[param(value_type = Option<String>, example = "iso")]
    date_format: DateFormat,
    #[param(ignore)]
    terms: Terms,
}

impl FromParameters for Which {
    fn read(parameters: &mut Parameters) -> Option<Self> {
        let lookback_days = parameters.optional("lookback_days").unwrap_or(Lookback(400));
        let date_format = parameters.optional("date_format").unwrap_or_default();
        Some(Self { lookback_days, date_format, terms: Terms::read(parameters) })
    }
}

/// Daily prices of a benchmark.
#[derive(Debug, Serialize, ToSchema)]
pub struct BenchmarkPrices {
    /// Whose prices.
    #[schema(value_type = String, example = "SPY")]
    symbol: Symbol,
    /// Whether there are any in the window.
    available: bool,
    /// Why not: `no_benchmark_data`.
    reason: Option<&'static str>,
    /// The prices.
    prices: Option<PriceColumns>,
    /// The window.
    metadata: WindowView,
}

/// Shows the daily prices of one symbol.
#[utoipa::path(get, path = "/api/v1/data/prices/benchmark/{symbol}", tag = "market",
    operation_id = "benchmark_prices", extensions(("x-access" = json!("signed-in"))),
    params(("symbol" = String, Path, description = "The symbol", example = "SPY"), Which, TermsParameters),
    responses((status = 200, description = "Its prices, or why there are none", body = Envelope<BenchmarkPrices>)))]
pub async fn show(
    State(api): State<Api>,
    caller: Caller,
    Path(symbol): Path<Symbol>,
    Query(which): Query<Which>,
) -> Result<Answer<BenchmarkPrices>, ApiError> {
    let window = which.terms.window(&api, which.lookback_days).await?;
    let asked = std::slice::from_ref(&symbol);
    let mut found = price_columns(&api, asked, &window, which.date_format).await?;
    let prices = found.remove(&symbol).map(|found| found.columns);
    let reason = prices.is_none().then_some("no_benchmark_data");
    let metadata = WindowView::from(&window);
    Ok(Answer::ok(&caller, BenchmarkPrices { symbol, available: prices.is_some(), reason, prices, metadata }))
}
