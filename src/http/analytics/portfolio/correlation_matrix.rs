//! `GET /analytics/portfolio/{portfolio_id}/correlation-matrix`

use axum::extract::State;
use events::PortfolioId;
use projections::risk::{self, Analytic, CorrelationTerms, Correlations};
use utoipa::IntoParams;

use crate::http::analytics::correlation_terms::{CorrelationParameters, Filters, correlation_terms};
use crate::http::analytics::question::{Answered, Question, answered};
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
    #[param(ignore)]
    terms: CorrelationTerms,
    #[param(ignore)]
    question: Question,
}

impl FromParameters for Which {
    fn read(parameters: &mut Parameters) -> Option<Self> {
        let terms = correlation_terms(parameters, Filters::All)?;
        Some(Self { terms, question: Question::read(parameters)? })
    }
}

/// Shows how the positions of a portfolio move together.
#[utoipa::path(get, path = "/api/v1/analytics/portfolio/{portfolio_id}/correlation-matrix", tag = "analytics",
    operation_id = "portfolio_correlations", extensions(("x-access" = json!("own-portfolio"))),
    params(("portfolio_id" = Uuid, Path, description = "The portfolio"), Which, CorrelationParameters, TermsParameters,
        PositionParameters),
    responses((status = 200, description = "Figures, or why there are none", body = Envelope<Analytic<Correlations>>)))]
pub async fn show(
    State(api): State<Api>,
    caller: Caller,
    Path(portfolio_id): Path<PortfolioId>,
    Query(which): Query<Which>,
    at_least: AtLeast,
) -> Result<Answer<Answered>, ApiError> {
    let Which { terms, question } = which;
    let asked = question.of(portfolio_id, format!("correlation-matrix;{terms:?}"));
    answered(&api, &caller, at_least, asked, move |inputs| risk::correlations(inputs, &terms)).await
}
