//! `GET /data/factors/etf-prices`

use axum::extract::State;
use events::{Price, Symbol};
use jiff::Timestamp;
use jiff::civil::Date;
use projections::factors::{self, Factor, FactorId, FactorRegistry};
use rust_decimal::Decimal;
use serde::Serialize;
use utoipa::{IntoParams, ToSchema};

use super::columns::{Found, price_columns};
use super::{DateFormat, Lookback, PriceColumns, Terms, TermsParameters, WindowView};
use crate::http::answer::{Answer, Envelope};
use crate::http::caller::Caller;
use crate::http::error::ApiError;
use crate::http::query::{FromParameters, Parameters, Query};
use crate::http::state::Api;

/// Which prices.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Which {
    /// Sessions up to the one told of; default 150.
    #[param(value_type = Option<u16>, minimum = 1, maximum = 1830, default = 150)]
    lookback_days: Lookback,
    /// Only these factors, separated by commas; all active ones by default.
    #[param(value_type = Option<String>, example = "market,size")]
    factors: Option<Vec<FactorId>>,
    /// `iso` (default) or `unix`: seconds from 1970 to midnight UTC.
    #[param(value_type = Option<String>, example = "iso")]
    date_format: DateFormat,
    #[param(ignore)]
    terms: Terms,
}

impl FromParameters for Which {
    fn read(parameters: &mut Parameters) -> Option<Self> {
        let lookback_days = parameters.optional("lookback_days").unwrap_or(Lookback(150));
        let factors = parameters.list("factors");
        let date_format = parameters.optional("date_format").unwrap_or_default();
        Some(Self { lookback_days, factors, date_format, terms: Terms::read(parameters) })
    }
}

/// The prices of the series that stand for the risk factors.
#[derive(Debug, Serialize, ToSchema)]
pub struct FactorPrices {
    /// The version of the registry that names the series.
    #[schema(example = "standard-1")]
    registry_version: String,
    /// One a factor, by display order.
    factors: Vec<FactorSeries>,
    /// The window.
    metadata: WindowView,
}

/// The prices of the series of one factor. What the source does not say is null.
#[derive(Debug, Serialize, ToSchema)]
pub struct FactorSeries {
    /// The factor.
    #[schema(value_type = String, example = "size")]
    factor_id: FactorId,
    /// Its name for people.
    #[schema(example = "Size")]
    factor_name: String,
    /// The series that stands for it.
    #[schema(value_type = String, example = "IWM")]
    symbol: Symbol,
    /// Whether it has a bar in the window.
    available: bool,
    /// Why not: `no_bars`.
    reason: Option<&'static str>,
    /// The close of the last bar.
    #[schema(value_type = Option<String>)]
    current_price: Option<Price>,
    /// Its first price.
    #[schema(value_type = Option<String>)]
    open: Option<Price>,
    /// Its highest price.
    #[schema(value_type = Option<String>)]
    high: Option<Price>,
    /// Its lowest price.
    #[schema(value_type = Option<String>)]
    low: Option<Price>,
    /// What was traded.
    #[schema(value_type = Option<String>)]
    volume: Option<Decimal>,
    /// Its date.
    price_date: Option<Date>,
    /// When the newest bars were imported.
    updated_at: Option<Timestamp>,
    /// The file or feed that brought them.
    data_source: Option<String>,
    /// The prices of the window.
    prices: Option<PriceColumns>,
}

impl FactorSeries {
    fn of(factor: &Factor, found: Option<Found>) -> Self {
        let (prices, last, source) =
            found.map_or((None, None, None), |found| (Some(found.columns), found.last, found.source));
        let last = last.as_ref();
        Self {
            factor_id: factor.factor_id.clone(),
            factor_name: factor.factor_name.clone(),
            symbol: factor.proxy.clone(),
            available: prices.is_some(),
            reason: prices.is_none().then_some("no_bars"),
            current_price: last.and_then(|day| day.prices.close()),
            open: last.map(|day| day.prices.open()),
            high: last.and_then(|day| day.prices.high()),
            low: last.and_then(|day| day.prices.low()),
            volume: last.and_then(|day| day.volume),
            price_date: last.map(|day| day.date),
            updated_at: source.as_ref().map(|source| source.imported_at),
            data_source: source.map(|source| source.name),
            prices,
        }
    }
}

/// Shows the daily prices of the series that stand for the risk factors.
#[utoipa::path(get, path = "/api/v1/data/factors/etf-prices", tag = "market", operation_id = "factor_prices",
    extensions(("x-access" = json!("signed-in"))), params(Which, TermsParameters),
    responses((status = 200, description = "Prices by factor", body = Envelope<FactorPrices>)))]
pub async fn show(
    State(api): State<Api>,
    caller: Caller,
    Query(which): Query<Which>,
) -> Result<Answer<FactorPrices>, ApiError> {
    let window = which.terms.window(&api, which.lookback_days).await?;
    let registry = factors::registry(&**api.shared().await?, Some(window.vintage)).await?.registry;
    let wanted = wanted(&registry, which.factors.as_deref())?;
    let symbols: Vec<Symbol> = wanted.iter().map(|factor| factor.proxy.clone()).collect();
    let mut found = price_columns(&api, &symbols, &window, which.date_format).await?;
    let factors = wanted.iter().map(|factor| FactorSeries::of(factor, found.remove(&factor.proxy))).collect();
    let (registry_version, metadata) = (registry.version.clone(), WindowView::from(&window));
    Ok(Answer::ok(&caller, FactorPrices { registry_version, factors, metadata }))
}

fn wanted<'r>(registry: &'r FactorRegistry, asked: Option<&[FactorId]>) -> Result<Vec<&'r Factor>, ApiError> {
    let Some(asked) = asked else { return Ok(registry.active().collect()) };
    if let Some(unknown) = asked.iter().find(|id| registry.find(id).is_none()) {
        let message = format!("the factor registry {} has no factor {unknown}", registry.version);
        return Err(ApiError::invalid("factors", "unknown_factor", message));
    }
    Ok(registry.factors.iter().filter(|factor| asked.contains(&factor.factor_id)).collect())
}
