//! `GET /analytics/portfolio/{portfolio_id}/concentration`

use axum::extract::State;
use events::PortfolioId;
use projections::risk::{self, Analytic, Concentration};

use crate::http::analytics::question::{Answered, Question, answered};
use crate::http::answer::{Answer, Envelope};
use crate::http::caller::Caller;
use crate::http::data::TermsParameters;
use crate::http::error::ApiError;
use crate::http::path::Path;
use crate::http::position::{AtLeast, PositionParameters};
use crate::http::query::Query;
use crate::http::state::Api;

/// Shows how much of a portfolio its largest positions are.
#[utoipa::path(get, path = "/api/v1/analytics/portfolio/{portfolio_id}/concentration", tag = "analytics",
    operation_id = "portfolio_concentration", extensions(("x-access" = json!("own-portfolio"))),
    params(("portfolio_id" = Uuid, Path, description = "The portfolio"), TermsParameters, PositionParameters),
    responses((status = 200, description = "Figures, or why there are none", body = Envelope<Analytic<Concentration>>)))]
pub async fn show(
    State(api): State<Api>,
    caller: Caller,
    Path(portfolio_id): Path<PortfolioId>,
    Query(question): Query<Question>,
    at_least: AtLeast,
) -> Result<Answer<Answered>, ApiError> {
    let asked = question.of(portfolio_id, "concentration");
    answered(&api, &caller, at_least, asked, |inputs| risk::concentration(inputs)).await
}
