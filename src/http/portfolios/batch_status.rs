//! `GET /portfolios/{portfolio_id}/batch-status/{batch_run_id}`

use axum::extract::State;
use events::time::now;
use events::{CalculationId, PortfolioId, Principal};
use jiff::Timestamp;
use projections::Projection;
use projections::portfolios::{KnownAt, Portfolios};
use projections::snapshots::{self, CalculationRow, CalculationStatus, Snapshots};
use serde::Serialize;
use utoipa::ToSchema;

use crate::http::answer::{Answer, Envelope};
use crate::http::caller::Caller;
use crate::http::error::ApiError;
use crate::http::path::PathWithin;
use crate::http::position::{AtLeast, PATIENCE, PositionParameters};
use crate::http::query::{NoParameters, Query};
use crate::http::state::Api;

/// How a calculation stands.
#[derive(Debug, Serialize, ToSchema)]
pub struct CalculationView {
    /// The portfolio.
    #[schema(value_type = String, format = Uuid)]
    portfolio_id: PortfolioId,
    /// The calculation.
    #[schema(value_type = String, format = Uuid)]
    batch_run_id: CalculationId,
    /// `running`, `completed` or `failed`. Completed is what followed from facts and prices that were read after it was asked
    /// for; older snapshots do not count.
    #[schema(value_type = String, example = "completed")]
    status: &'static str,
    /// When it was asked for.
    started_at: Timestamp,
    /// When it ended.
    completed_at: Option<Timestamp>,
    /// Who asked.
    #[schema(value_type = String)]
    triggered_by: Principal,
    /// From its request to its end, or until now.
    #[schema(example = 2)]
    elapsed_seconds: i64,
    /// Why it failed.
    failure: Option<String>,
    /// What it consists of.
    phases: Vec<CalculationPhase>,
}

/// A part of a calculation.
#[derive(Debug, Serialize, ToSchema)]
pub struct CalculationPhase {
    /// `snapshots`: all else is computed when it is asked for.
    #[schema(value_type = String, example = "snapshots")]
    id: &'static str,
    /// In words.
    name: &'static str,
    /// As that of the calculation.
    #[schema(value_type = String, example = "completed")]
    status: &'static str,
}

impl CalculationView {
    fn of(portfolio_id: PortfolioId, row: CalculationRow) -> Self {
        let (status, failure) = match row.status {
            CalculationStatus::Running => ("running", None),
            CalculationStatus::Completed => ("completed", None),
            CalculationStatus::Failed { reason } => ("failed", Some(reason)),
        };
        let until = row.ended_at.unwrap_or_else(now);
        let phase = CalculationPhase { id: "snapshots", name: "Snapshots of all sessions", status };
        Self {
            portfolio_id,
            batch_run_id: row.calculation_id,
            status,
            started_at: row.requested_at,
            completed_at: row.ended_at,
            triggered_by: row.requested_by,
            elapsed_seconds: until.duration_since(row.requested_at).as_secs().max(0),
            failure,
            phases: vec![phase],
        }
    }
}

/// The same under the path of the portfolio's analytics.
#[utoipa::path(get, path = "/api/v1/analytics/portfolio/{portfolio_id}/batch-status/{batch_run_id}", tag = "analytics",
    operation_id = "show_analytics_calculation", extensions(("x-access" = json!("rows"))),
    params(("portfolio_id" = Uuid, Path, description = "The portfolio"),
        ("batch_run_id" = Uuid, Path, description = "The calculation"), PositionParameters),
    responses((status = 200, description = "How it stands", body = Envelope<CalculationView>)))]
pub async fn show_analytics(
    api: State<Api>,
    caller: Caller,
    path: PathWithin<PortfolioId, CalculationId>,
    query: Query<NoParameters>,
    at_least: AtLeast,
) -> Result<Answer<CalculationView>, ApiError> {
    show(api, caller, path, query, at_least).await
}

/// Shows how a calculation of a portfolio stands, as the log has it.
#[utoipa::path(get, path = "/api/v1/portfolios/{portfolio_id}/batch-status/{batch_run_id}", tag = "portfolios",
    operation_id = "show_calculation", extensions(("x-access" = json!("rows"))),
    params(("portfolio_id" = Uuid, Path, description = "The portfolio"),
        ("batch_run_id" = Uuid, Path, description = "The calculation"), PositionParameters),
    responses((status = 200, description = "How it stands", body = Envelope<CalculationView>)))]
pub async fn show(
    State(api): State<Api>,
    caller: Caller,
    PathWithin(portfolio_id, calculation_id): PathWithin<PortfolioId, CalculationId>,
    Query(NoParameters): Query<NoParameters>,
    at_least: AtLeast,
) -> Result<Answer<CalculationView>, ApiError> {
    let position = at_least.shown_by(&api, &[Portfolios::NAME, Snapshots::NAME]).await?;
    let view = api.view(&caller).await?;
    api.book(&view, portfolio_id, KnownAt::Now).await?;
    let found = snapshots::calculation(&view, portfolio_id, calculation_id).await?;
    drop(view);
    let found = match found {
        Some(found) => Some(found),
        None => {
            // It may have been asked for a moment ago.
            let head = api.log().head().await?;
            api.app().watermarks.wait_for(Snapshots::NAME, head, PATIENCE).await?;
            snapshots::calculation(&api.view(&caller).await?, portfolio_id, calculation_id).await?
        }
    };
    let row = found.ok_or_else(|| ApiError::not_found("calculation", calculation_id))?;
    Ok(Answer::ok(&caller, CalculationView::of(portfolio_id, row)).at(position))
}
