//! `GET /analytics/aggregate/sector-exposure`

use axum::extract::State;
use projections::risk::{Aggregated, SectorExposure};

use crate::http::analytics::portfolio::sector_exposure::{Which, ask};
use crate::http::analytics::question::{Answered, Several, SeveralParameters};
use crate::http::answer::{Answer, Envelope};
use crate::http::books::AsOfParameters;
use crate::http::caller::Caller;
use crate::http::error::ApiError;
use crate::http::position::{AtLeast, PositionParameters};
use crate::http::query::Query;
use crate::http::state::Api;

/// Shows the sectors of several portfolios together beside those of a benchmark.
#[utoipa::path(get, path = "/api/v1/analytics/aggregate/sector-exposure", tag = "analytics",
    operation_id = "aggregate_sector_exposure", extensions(("x-access" = json!("rows"))),
    params(SeveralParameters, Which, AsOfParameters, PositionParameters),
    responses((status = 200, description = "Figures, or why there are none", body = Envelope<Aggregated<SectorExposure>>),
        (status = 404, description = "A portfolio that is named does not exist or is not the caller's",
            body = crate::http::problem::Problem, content_type = "application/problem+json")))]
pub async fn show(
    State(api): State<Api>,
    caller: Caller,
    Query(several): Query<Several<Which>>,
    at_least: AtLeast,
) -> Result<Answer<Answered>, ApiError> {
    let (subject, which) = several.find(&api, &caller, at_least, |which| which.as_of).await?;
    ask(subject, which).await
}
