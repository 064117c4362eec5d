//! `GET /analytics/portfolio/{portfolio_id}/risk-metrics`

use axum::extract::State;
use events::PortfolioId;
use projections::risk::{self, Analytic, RiskMetrics};
use utoipa::IntoParams;

use crate::http::analytics::question::{Answered, Subject, Whose, within};
use crate::http::answer::{Answer, Envelope};
use crate::http::books::{AsOf, AsOfParameters};
use crate::http::caller::Caller;
use crate::http::error::ApiError;
use crate::http::path::Path;
use crate::http::position::{AtLeast, PositionParameters};
use crate::http::query::{FromParameters, Parameters, Query};
use crate::http::state::Api;

/// Over which returns.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Which {
    /// Returns looked back on; default 90.
    #[param(value_type = Option<u16>, minimum = 30, maximum = 252, default = 90)]
    lookback_days: u16,
    #[param(ignore)]
    as_of: AsOf,
}

impl FromParameters for Which {
    fn read(parameters: &mut Parameters) -> Option<Self> {
        let lookback_days = within(parameters, "lookback_days", 90, 30..=252);
        Some(Self { lookback_days, as_of: AsOf::read(parameters) })
    }
}

/// Shows beta, volatility, drawdown and worst days of what a portfolio holds.
#[utoipa::path(get, path = "/api/v1/analytics/portfolio/{portfolio_id}/risk-metrics", tag = "analytics",
    operation_id = "portfolio_risk_metrics", extensions(("x-access" = json!("rows"))),
    params(("portfolio_id" = Uuid, Path, description = "The portfolio"), Which, AsOfParameters,
        PositionParameters),
    responses((status = 200, description = "Figures, or why there are none", body = Envelope<Analytic<RiskMetrics>>)))]
pub async fn show(
    State(api): State<Api>,
    caller: Caller,
    Path(portfolio_id): Path<PortfolioId>,
    Query(which): Query<Which>,
    at_least: AtLeast,
) -> Result<Answer<Answered>, ApiError> {
    let subject = Subject::find(&api, &caller, at_least, Whose::One(portfolio_id), which.as_of).await?;
    let lookback = which.lookback_days;
    subject
        .answer(&format!("risk-metrics;{lookback}"), move |inputs| risk::risk_metrics(inputs, lookback))
        .await
}
