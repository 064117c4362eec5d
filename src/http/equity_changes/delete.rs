//! `DELETE /portfolios/{portfolio_id}/equity-changes/{change_id}`

use axum::extract::State;
use events::portfolio::PortfolioAct;
use events::{EquityChangeId, PortfolioId};

use super::EquityChangeView;
use crate::http::answer::{Answer, Envelope};
use crate::http::body::{Body, NoBody};
use crate::http::books::command;
use crate::http::error::ApiError;
use crate::http::idempotency::{ConditionParameters, WriteParameters, Writing};
use crate::http::path::PathWithin;
use crate::http::state::Api;

/// Takes a flow back, within 30 days of its recording (`EQUITY_007` afterwards); twice answers `EQUITY_009`.
#[utoipa::path(delete, path = "/api/v1/portfolios/{portfolio_id}/equity-changes/{change_id}", tag = "equity changes",
    operation_id = "delete_equity_change", extensions(("x-access" = json!("own-portfolio"))),
    params(("portfolio_id" = Uuid, Path, description = "The portfolio"),
        ("change_id" = Uuid, Path, description = "The flow"), WriteParameters, ConditionParameters),
    responses((status = 200, description = "The flow, which never happened now", body = Envelope<EquityChangeView>, headers(
        ("X-Recalculation-Job" = String, description = "The calculation of the snapshots that follow: batch-status says how it stands"))),
        (status = 412, description = "The portfolio has another version than `If-Match` says",
            body = crate::http::problem::Problem, content_type = "application/problem+json")))]
pub async fn delete(
    State(api): State<Api>,
    PathWithin(portfolio_id, id): PathWithin<PortfolioId, EquityChangeId>,
    writing: Writing,
    Body { hash, .. }: Body<NoBody>,
) -> Result<Answer<EquityChangeView>, ApiError> {
    let act = PortfolioAct::DeleteEquityChange { equity_change_id: id };
    let receipt = api.app().portfolios.execute(portfolio_id, writing.envelope(command(act), hash)).await?;
    let job = api.recalculate(&writing, portfolio_id).await;
    let reading = api.written_book(&writing.caller, portfolio_id, &receipt).await?;
    Ok(Answer::written(&writing.caller, &receipt, EquityChangeView::find(&reading, id)?).headers(job))
}
