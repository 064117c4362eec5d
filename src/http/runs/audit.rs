//! `POST /runs/{run}/audit`

use axum::extract::State;
use events::RunId;
use projections::Projection;
use projections::equity::Equity;
use projections::ledger::Ledger;
use projections::runs::Runs;

use crate::audit::{AuditError, audit_run};
use crate::http::answer::{Answer, Envelope};
use crate::http::aside::aside;
use crate::http::body::{Body, NoBody};
use crate::http::error::ApiError;
use crate::http::idempotency::{WriteParameters, Writing};
use crate::http::path::Path;
use crate::http::position::PATIENCE;
use crate::http::query::{NoParameters, Query};
use crate::http::state::Api;
use crate::http::streams::audit::AuditView;
use crate::market::Market;

/// Verifies a run: its hash chain, its fold, its read models, every fill against the bars, and every decision, made again.
/// It changes nothing. What differs is in the report; the answer is 200 all the same.
#[utoipa::path(post, path = "/api/v1/runs/{run}/audit", tag = "runs", operation_id = "audit_run",
    extensions(("x-access" = json!("examine-run"))),
    params(("run" = Uuid, Path, description = "Its id"), WriteParameters),
    responses((status = 200, description = "What was checked", body = Envelope<AuditView>)))]
pub async fn audit(
    State(api): State<Api>,
    Path(run_id): Path<RunId>,
    Query(NoParameters): Query<NoParameters>,
    writing: Writing,
    Body { value: NoBody, .. }: Body<NoBody>,
) -> Result<Answer<AuditView>, ApiError> {
    let (log, market) = (api.log().clone(), Market::new(api.app().reads.clone()));
    let position = log.head().await?;
    let shown = [Runs::NAME, Equity::NAME, Ledger::NAME];
    api.app().watermarks.wait_for_all(&shown, position, PATIENCE).await?;
    let work = move || async move { audit_run(&log, &market, run_id).await };
    let report = aside(&api, "auditing a run", work).await?.map_err(|error| match error {
        AuditError::NoRun(run) => ApiError::not_found("run", run),
        error => ApiError::Internal { operation: "auditing a run", source: error.into() },
    })?;
    Ok(Answer::ok(&writing.caller, report.into()).at(position))
}
