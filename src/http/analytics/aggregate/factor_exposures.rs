//! `GET /analytics/aggregate/factor-exposures`

use axum::extract::State;
use projections::risk::{Aggregated, FactorExposures, RiskInputs};

use crate::http::analytics::question::{Answered, Several, SeveralParameters};
use crate::http::answer::{Answer, Envelope};
use crate::http::books::{AsOf, AsOfParameters};
use crate::http::caller::Caller;
use crate::http::error::ApiError;
use crate::http::position::{AtLeast, PositionParameters};
use crate::http::query::Query;
use crate::http::state::Api;

/// Shows what several portfolios together are exposed to, factor by factor, by joint betas that do not overlap.
#[utoipa::path(get, path = "/api/v1/analytics/aggregate/factor-exposures", tag = "analytics",
    operation_id = "aggregate_factor_exposures", extensions(("x-access" = json!("rows"))),
    params(SeveralParameters, AsOfParameters, PositionParameters),
    responses((status = 200, description = "Figures, or why there are none", body = Envelope<Aggregated<FactorExposures>>),
        (status = 404, description = "A portfolio that is named does not exist or is not the caller's",
            body = crate::http::problem::Problem, content_type = "application/problem+json")))]
pub async fn show(
    State(api): State<Api>,
    caller: Caller,
    Query(several): Query<Several<AsOf>>,
    at_least: AtLeast,
) -> Result<Answer<Answered>, ApiError> {
    let (subject, _) = several.find(&api, &caller, at_least, |as_of| *as_of).await?;
    subject.answer("factor-exposures", RiskInputs::factor_exposures).await
}
