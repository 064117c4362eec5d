//! `GET /analytics/portfolio/{portfolio_id}/spread-factors`

use axum::extract::State;
use events::PortfolioId;
use projections::risk::{Analytic, RiskInputs, SpreadFactors};

use crate::http::analytics::question::{Answered, Subject, Whose};
use crate::http::answer::{Answer, Envelope};
use crate::http::books::{AsOf, AsOfParameters};
use crate::http::caller::Caller;
use crate::http::error::ApiError;
use crate::http::path::Path;
use crate::http::position::{AtLeast, PositionParameters};
use crate::http::query::Query;
use crate::http::state::Api;

/// Shows whether a portfolio sides with growth or value, momentum, small or large companies, quality: and whether that
/// can be told from noise.
#[utoipa::path(get, path = "/api/v1/analytics/portfolio/{portfolio_id}/spread-factors", tag = "analytics",
    operation_id = "show_spread_factors", extensions(("x-access" = json!("rows"))),
    params(("portfolio_id" = Uuid, Path, description = "The portfolio"), AsOfParameters, PositionParameters),
    responses((status = 200, description = "Tilts", body = Envelope<Analytic<SpreadFactors>>)))]
pub async fn show(
    State(api): State<Api>,
    caller: Caller,
    Path(portfolio_id): Path<PortfolioId>,
    Query(as_of): Query<AsOf>,
    at_least: AtLeast,
) -> Result<Answer<Answered>, ApiError> {
    let subject = Subject::find(&api, &caller, at_least, Whose::One(portfolio_id), as_of).await?;
    subject.answer("spread-factors", RiskInputs::spread_factors).await
}
