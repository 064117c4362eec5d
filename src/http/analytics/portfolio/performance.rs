//! `GET /analytics/portfolio/{portfolio_id}/performance`

use axum::extract::State;
use events::PortfolioId;
use projections::risk::{self, Analytic, Performance, SeriesPeriod, TrackRecord};
use utoipa::IntoParams;

use crate::http::analytics::question::{Answered, Subject, Whose};
use crate::http::answer::{Answer, Envelope};
use crate::http::books::{AsOf, AsOfParameters};
use crate::http::caller::Caller;
use crate::http::error::ApiError;
use crate::http::path::Path;
use crate::http::position::{AtLeast, PositionParameters};
use crate::http::query::{FromParameters, Parameters, Query};
use crate::http::state::Api;

/// In which periods.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Which {
    /// Of the series: `daily`, `weekly`, `monthly` (default) or `annual`.
    #[param(value_type = Option<String>, example = "monthly")]
    period: SeriesPeriod,
    #[param(ignore)]
    as_of: AsOf,
}

impl FromParameters for Which {
    fn read(parameters: &mut Parameters) -> Option<Self> {
        let period = parameters.optional("period").unwrap_or_default();
        Some(Self { period, as_of: AsOf::read(parameters) })
    }
}

/// Shows what a portfolio returned, by its daily snapshots: free of what came and went, with ratios and drawdown.
#[utoipa::path(get, path = "/api/v1/analytics/portfolio/{portfolio_id}/performance", tag = "analytics",
    operation_id = "portfolio_performance", extensions(("x-access" = json!("rows"))),
    params(("portfolio_id" = Uuid, Path, description = "The portfolio"), Which, AsOfParameters, PositionParameters),
    responses((status = 200, description = "Figures, or why there are none", body = Envelope<Analytic<Performance>>)))]
pub async fn show(
    State(api): State<Api>,
    caller: Caller,
    Path(portfolio_id): Path<PortfolioId>,
    Query(Which { period, as_of }): Query<Which>,
    at_least: AtLeast,
) -> Result<Answer<Answered>, ApiError> {
    let subject = Subject::find(&api, &caller, at_least, Whose::One(portfolio_id), as_of).await?;
    let track = TrackRecord::of(subject.all_snapshots(portfolio_id).await?);
    let kind = format!("performance;{period:?};{}", track.identity());
    subject.answer(&kind, move |inputs| risk::performance(inputs, portfolio_id, &track, period)).await
}
