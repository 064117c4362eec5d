//! `GET /analytics/factors/definitions`

use axum::extract::State;
use events::Symbol;
use projections::bars::Vintage;
use projections::factors::{self, Factor, FactorId, FactorMethod, FactorType};
use serde::Serialize;
use utoipa::ToSchema;

use crate::http::answer::{Answer, Envelope};
use crate::http::caller::Caller;
use crate::http::error::ApiError;
use crate::http::query::{NoParameters, Query};
use crate::http::state::Api;

/// The factor registry in force.
#[derive(Debug, Serialize, ToSchema)]
pub struct FactorDefinitions {
    /// What this version is called.
    #[schema(example = "standard-1")]
    version: String,
    /// The import that brought it; null for the standard set of the code.
    #[schema(value_type = Option<i64>)]
    vintage: Option<Vintage>,
    /// The factors, by display order.
    factors: Vec<FactorDefinition>,
}

/// A risk factor.
#[derive(Debug, Serialize, ToSchema)]
pub struct FactorDefinition {
    /// What it is called everywhere.
    #[schema(value_type = String, example = "size")]
    factor_id: FactorId,
    /// For people.
    #[schema(example = "Size")]
    factor_name: String,
    /// `style`, `sector` or `macro`.
    #[schema(value_type = String, example = "style")]
    factor_type: FactorType,
    /// The series that stands for it.
    #[schema(value_type = String, example = "IWM")]
    etf_ticker: Symbol,
    /// What it measures.
    description: String,
    /// How its returns follow from those of the series: `market`, `spread_over_market` or `rate_proxy`.
    #[schema(value_type = String, example = "spread_over_market")]
    calculation_method: FactorMethod,
    /// Daily returns of a regression.
    #[schema(example = 90)]
    window_days: u32,
    /// Fewest returns with which a regression is made.
    #[schema(example = 60)]
    min_observations: u32,
    /// Its place among the others.
    #[schema(example = 6)]
    display_order: u32,
    /// Whether a model is complete only with it.
    is_active: bool,
    /// Of a rate proxy: effective duration, years.
    duration_years: Option<f64>,
    /// Of a rate proxy: convexity, where it is used.
    convexity: Option<f64>,
}

impl From<Factor> for FactorDefinition {
    fn from(factor: Factor) -> Self {
        Self {
            factor_id: factor.factor_id,
            factor_name: factor.factor_name,
            factor_type: factor.factor_type,
            etf_ticker: factor.proxy,
            description: factor.description,
            calculation_method: factor.calculation_method,
            window_days: factor.window_days,
            min_observations: factor.min_observations,
            display_order: factor.display_order,
            is_active: factor.is_active,
            duration_years: factor.duration_years,
            convexity: factor.convexity,
        }
    }
}

/// Lists the risk factors: which there are, which series stands for each, over which window.
#[utoipa::path(get, path = "/api/v1/analytics/factors/definitions", tag = "market",
    operation_id = "factor_definitions", extensions(("x-access" = json!("signed-in"))),
    responses((status = 200, description = "The registry in force", body = Envelope<FactorDefinitions>)))]
pub async fn show(
    State(api): State<Api>,
    caller: Caller,
    Query(NoParameters): Query<NoParameters>,
) -> Result<Answer<FactorDefinitions>, ApiError> {
    let known = factors::registry(&**api.shared().await?, None).await?;
    let factors = known.registry.factors.into_iter().map(FactorDefinition::from).collect();
    let (version, vintage) = (known.registry.version, known.vintage);
    Ok(Answer::ok(&caller, FactorDefinitions { version, vintage, factors }))
}
