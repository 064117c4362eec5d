//! `GET /analytics/portfolio/{portfolio_id}/correlation-metrics`

use axum::extract::State;
use events::PortfolioId;
use projections::risk::{self, Analytic, CorrelationMetrics, CorrelationTerms};
use utoipa::IntoParams;

use crate::http::analytics::correlation_terms::{CorrelationParameters, Filters, correlation_terms};
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
    /// |ρ| from which two positions move together; default 0.7.
    #[param(value_type = Option<f64>, exclusive_minimum = 0, maximum = 1, default = 0.7)]
    threshold: f64,
    #[param(ignore)]
    terms: CorrelationTerms,
    #[param(ignore)]
    as_of: AsOf,
}

impl FromParameters for Which {
    fn read(parameters: &mut Parameters) -> Option<Self> {
        let terms = correlation_terms(parameters, Filters::Large)?;
        let threshold = within(parameters, "threshold", 0.7, f64::MIN_POSITIVE..=1.0);
        Some(Self { threshold, terms, as_of: AsOf::read(parameters) })
    }
}

/// Groups the positions of a portfolio by what moves together.
#[utoipa::path(get, path = "/api/v1/analytics/portfolio/{portfolio_id}/correlation-metrics", tag = "analytics",
    operation_id = "portfolio_correlation_metrics", extensions(("x-access" = json!("rows"))),
    params(("portfolio_id" = Uuid, Path, description = "The portfolio"), Which, CorrelationParameters, AsOfParameters,
        PositionParameters),
    responses((status = 200, description = "Figures, or why there are none", body = Envelope<Analytic<CorrelationMetrics>>)))]
pub async fn show(
    State(api): State<Api>,
    caller: Caller,
    Path(portfolio_id): Path<PortfolioId>,
    Query(which): Query<Which>,
    at_least: AtLeast,
) -> Result<Answer<Answered>, ApiError> {
    let subject = Subject::find(&api, &caller, at_least, Whose::One(portfolio_id), which.as_of).await?;
    let Which { threshold, terms, .. } = which;
    subject
        .answer(&format!("correlation-metrics;{threshold};{terms:?}"), move |inputs| {
            risk::correlation_metrics(inputs, &terms, threshold)
        })
        .await
}
