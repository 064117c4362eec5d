//! `GET /analytics/portfolio/{portfolio_id}/var`

use axum::extract::State;
use events::PortfolioId;
use projections::risk::{self, Analytic, ValueAtRisk, VarMethod, VarTerms};
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

/// Which value at risk.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Which {
    /// Not exceeded with this probability; default 0.95.
    #[param(value_type = Option<f64>, minimum = 0.9, maximum = 0.995, default = 0.95)]
    confidence: f64,
    /// Sessions; longer ones are scaled by the square root of time. Default 1.
    #[param(value_type = Option<u16>, minimum = 1, maximum = 21, default = 1)]
    horizon_days: u16,
    /// `historical` (default) or `parametric`.
    #[param(value_type = Option<String>, example = "historical")]
    method: VarMethod,
    /// Returns looked back on; default 252.
    #[param(value_type = Option<u16>, minimum = 100, maximum = 1830, default = 252)]
    lookback_days: u16,
    #[param(ignore)]
    as_of: AsOf,
}

impl FromParameters for Which {
    fn read(parameters: &mut Parameters) -> Option<Self> {
        let method: Option<String> = parameters.optional("method");
        let method = match method.as_deref() {
            None | Some("historical") => VarMethod::Historical,
            Some("parametric") => VarMethod::Parametric,
            Some(_) => {
                parameters.report("method", "invalid", "must be historical or parametric");
                return None;
            }
        };
        Some(Self {
            confidence: within(parameters, "confidence", 0.95, 0.90..=0.995),
            horizon_days: within(parameters, "horizon_days", 1, 1..=21),
            method,
            lookback_days: within(parameters, "lookback_days", 252, 100..=1830),
            as_of: AsOf::read(parameters),
        })
    }
}

/// Shows what a portfolio may lose, which positions that comes from and its worst days.
#[utoipa::path(get, path = "/api/v1/analytics/portfolio/{portfolio_id}/var", tag = "analytics",
    operation_id = "portfolio_var", extensions(("x-access" = json!("rows"))),
    params(("portfolio_id" = Uuid, Path, description = "The portfolio"), Which, AsOfParameters,
        PositionParameters),
    responses((status = 200, description = "Figures, or why there are none", body = Envelope<Analytic<ValueAtRisk>>)))]
pub async fn show(
    State(api): State<Api>,
    caller: Caller,
    Path(portfolio_id): Path<PortfolioId>,
    Query(which): Query<Which>,
    at_least: AtLeast,
) -> Result<Answer<Answered>, ApiError> {
    let subject = Subject::find(&api, &caller, at_least, Whose::One(portfolio_id), which.as_of).await?;
    let Which { confidence, horizon_days, method, lookback_days, .. } = which;
    let terms = VarTerms { confidence, horizon_days, method, lookback_days };
    subject.answer(&format!("{terms:?}"), move |inputs| risk::value_at_risk(inputs, &terms)).await
}
