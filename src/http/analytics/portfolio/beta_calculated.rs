//! `GET /analytics/portfolio/{portfolio_id}/beta-calculated-90d`

use axum::extract::State;
use events::PortfolioId;
use projections::risk::{Analytic, CalculatedBeta, RiskInputs};

use crate::http::analytics::question::{Answered, Subject, Whose};
use crate::http::answer::{Answer, Envelope};
use crate::http::books::{AsOf, AsOfParameters};
use crate::http::caller::Caller;
use crate::http::error::ApiError;
use crate::http::path::Path;
use crate::http::position::{AtLeast, PositionParameters};
use crate::http::query::Query;
use crate::http::state::Api;

/// Shows the beta of a portfolio by the returns of 90 sessions: of what it holds, and of its track record.
#[utoipa::path(get, path = "/api/v1/analytics/portfolio/{portfolio_id}/beta-calculated-90d", tag = "analytics",
    operation_id = "show_calculated_beta", extensions(("x-access" = json!("rows"))),
    params(("portfolio_id" = Uuid, Path, description = "The portfolio"), AsOfParameters, PositionParameters),
    responses((status = 200, description = "Beta", body = Envelope<Analytic<CalculatedBeta>>)))]
pub async fn show(
    State(api): State<Api>,
    caller: Caller,
    Path(portfolio_id): Path<PortfolioId>,
    Query(as_of): Query<AsOf>,
    at_least: AtLeast,
) -> Result<Answer<Answered>, ApiError> {
    let subject = Subject::find(&api, &caller, at_least, Whose::One(portfolio_id), as_of).await?;
    subject.answer("beta-calculated-90d", RiskInputs::calculated_beta).await
}
