//! `GET /analytics/aggregate/correlation-matrix`

use axum::extract::State;
use projections::risk::{self, Aggregated, Correlations};

use crate::http::analytics::correlation_terms::{AllPositions, CorrelationParameters};
use crate::http::analytics::question::{Answered, Several, SeveralParameters};
use crate::http::answer::{Answer, Envelope};
use crate::http::books::AsOfParameters;
use crate::http::caller::Caller;
use crate::http::error::ApiError;
use crate::http::position::{AtLeast, PositionParameters};
use crate::http::query::Query;
use crate::http::state::Api;

/// Shows how the positions of several portfolios together move.
#[utoipa::path(get, path = "/api/v1/analytics/aggregate/correlation-matrix", tag = "analytics",
    operation_id = "aggregate_correlation_matrix", extensions(("x-access" = json!("rows"))),
    params(SeveralParameters, CorrelationParameters, AsOfParameters, PositionParameters),
    responses((status = 200, description = "Figures, or why there are none", body = Envelope<Aggregated<Correlations>>),
        (status = 404, description = "A portfolio that is named does not exist or is not the caller's",
            body = crate::http::problem::Problem, content_type = "application/problem+json")))]
pub async fn show(
    State(api): State<Api>,
    caller: Caller,
    Query(several): Query<Several<AllPositions>>,
    at_least: AtLeast,
) -> Result<Answer<Answered>, ApiError> {
    let (subject, which) = several.find(&api, &caller, at_least, |which| which.as_of).await?;
    let terms = which.terms;
    subject
        .answer(&format!("correlation-matrix;{terms:?}"), move |inputs| risk::correlations(inputs, &terms))
        .await
}
