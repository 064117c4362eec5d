//! `GET /data/portfolio/{portfolio_id}/data-quality`

use axum::extract::State;
use events::PortfolioId;
use projections::risk::{self, Analytic, Checks, PriceHistory};
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

/// What is looked at.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Which {
    /// Whether factor regressions are possible.
    #[param(value_type = Option<bool>, default = true)]
    check_factors: bool,
    /// Whether correlations are.
    #[param(value_type = Option<bool>, default = true)]
    check_correlations: bool,
    #[param(ignore)]
    as_of: AsOf,
}

impl FromParameters for Which {
    fn read(parameters: &mut Parameters) -> Option<Self> {
        Some(Self {
            check_factors: parameters.optional("check_factors").unwrap_or(true),
            check_correlations: parameters.optional("check_correlations").unwrap_or(true),
            as_of: AsOf::read(parameters),
        })
    }
}

/// Shows how much price history the positions of a portfolio have, and which analytics that is enough for.
#[utoipa::path(get, path = "/api/v1/data/portfolio/{portfolio_id}/data-quality", tag = "portfolios",
    operation_id = "portfolio_data_quality", extensions(("x-access" = json!("rows"))),
    params(("portfolio_id" = Uuid, Path, description = "The portfolio"), Which, AsOfParameters, PositionParameters),
    responses((status = 200, description = "What there is, or why nothing", body = Envelope<Analytic<PriceHistory>>)))]
pub async fn show(
    State(api): State<Api>,
    caller: Caller,
    Path(portfolio_id): Path<PortfolioId>,
    Query(which): Query<Which>,
    at_least: AtLeast,
) -> Result<Answer<Answered>, ApiError> {
    let subject = Subject::find(&api, &caller, at_least, Whose::One(portfolio_id), which.as_of).await?;
    let checks = Checks { factors: which.check_factors, correlations: which.check_correlations };
    subject
        .answer(&format!("data-quality;{checks:?}"), move |inputs| risk::price_history(inputs, checks))
        .await
}
