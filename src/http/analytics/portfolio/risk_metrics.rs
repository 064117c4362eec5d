//! `GET /analytics/portfolio/{portfolio_id}/risk-metrics`

use axum::extract::State;
use events::PortfolioId;
use projections::risk::{self, Analytic, RiskMetrics};
use utoipa::IntoParams;

use crate::http::analytics::question::{Answered, Question, answered, within};
use crate::http::answer::{Answer, Envelope};
use crate::http::caller::Caller;
use crate::http::data::TermsParameters;
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
    question: Question,
}

impl FromParameters for Which {
    fn read(parameters: &mut Parameters) -> Option<Self> {
        let lookback_days = within(parameters, "lookback_days", 90, 30..=252);
        Some(Self { lookback_days, question: Question::read(parameters)? })
    }
}

/// Shows beta, volatility, drawdown and worst days of what a portfolio holds.
#[utoipa::path(get, path = "/api/v1/analytics/portfolio/{portfolio_id}/risk-metrics", tag = "analytics",
    operation_id = "portfolio_risk_metrics", extensions(("x-access" = json!("own-portfolio"))),
    params(("portfolio_id" = Uuid, Path, description = "The portfolio"), Which, TermsParameters,
        PositionParameters),
    responses((status = 200, description = "Figures, or why there are none", body = Envelope<Analytic<RiskMetrics>>)))]
pub async fn show(
    State(api): State<Api>,
    caller: Caller,
    Path(portfolio_id): Path<PortfolioId>,
    Query(which): Query<Which>,
    at_least: AtLeast,
) -> Result<Answer<Answered>, ApiError> {
    let lookback = which.lookback_days;
    let asked = which.question.of(portfolio_id, format!("risk-metrics;{lookback}"));
    answered(&api, &caller, at_least, asked, move |inputs| risk::risk_metrics(inputs, lookback)).await
}
