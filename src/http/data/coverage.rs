//! `GET /data/coverage` and `GET /data/coverage/{symbol}`

use std::sync::Arc;

use axum::extract::State;
use events::Symbol;
use jiff::civil::Date;
use projections::bars;
use projections::closes::Series;
use projections::coverage::{Coverage, Gap, Window};
use projections::instruments;
use serde::Serialize;
use utoipa::{IntoParams, ToSchema};

use super::{SYMBOLS_MAX, Terms, TermsParameters, distinct};
use crate::http::answer::{Answer, Envelope};
use crate::http::caller::Caller;
use crate::http::error::ApiError;
use crate::http::path::Path;
use crate::http::query::{FromParameters, Parameters, Query};
use crate::http::state::Api;

/// Which sessions.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Since {
    /// Sessions are expected from this date on, or from the listing date if that is later. By default from the listing
    /// date, or from the first bar where that is not known.
    #[param(value_type = Option<String>, format = Date, example = "2022-01-03")]
    start_date: Option<Date>,
    #[param(ignore)]
    terms: Terms,
}

impl FromParameters for Since {
    fn read(parameters: &mut Parameters) -> Option<Self> {
        Some(Self { start_date: parameters.optional("start_date"), terms: Terms::read(parameters) })
    }
}

/// Whose coverage.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Which {
    /// Whose, 1 to 200, separated by commas.
    #[param(value_type = String, example = "AAPL,MSFT")]
    symbols: Vec<Symbol>,
    #[param(ignore)]
    since: Since,
}

impl FromParameters for Which {
    fn read(parameters: &mut Parameters) -> Option<Self> {
        let symbols = parameters.required_list("symbols");
        let symbols = symbols.map(|symbols| distinct(parameters, symbols, SYMBOLS_MAX));
        let since = Since::read(parameters);
        Some(Self { symbols: symbols?, since: since? })
    }
}

/// How much of the sessions that should have a close has one.
#[derive(Debug, Serialize, ToSchema)]
pub struct CoverageOfSymbol {
    /// Whose.
    #[schema(value_type = String, example = "AAPL")]
    symbol: Symbol,
    /// Whether it can be said.
    available: bool,
    /// Why not: `no_bars`, `no_calendar` (only sessions of New York are known) or `nothing_expected`.
    reason: Option<&'static str>,
    /// The first date with a close, of all there are.
    first_date: Option<Date>,
    /// The last.
    last_date: Option<Date>,
    /// Sessions are expected from here on.
    expected_from_date: Option<Date>,
    /// Up to here.
    expected_to_date: Option<Date>,
    /// How many.
    sessions_expected: Option<usize>,
    /// How many have a close.
    sessions_present: Option<usize>,
    /// As many of a hundred.
    coverage_pct: Option<f64>,
    /// The first 200 gaps.
    gaps: Vec<GapView>,
    /// How many there are.
    gap_count: usize,
    /// The files and feeds that brought the bars, newest first.
    sources: Vec<String>,
    /// The first day it could be traded, where a profile says it.
    listing_date: Option<Date>,
}

/// Sessions in a row without a close.
#[derive(Debug, Serialize, ToSchema)]
pub struct GapView {
    /// The first.
    from: Date,
    /// The last.
    to: Date,
    /// How many.
    sessions: usize,
}

impl From<Gap> for GapView {
    fn from(Gap { from, to, sessions }: Gap) -> Self {
        Self { from, to, sessions }
    }
}

impl CoverageOfSymbol {
    fn of(symbol: Symbol, series: Option<Arc<Series>>, window: &Window, sources: Vec<String>) -> Self {
        let covered = series.as_ref().and_then(|series| Coverage::of(&symbol, series, window));
        let reason = match (&series, &covered) {
            (_, Some(_)) => None,
            (None, None) => Some("no_bars"),
            (Some(_), None) if symbol.market() != events::Market::UnitedStates => Some("no_calendar"),
            (Some(_), None) => Some("nothing_expected"),
        };
        let first = series.as_ref().and_then(|series| series.first()).map(|close| close.date);
        let last = series.as_ref().and_then(|series| series.last()).map(|close| close.date);
        Self {
            symbol,
            available: covered.is_some(),
            reason,
            first_date: first,
            last_date: last,
            expected_from_date: covered.as_ref().map(|covered| covered.expected_from),
            expected_to_date: covered.as_ref().map(|covered| covered.expected_to),
            sessions_expected: covered.as_ref().map(|covered| covered.sessions_expected),
            sessions_present: covered.as_ref().map(|covered| covered.sessions_present),
            coverage_pct: covered.as_ref().map(Coverage::percent),
            gap_count: covered.as_ref().map_or(0, |covered| covered.gap_count),
            gaps: covered.map_or_else(Vec::new, |covered| covered.gaps.into_iter().map(Into::into).collect()),
            sources,
            listing_date: window.listing_date,
        }
    }
}

/// Shows how complete the daily closes of several symbols are.
#[utoipa::path(get, path = "/api/v1/data/coverage", tag = "market", operation_id = "list_coverage",
    extensions(("x-access" = json!("signed-in"))), params(Which, Since, TermsParameters),
    responses((status = 200, description = "One a symbol, in the order asked", body = Envelope<Vec<CoverageOfSymbol>>)))]
pub async fn list(
    State(api): State<Api>,
    caller: Caller,
    Query(Which { symbols, since }): Query<Which>,
) -> Result<Answer<Vec<CoverageOfSymbol>>, ApiError> {
    Ok(Answer::ok(&caller, coverage_of(&api, &symbols, &since).await?))
}

/// Shows how complete the daily closes of one symbol are.
#[utoipa::path(get, path = "/api/v1/data/coverage/{symbol}", tag = "market", operation_id = "find_coverage",
    extensions(("x-access" = json!("signed-in"))),
    params(("symbol" = String, Path, description = "The symbol", example = "AAPL"), Since, TermsParameters),
    responses((status = 200, description = "Its coverage, or why it cannot be said", body = Envelope<CoverageOfSymbol>)))]
pub async fn find(
    State(api): State<Api>,
    caller: Caller,
    Path(symbol): Path<Symbol>,
    Query(since): Query<Since>,
) -> Result<Answer<CoverageOfSymbol>, ApiError> {
    let mut found = coverage_of(&api, std::slice::from_ref(&symbol), &since).await?;
    Ok(Answer::ok(&caller, found.pop().ok_or_else(|| ApiError::not_found("symbol", symbol))?))
}

async fn coverage_of(
    api: &Api,
    symbols: &[Symbol],
    since: &Since,
) -> Result<Vec<CoverageOfSymbol>, ApiError> {
    let (to, vintage) = (since.terms.session(), since.terms.vintage(api).await?);
    let histories = api.app().closes.histories(symbols, vintage).await?;
    let client = api.shared().await?;
    let mut sources = bars::sources(&**client, symbols, vintage).await?;
    let profiles = instruments::profiles(&**client, symbols, Some(vintage)).await?;
    let covered = symbols.iter().zip(histories).map(|(symbol, history)| {
        let listing_date = profiles.get(symbol).and_then(|known| known.profile.listing_date);
        let window = Window { from: since.start_date, to, listing_date };
        let sources = sources.remove(symbol).unwrap_or_default().into_iter().map(|source| source.name);
        CoverageOfSymbol::of(symbol.clone(), history, &window, sources.collect())
    });
    Ok(covered.collect())
}
