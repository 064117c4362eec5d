//! `GET /analytics/stress-scenarios`

use axum::extract::State;
use jiff::civil::Date;
use projections::bars::Vintage;
use projections::factors::FactorId;
use projections::scenarios::{self, Scenario, Severity, SeverityBand, Shock, ShockBasis};
use serde::Serialize;
use utoipa::ToSchema;

use crate::http::answer::{Answer, Envelope};
use crate::http::caller::Caller;
use crate::http::error::ApiError;
use crate::http::query::{NoParameters, Query};
use crate::http::state::Api;

/// The scenario catalogue in force.
#[derive(Debug, Serialize, ToSchema)]
pub struct StressScenarios {
    /// What this version is called.
    #[schema(example = "standard-1")]
    version: String,
    /// The import that brought it; null for the catalogue that comes with the code.
    #[schema(value_type = Option<i64>)]
    vintage: Option<Vintage>,
    /// How to read it.
    about: String,
    /// What the severities stand for, lowest first.
    severities: Vec<SeverityView>,
    /// The scenarios.
    scenarios: Vec<ScenarioView>,
}

/// What a severity stands for: a label of the shock, not of a portfolio's loss.
#[derive(Debug, Serialize, ToSchema)]
pub struct SeverityView {
    /// The severity.
    #[schema(value_type = String, example = "mild")]
    id: Severity,
    /// The smallest move, a fraction.
    #[schema(example = 0.05)]
    impact_min: f64,
    /// The move from which on it is the next; null for the last.
    impact_max: Option<f64>,
    /// How likely, in words.
    likelihood: String,
}

/// A stress scenario.
#[derive(Debug, Serialize, ToSchema)]
pub struct ScenarioView {
    /// What it is called everywhere.
    #[schema(example = "market_down_10")]
    id: String,
    /// For people.
    title: String,
    /// The heading under which it is shown.
    group: String,
    /// What kind of move it is.
    category: String,
    /// `base`, `mild`, `moderate`, `severe` or `extreme`.
    #[schema(value_type = String, example = "moderate")]
    severity: Severity,
    /// Whether it is computed where nobody names scenarios.
    enabled: bool,
    /// What moves.
    shocks: Vec<ShockView>,
    /// Of a replay: its first day.
    window_from_date: Option<Date>,
    /// Of a replay: its last day.
    window_to_date: Option<Date>,
    /// What is doubtful about it.
    review: Option<String>,
}

/// A move of one factor.
#[derive(Debug, Serialize, ToSchema)]
pub struct ShockView {
    /// Of which factor.
    #[schema(value_type = String, example = "market")]
    factor: FactorId,
    /// `index_return`, `relative_to_market` or `yield_change`.
    #[schema(value_type = String, example = "index_return")]
    basis: ShockBasis,
    /// A fraction: -0.1 is -10 % of a return, 0.005 is +50 basis points of a yield.
    #[schema(example = -0.1)]
    size: f64,
}

impl From<SeverityBand> for SeverityView {
    fn from(SeverityBand { id, impact_min, impact_max, likelihood }: SeverityBand) -> Self {
        Self { id, impact_min, impact_max, likelihood }
    }
}

impl From<Shock> for ShockView {
    fn from(Shock { factor, basis, size }: Shock) -> Self {
        Self { factor, basis, size }
    }
}

impl From<Scenario> for ScenarioView {
    fn from(scenario: Scenario) -> Self {
        Self {
            id: scenario.id,
            title: scenario.title,
            group: scenario.group,
            category: scenario.category,
            severity: scenario.severity,
            enabled: scenario.enabled,
            shocks: scenario.shocks.into_iter().map(ShockView::from).collect(),
            window_from_date: scenario.window.as_ref().map(|window| window.from),
            window_to_date: scenario.window.as_ref().map(|window| window.to),
            review: scenario.review,
        }
    }
}

/// Lists the stress scenarios: what moves in each, and what is doubtful about it.
#[utoipa::path(get, path = "/api/v1/analytics/stress-scenarios", tag = "market",
    operation_id = "stress_scenarios", extensions(("x-access" = json!("signed-in"))),
    responses((status = 200, description = "The catalogue in force", body = Envelope<StressScenarios>)))]
pub async fn show(
    State(api): State<Api>,
    caller: Caller,
    Query(NoParameters): Query<NoParameters>,
) -> Result<Answer<StressScenarios>, ApiError> {
    let known = scenarios::catalogue(&**api.shared().await?, None).await?;
    let catalogue = known.catalogue;
    Ok(Answer::ok(
        &caller,
        StressScenarios {
            version: catalogue.version,
            vintage: known.vintage,
            about: catalogue.about,
            severities: catalogue.severities.into_iter().map(SeverityView::from).collect(),
            scenarios: catalogue.scenarios.into_iter().map(ScenarioView::from).collect(),
        },
    ))
}
