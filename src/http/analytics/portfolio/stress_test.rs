//! `GET /analytics/portfolio/{portfolio_id}/stress-test`

use axum::extract::State;
use events::PortfolioId;
use projections::risk::{Analytic, How, StressTest, View};
use projections::scenarios::{self, Scenario};
use quant::stress::Propagation;
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

/// Which scenarios, and how they are supposed.
#[derive(Debug)]
pub struct Which {
    scenarios: Option<Vec<String>>,
    mode: Mode,
    view: View,
    /// As of when.
    pub as_of: AsOf,
}

/// Whether factors that are not named follow.
#[derive(Debug, Clone, Copy)]
pub struct Mode(pub Propagation);

impl Default for Mode {
    fn default() -> Self {
        Self(Propagation::Correlated)
    }
}

impl std::str::FromStr for Mode {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "correlated" => Ok(Self(Propagation::Correlated)),
            "direct" => Ok(Self(Propagation::Direct)),
            _ => Err("must be correlated or direct"),
        }
    }
}

/// The same for the documentation.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "describes what Which reads")]
pub struct WhichParameters {
    /// Ids of scenarios, separated by commas; by default all that are enabled.
    #[param(example = "market_down_10,rates_up_100bp")]
    scenarios: Option<String>,
    /// `correlated`: factors that a scenario does not name move as they tend to then. `direct`: they stay.
    #[param(default = "correlated", example = "direct")]
    mode: Option<String>,
    /// `portfolio`, `longs` or `shorts`: losses stay a share of the equity of all.
    #[param(default = "portfolio", example = "longs")]
    view: Option<String>,
}

impl FromParameters for Which {
    fn read(parameters: &mut Parameters) -> Option<Self> {
        Some(Self {
            scenarios: parameters.list("scenarios"),
            mode: parameters.optional("mode").unwrap_or_default(),
            view: parameters.optional("view").unwrap_or_default(),
            as_of: AsOf::read(parameters),
        })
    }
}

/// Shows what the scenarios of the catalogue would do to a portfolio: position by position through joint betas, options
/// priced again. No loss is cut off at the equity. Positions that the factors do not explain are left out and counted in
/// the coverage.
#[utoipa::path(get, path = "/api/v1/analytics/portfolio/{portfolio_id}/stress-test", tag = "analytics",
    operation_id = "stress_test", extensions(("x-access" = json!("rows"))),
    params(("portfolio_id" = Uuid, Path, description = "The portfolio"), WhichParameters, AsOfParameters,
        PositionParameters),
    responses((status = 200, description = "What they would do", body = Envelope<Analytic<StressTest>>)))]
pub async fn show(
    State(api): State<Api>,
    caller: Caller,
    Path(portfolio_id): Path<PortfolioId>,
    Query(which): Query<Which>,
    at_least: AtLeast,
) -> Result<Answer<Answered>, ApiError> {
    let subject = Subject::find(&api, &caller, at_least, Whose::One(portfolio_id), which.as_of).await?;
    let (kind, scenarios, how) = supposed(&subject, which).await?;
    subject.answer(&kind, move |inputs| inputs.stress_test(&scenarios, &how)).await
}

/// The scenarios that are asked for, how they are supposed, and what both are kept by.
pub async fn supposed(subject: &Subject<'_>, which: Which) -> Result<(String, Vec<Scenario>, How), ApiError> {
    let known = scenarios::catalogue(&subject.api().shared().await?, Some(subject.vintage())).await?;
    let scenarios = chosen(known.catalogue.scenarios, which.scenarios.as_deref())?;
    let how = How { propagation: which.mode.0, view: which.view, volatility_shift: 0.0 };
    // The catalogue follows from the vintage.
    let ids: Vec<&str> = scenarios.iter().map(|scenario| scenario.id.as_str()).collect();
    Ok((format!("stress-test;{how:?};{}", ids.join(",")), scenarios, how))
}

/// The scenarios of these ids, or those that are enabled.
fn chosen(all: Vec<Scenario>, ids: Option<&[String]>) -> Result<Vec<Scenario>, ApiError> {
    let Some(ids) = ids else { return Ok(all.into_iter().filter(|scenario| scenario.enabled).collect()) };
    let known = |id: &&String| all.iter().any(|scenario| scenario.id == **id);
    if let Some(unknown) = ids.iter().find(|id| !known(id)) {
        let message = format!("{unknown:?} is no scenario of the catalogue");
        return Err(ApiError::invalid("scenarios", "unknown_scenario", message));
    }
    Ok(all.into_iter().filter(|scenario| ids.contains(&scenario.id)).collect())
}
