//! `PUT /portfolios/{portfolio_id}/equity-changes/{change_id}`

use axum::extract::State;
use events::portfolio::{EquityChangeEdit, PortfolioAct};
use events::{EquityChangeId, PortfolioId};
use utoipa::ToSchema;

use super::{EquityChangeView, equity_for};
use crate::http::answer::{Answer, Envelope};
use crate::http::body::{Body, FromMembers, Members};
use crate::http::books::command;
use crate::http::error::ApiError;
use crate::http::idempotency::{ConditionParameters, WriteParameters, Writing};
use crate::http::path::PathWithin;
use crate::http::state::Api;

/// What is to change. What is left out stays; null clears the notes.
#[derive(Debug, ToSchema)]
#[expect(dead_code, reason = "describes what FromMembers reads")]
pub struct ChangeEquityChange {
    /// How much, above zero.
    #[schema(example = "2600")]
    amount: Option<String>,
    /// On which New York date.
    #[schema(format = Date)]
    change_date: Option<String>,
    /// What for.
    notes: Option<String>,
}

impl FromMembers for EquityChangeEdit {
    fn read(members: &mut Members) -> Option<Self> {
        Some(Self {
            amount: members.change("amount"),
            change_date: members.change("change_date"),
            notes: members.clearable("notes"),
        })
    }
}

/// Describes a flow otherwise, within 7 days of its recording (`EQUITY_006` afterwards).
#[utoipa::path(put, path = "/api/v1/portfolios/{portfolio_id}/equity-changes/{change_id}", tag = "equity changes",
    operation_id = "change_equity_change", extensions(("x-access" = json!("own-portfolio"))),
    params(("portfolio_id" = Uuid, Path, description = "The portfolio"),
        ("change_id" = Uuid, Path, description = "The flow"), WriteParameters, ConditionParameters),
    request_body = ChangeEquityChange,
    responses((status = 200, description = "The flow after the change", body = Envelope<EquityChangeView>, headers(
        ("X-Recalculation-Job" = String, description = "The calculation of the snapshots that follow: batch-status says how it stands"))),
        (status = 412, description = "The portfolio has another version than `If-Match` says",
            body = crate::http::problem::Problem, content_type = "application/problem+json")))]
pub async fn change(
    State(api): State<Api>,
    PathWithin(portfolio_id, id): PathWithin<PortfolioId, EquityChangeId>,
    writing: Writing,
    body: Body<EquityChangeEdit>,
) -> Result<Answer<EquityChangeView>, ApiError> {
    let before = api.portfolio_in_log(portfolio_id).await?.equity_changes.remove(&id);
    let date = body.value.change_date.or(before.map(|change| change.change_date));
    let equity = match date {
        Some(date) => equity_for(&api, portfolio_id, None, date, Some(id)).await?,
        None => None,
    };
    let act = PortfolioAct::EditEquityChange { equity_change_id: id, edit: body.value, equity };
    let envelope = writing.envelope(command(act), body.hash);
    let receipt = api.app().portfolios.execute(portfolio_id, envelope).await?;
    let job = api.recalculate(&writing, portfolio_id).await;
    let reading = api.written_book(&writing.caller, portfolio_id, &receipt).await?;
    Ok(Answer::written(&writing.caller, &receipt, EquityChangeView::find(&reading, id)?).headers(job))
}
