//! `GET /data/prices/historical`

use std::collections::{BTreeMap, BTreeSet};
use std::str::FromStr;

use axum::extract::State;
use events::Symbol;
use projections::factors;
use serde::Serialize;
use utoipa::{IntoParams, ToSchema};

use super::columns::price_columns;
use super::{
    DateFormat, Lookback, PriceColumns, SYMBOLS_MAX, Terms, TermsParameters, Window, WindowView, distinct,
};
use crate::http::answer::{Answer, Envelope};
use crate::http::caller::Caller;
use crate::http::error::ApiError;
use crate::http::query::{FromParameters, Parameters, Query};
use crate::http::state::Api;

/// Which prices.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Which {
    /// Whose, 1 to 200, separated by commas.
    #[param(value_type = String, example = "AAPL,MSFT")]
    symbols: Vec<Symbol>,
    /// Sessions up to the one told of; default 150.
    #[param(value_type = Option<u16>, minimum = 1, maximum = 1830, default = 150)]
    lookback_days: Lookback,
    /// Whether the series that stand for the active risk factors are added; they do not count towards `max_symbols`.
    #[param(value_type = Option<bool>, default = true)]
    include_factor_etfs: bool,
    /// `iso` (default) or `unix`: seconds from 1970 to midnight UTC.
    #[param(value_type = Option<String>, example = "iso")]
    date_format: DateFormat,
    /// Only the first so many of the symbols; the others are reported as excluded.
    #[param(value_type = Option<u16>, minimum = 1, maximum = 200)]
    max_symbols: Option<MaxSymbols>,
    #[param(ignore)]
    terms: Terms,
}

/// How many symbols.
#[derive(Debug, Clone, Copy)]
pub(super) struct MaxSymbols(usize);

impl FromStr for MaxSymbols {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let number = text.parse().ok().filter(|number| (1..=SYMBOLS_MAX).contains(number));
        number.map(Self).ok_or_else(|| format!("must be a number from 1 to {SYMBOLS_MAX}"))
    }
}

impl FromParameters for Which {
    fn read(parameters: &mut Parameters) -> Option<Self> {
        let symbols = parameters.required_list("symbols");
        let symbols = symbols.map(|symbols| distinct(parameters, symbols, SYMBOLS_MAX));
        let lookback_days = parameters.optional("lookback_days").unwrap_or(Lookback(150));
        let include_factor_etfs = parameters.optional("include_factor_etfs").unwrap_or(true);
        let date_format = parameters.optional("date_format").unwrap_or_default();
        let max_symbols = parameters.optional("max_symbols");
        let terms = Terms::read(parameters);
        Some(Self { symbols: symbols?, lookback_days, include_factor_etfs, date_format, max_symbols, terms })
    }
}

/// Daily prices of several symbols.
#[derive(Debug, Serialize, ToSchema)]
pub struct HistoricalPrices {
    /// By symbol.
    symbols: BTreeMap<String, PriceColumns>,
    /// Those that have a bar in the window, in the order asked; then the series of the risk factors.
    #[schema(value_type = Vec<String>)]
    symbols_included: Vec<Symbol>,
    /// Those that have not, or are beyond `max_symbols`.
    symbols_excluded: Vec<Excluded>,
    /// The window.
    metadata: WindowView,
}

/// A symbol that is not in the answer.
#[derive(Debug, Serialize, ToSchema)]
pub struct Excluded {
    /// The symbol.
    #[schema(value_type = String, example = "AAPL")]
    symbol: Symbol,
    /// Why.
    reason: ExclusionReason,
}

/// Why a symbol is not in the answer.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ExclusionReason {
    /// It has no daily bar in the window.
    NoBars,
    /// The first `max_symbols` were asked for.
    BeyondMaxSymbols,
}

/// Shows daily prices of several symbols, aligned on the sessions of a window.
#[utoipa::path(get, path = "/api/v1/data/prices/historical", tag = "market", operation_id = "historical_prices",
    extensions(("x-access" = json!("signed-in"))), params(Which, TermsParameters),
    responses((status = 200, description = "Prices by symbol", body = Envelope<HistoricalPrices>)))]
pub async fn show(
    State(api): State<Api>,
    caller: Caller,
    Query(which): Query<Which>,
) -> Result<Answer<HistoricalPrices>, ApiError> {
    let window = which.terms.window(&api, which.lookback_days).await?;
    let shape = Shape::of(which.max_symbols, which.include_factor_etfs, which.date_format);
    Ok(Answer::ok(&caller, historical(&api, &which.symbols, &window, shape).await?))
}

/// How many symbols are shown, beside what, in which format.
#[derive(Debug, Clone, Copy)]
pub(super) struct Shape {
    most: usize,
    include_factor_etfs: bool,
    date_format: DateFormat,
}

impl Shape {
    /// The first so many symbols, and the series of the active risk factors or not.
    pub(super) fn of(most: Option<MaxSymbols>, include_factor_etfs: bool, date_format: DateFormat) -> Self {
        Self { most: most.map_or(SYMBOLS_MAX, |most| most.0), include_factor_etfs, date_format }
    }
}

/// The prices of the first symbols; the others, and those without, are excluded with a reason.
pub(super) async fn historical(
    api: &Api,
    symbols: &[Symbol],
    window: &Window,
    shape: Shape,
) -> Result<HistoricalPrices, ApiError> {
    let (wanted, beyond) = symbols.split_at(shape.most.min(symbols.len()));
    let mut wanted = wanted.to_vec();
    if shape.include_factor_etfs {
        let known = factors::registry(&**api.shared().await?, Some(window.vintage)).await?;
        let asked: BTreeSet<&Symbol> = symbols.iter().collect();
        let proxies = known.registry.active().map(|factor| factor.proxy.clone());
        wanted.extend(proxies.filter(|proxy| !asked.contains(proxy)));
    }
    let mut found = price_columns(api, &wanted, window, shape.date_format).await?;
    let excluded = |symbol: &Symbol, reason| Excluded { symbol: symbol.clone(), reason };
    let mut symbols_excluded: Vec<Excluded> =
        beyond.iter().map(|symbol| excluded(symbol, ExclusionReason::BeyondMaxSymbols)).collect();
    let (mut symbols, mut symbols_included) = (BTreeMap::new(), Vec::new());
    for symbol in wanted {
        match found.remove(&symbol) {
            Some(prices) => {
                symbols.insert(symbol.to_string(), prices.columns);
                symbols_included.push(symbol);
            }
            None => symbols_excluded.push(excluded(&symbol, ExclusionReason::NoBars)),
        }
    }
    let metadata = WindowView::from(window);
    Ok(HistoricalPrices { symbols, symbols_included, symbols_excluded, metadata })
}
