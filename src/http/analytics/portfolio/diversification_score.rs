//! `GET /analytics/portfolio/{portfolio_id}/diversification-score`

use axum::extract::State;
use events::PortfolioId;
use projections::risk::{self, Analytic, DiversificationScore};

use crate::http::analytics::correlation_terms::{AllPositions, CorrelationParameters};
use crate::http::analytics::question::{Answered, Subject, Whose};
use crate::http::answer::{Answer, Envelope};
use crate::http::books::AsOfParameters;
use crate::http::caller::Caller;
use crate::http::error::ApiError;
use crate::http::path::Path;
use crate::http::position::{AtLeast, PositionParameters};
use crate::http::query::Query;
use crate::http::state::Api;

/// Shows how diversified a portfolio is.
#[utoipa::path(get, path = "/api/v1/analytics/portfolio/{portfolio_id}/diversification-score", tag = "analytics",
    operation_id = "portfolio_diversification", extensions(("x-access" = json!("rows"))),
    params(("portfolio_id" = Uuid, Path, description = "The portfolio"), CorrelationParameters, AsOfParameters,
        PositionParameters),
    responses((status = 200, description = "Figures, or why there are none", body = Envelope<Analytic<DiversificationScore>>)))]
pub async fn show(
    State(api): State<Api>,
    caller: Caller,
    Path(portfolio_id): Path<PortfolioId>,
    Query(AllPositions { terms, as_of }): Query<AllPositions>,
    at_least: AtLeast,
) -> Result<Answer<Answered>, ApiError> {
    let subject = Subject::find(&api, &caller, at_least, Whose::One(portfolio_id), as_of).await?;
    subject
        .answer(&format!("diversification-score;{terms:?}"), move |inputs| {
            risk::diversification_score(inputs, &terms)
        })
        .await
}
