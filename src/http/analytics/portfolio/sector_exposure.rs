//! `GET /analytics/portfolio/{portfolio_id}/sector-exposure`

use axum::extract::State;
use events::PortfolioId;
use projections::risk::{self, Analytic, SectorExposure};
use projections::sector_weights::sector_weights;
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

/// Beside which benchmark.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Which {
    /// The benchmark; default `SP500`.
    #[param(value_type = Option<String>, example = "SP500")]
    benchmark: String,
    /// As of when.
    #[param(ignore)]
    pub as_of: AsOf,
}

impl FromParameters for Which {
    fn read(parameters: &mut Parameters) -> Option<Self> {
        let benchmark = parameters.optional("benchmark").unwrap_or_else(|| "SP500".to_owned());
        Some(Self { benchmark, as_of: AsOf::read(parameters) })
    }
}

/// Shows the sectors of a portfolio beside those of a benchmark.
#[utoipa::path(get, path = "/api/v1/analytics/portfolio/{portfolio_id}/sector-exposure", tag = "analytics",
    operation_id = "portfolio_sector_exposure", extensions(("x-access" = json!("rows"))),
    params(("portfolio_id" = Uuid, Path, description = "The portfolio"), Which, AsOfParameters,
        PositionParameters),
    responses((status = 200, description = "Figures, or why there are none", body = Envelope<Analytic<SectorExposure>>)))]
pub async fn show(
    State(api): State<Api>,
    caller: Caller,
    Path(portfolio_id): Path<PortfolioId>,
    Query(which): Query<Which>,
    at_least: AtLeast,
) -> Result<Answer<Answered>, ApiError> {
    let subject = Subject::find(&api, &caller, at_least, Whose::One(portfolio_id), which.as_of).await?;
    ask(subject, which).await
}

/// Answers for whichever portfolios are asked about.
pub async fn ask(subject: Subject<'_>, which: Which) -> Result<Answer<Answered>, ApiError> {
    let benchmark = which.benchmark;
    let client = subject.api().shared().await?;
    let weights = sector_weights(&**client, &benchmark, subject.session(), Some(subject.vintage())).await?;
    drop(client);
    subject
        .answer(&format!("sectors;{benchmark}"), move |inputs| {
            risk::sector_exposure(inputs, &benchmark, weights.as_ref())
        })
        .await
}
