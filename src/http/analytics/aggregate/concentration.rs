//! `GET /analytics/aggregate/concentration`

use axum::extract::State;
use projections::risk::{self, Aggregated, Concentration};

use crate::http::analytics::question::{Answered, Several, SeveralParameters};
use crate::http::answer::{Answer, Envelope};
use crate::http::books::{AsOf, AsOfParameters};
use crate::http::caller::Caller;
use crate::http::error::ApiError;
use crate::http::position::{AtLeast, PositionParameters};
use crate::http::query::Query;
use crate::http::state::Api;

/// Shows how much of several portfolios together their largest positions are: a symbol held in several counts once.
#[utoipa::path(get, path = "/api/v1/analytics/aggregate/concentration", tag = "analytics",
    operation_id = "aggregate_concentration", extensions(("x-access" = json!("rows"))),
    params(SeveralParameters, AsOfParameters, PositionParameters),
    responses((status = 200, description = "Figures, or why there are none", body = Envelope<Aggregated<Concentration>>),
        (status = 404, description = "A portfolio that is named does not exist or is not the caller's",
            body = crate::http::problem::Problem, content_type = "application/problem+json")))]
pub async fn show(
    State(api): State<Api>,
    caller: Caller,
    Query(several): Query<Several<AsOf>>,
    at_least: AtLeast,
) -> Result<Answer<Answered>, ApiError> {
    let (subject, _) = several.find(&api, &caller, at_least, |as_of| *as_of).await?;
    subject.answer("concentration", risk::concentration).await
}
