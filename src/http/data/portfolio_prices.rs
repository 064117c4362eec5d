//! `GET /data/prices/historical/{portfolio_id}`

use axum::extract::State;
use events::PortfolioId;
use projections::risk;
use utoipa::IntoParams;

use super::historical_prices::{HistoricalPrices, MaxSymbols, Shape, historical};
use super::{DateFormat, Lookback, Window};
use crate::http::analytics::question::{Subject, Whose};
use crate::http::answer::{Answer, Envelope};
use crate::http::books::{AsOf, AsOfParameters};
use crate::http::caller::Caller;
use crate::http::error::ApiError;
use crate::http::path::Path;
use crate::http::position::{AtLeast, PositionParameters};
use crate::http::query::{FromParameters, Parameters, Query};
use crate::http::state::Api;

/// Which prices.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Which {
    /// Sessions up to the one told of; default 150.
    #[param(value_type = Option<u16>, minimum = 1, maximum = 1830, default = 150)]
    lookback_days: Lookback,
    /// Whether the series that stand for the active risk factors are added; they do not count towards `max_symbols`.
    #[param(value_type = Option<bool>, default = true)]
    include_factor_etfs: bool,
    /// `iso` (default) or `unix`: seconds from 1970 to midnight UTC.
    #[param(value_type = Option<String>, example = "iso")]
    date_format: DateFormat,
    /// Only so many of the symbols, those with the largest gross weight; the others are reported as excluded. Default 200.
    #[param(value_type = Option<u16>, minimum = 1, maximum = 200)]
    max_symbols: Option<MaxSymbols>,
    #[param(ignore)]
    as_of: AsOf,
}

impl FromParameters for Which {
    fn read(parameters: &mut Parameters) -> Option<Self> {
        Some(Self {
            lookback_days: parameters.optional("lookback_days").unwrap_or(Lookback(150)),
            include_factor_etfs: parameters.optional("include_factor_etfs").unwrap_or(true),
            date_format: parameters.optional("date_format").unwrap_or_default(),
            max_symbols: parameters.optional("max_symbols"),
            as_of: AsOf::read(parameters),
        })
    }
}

/// Shows daily prices of all that moves a portfolio, aligned on the sessions of a window: its symbols, of options those of
/// the underlyings, by falling gross weight.
#[utoipa::path(get, path = "/api/v1/data/prices/historical/{portfolio_id}", tag = "portfolios",
    operation_id = "portfolio_prices", extensions(("x-access" = json!("rows"))),
    params(("portfolio_id" = Uuid, Path, description = "The portfolio"), Which, AsOfParameters, PositionParameters),
    responses((status = 200, description = "Prices by symbol", body = Envelope<HistoricalPrices>)))]
pub async fn show(
    State(api): State<Api>,
    caller: Caller,
    Path(portfolio_id): Path<PortfolioId>,
    Query(which): Query<Which>,
    at_least: AtLeast,
) -> Result<Answer<HistoricalPrices>, ApiError> {
    let subject = Subject::find(&api, &caller, at_least, Whose::One(portfolio_id), which.as_of).await?;
    let (position, session) = (subject.position(), subject.session());
    let window = Window::until(session, which.lookback_days, subject.vintage());
    let symbols = subject.computed(risk::moving_symbols).await?;
    let shape = Shape::of(which.max_symbols, which.include_factor_etfs, which.date_format);
    let data = historical(&api, &symbols, &window, shape).await?;
    Ok(Answer::ok(&caller, data).at(position).as_of(session))
}
