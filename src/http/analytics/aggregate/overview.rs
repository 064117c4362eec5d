//! `GET /analytics/aggregate/overview`

use axum::extract::State;
use projections::risk::{self, Aggregated, Overview};

use crate::http::analytics::question::{Answered, Several, SeveralParameters};
use crate::http::answer::{Answer, Envelope};
use crate::http::books::{AsOf, AsOfParameters};
use crate::http::caller::Caller;
use crate::http::error::ApiError;
use crate::http::position::{AtLeast, PositionParameters};
use crate::http::query::Query;
use crate::http::state::Api;

/// Shows exposures, cash, leverage and P&L of several portfolios together; ratios are of the sums.
#[utoipa::path(get, path = "/api/v1/analytics/aggregate/overview", tag = "analytics",
    operation_id = "aggregate_overview", extensions(("x-access" = json!("rows"))),
    params(SeveralParameters, AsOfParameters, PositionParameters),
    responses((status = 200, description = "Figures, or why there are none", body = Envelope<Aggregated<Overview>>),
        (status = 404, description = "A portfolio that is named does not exist or is not the caller's",
            body = crate::http::problem::Problem, content_type = "application/problem+json")))]
pub async fn show(
    State(api): State<Api>,
    caller: Caller,
    Query(several): Query<Several<AsOf>>,
    at_least: AtLeast,
) -> Result<Answer<Answered>, ApiError> {
    let (subject, _) = several.find(&api, &caller, at_least, |as_of| *as_of).await?;
    subject.answer("overview", risk::overview).await
}
