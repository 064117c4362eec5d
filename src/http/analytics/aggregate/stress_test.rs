//! `GET /analytics/aggregate/stress-test`

use axum::extract::State;
use projections::risk::{self, AggregateStress, Aggregated};

use crate::http::analytics::portfolio::stress_test::{Which, WhichParameters, supposed};
use crate::http::analytics::question::{Answered, Several, SeveralParameters};
use crate::http::answer::{Answer, Envelope};
use crate::http::books::AsOfParameters;
use crate::http::caller::Caller;
use crate::http::error::ApiError;
use crate::http::position::{AtLeast, PositionParameters};
use crate::http::query::Query;
use crate::http::state::Api;

/// Shows what the scenarios of the catalogue would do to several portfolios together. Portfolios that the factors do not
/// explain are listed, and not counted as if they lost nothing.
#[utoipa::path(get, path = "/api/v1/analytics/aggregate/stress-test", tag = "analytics",
    operation_id = "aggregate_stress_test", extensions(("x-access" = json!("rows"))),
    params(SeveralParameters, WhichParameters, AsOfParameters, PositionParameters),
    responses((status = 200, description = "Figures, or why there are none", body = Envelope<Aggregated<AggregateStress>>),
        (status = 404, description = "A portfolio that is named does not exist or is not the caller's",
            body = crate::http::problem::Problem, content_type = "application/problem+json")))]
pub async fn show(
    State(api): State<Api>,
    caller: Caller,
    Query(several): Query<Several<Which>>,
    at_least: AtLeast,
) -> Result<Answer<Answered>, ApiError> {
    let (subject, which) = several.find(&api, &caller, at_least, |which| which.as_of).await?;
    let (kind, scenarios, how) = supposed(&subject, which).await?;
    subject
        .answer_as(&kind, move |inputs| risk::aggregate_stress(inputs, inputs.stress_test(&scenarios, &how)))
        .await
}
