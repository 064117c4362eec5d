//! `GET /runs/compare`

mod view;

use axum::extract::State;
use events::RunId;
use projections::Projection;
use projections::compare::{CompareError, RUNS_COMPARED, compare};
use projections::equity::Equity;
use projections::ledger::Ledger;
use projections::performance::PerformanceQuery;
use projections::runs::Runs;
use utoipa::IntoParams;

use super::equity::Points;
use super::owned;
use super::performance::RiskFree;
use crate::http::answer::{Answer, Envelope};
use crate::http::caller::Caller;
use crate::http::error::ApiError;
use crate::http::position::{AtLeast, PositionParameters};
use crate::http::query::{FromParameters, Parameters, Query};
use crate::http::state::Api;
pub use view::ComparisonView;

/// Points of the curves where none are asked for.
const POINTS_DEFAULT: usize = 500;

/// Which runs.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Which {
    /// 2 to 10 runs, separated by commas.
    #[param(value_type = String, example = "0198c5a2-6c3b-7f10-9d5e-3c1b6a1f0e77,0198c5a3-0d41-7aa2-8f1c-51c2a7e9b0d4")]
    run_ids: Vec<RunId>,
    /// Risk-free rate a year, as a fraction above -1; default 0.
    #[param(value_type = Option<f64>, example = 0.02)]
    risk_free: RiskFree,
    /// At most so many points of the curves, 4 to 10,000; default 500.
    #[param(value_type = Option<u16>, minimum = 4, maximum = 10000, example = 500)]
    points: usize,
}

impl FromParameters for Which {
    fn read(parameters: &mut Parameters) -> Option<Self> {
        let run_ids: Option<Vec<RunId>> = parameters.required_list("run_ids");
        let risk_free = parameters.optional("risk_free").unwrap_or_default();
        let points = parameters.optional("points").map_or(POINTS_DEFAULT, |Points(points)| points);
        if let Some(count) = run_ids.as_ref().map(Vec::len).filter(|count| !RUNS_COMPARED.contains(count)) {
            let message = format!("2 to 10 runs can be compared, not {count}");
            parameters.report("run_ids", "out_of_range", message);
        }
        Some(Self { run_ids: run_ids?, risk_free, points })
    }
}

/// Puts runs beside each other: their settings where they differ, their figures and curves, how their returns
/// correlate, and where one bought what another sold.
#[utoipa::path(get, path = "/api/v1/runs/compare", tag = "runs", operation_id = "compare_runs",
    extensions(("x-access" = json!("rows"))),
    params(Which, PositionParameters),
    responses((status = 200, description = "The comparison", body = Envelope<ComparisonView>),
        (status = 404, description = "One of the runs does not exist",
            body = crate::http::problem::Problem, content_type = "application/problem+json")))]
pub async fn show(
    State(api): State<Api>,
    caller: Caller,
    Query(Which { run_ids, risk_free, points }): Query<Which>,
    at_least: AtLeast,
) -> Result<Answer<ComparisonView>, ApiError> {
    let position = at_least.shown_by(&api, &[Runs::NAME, Ledger::NAME, Equity::NAME]).await?;
    let view = api.view(&caller).await?;
    let mut runs = Vec::with_capacity(run_ids.len());
    for run_id in run_ids {
        runs.push(owned(&view, &caller, run_id).await?);
    }
    let query = PerformanceQuery { risk_free_annual: risk_free.0, ..PerformanceQuery::default() };
    let compared = compare(&view, runs, &query, points).await?;
    Ok(Answer::ok(&caller, compared.into()).at(position))
}

impl From<CompareError> for ApiError {
    fn from(error: CompareError) -> Self {
        match error {
            CompareError::Count(_) => Self::invalid("run_ids", "out_of_range", error),
            CompareError::Twice(_) => Self::invalid("run_ids", "not_unique", error),
            CompareError::Performance(error) => error.into(),
            CompareError::Query(error) => error.into(),
        }
    }
}
