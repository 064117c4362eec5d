//! `POST /portfolios/{portfolio_id}/equity-changes`

use axum::extract::State;
use axum::http::StatusCode;
use events::portfolio::{EquityChangeDraft, PortfolioAct};
use events::{EquityChangeId, PortfolioId};
use utoipa::ToSchema;

use super::{EquityChangeView, equity_for};
use crate::http::answer::{Answer, Envelope};
use crate::http::body::{Body, FromMembers, Members};
use crate::http::books::{command, today};
use crate::http::error::ApiError;
use crate::http::idempotency::{ConditionParameters, WriteParameters, Writing};
use crate::http::path::Path;
use crate::http::state::Api;

/// A flow to be recorded.
#[derive(Debug, ToSchema)]
#[expect(dead_code, reason = "describes what FromMembers reads")]
pub struct CreateEquityChange {
    /// `CONTRIBUTION` or `WITHDRAWAL`.
    #[schema(example = "CONTRIBUTION")]
    change_type: String,
    /// How much, above zero.
    #[schema(example = "2500")]
    amount: String,
    /// On which New York date, by default today and never later.
    #[schema(format = Date)]
    change_date: Option<String>,
    /// What for, up to 500 characters.
    notes: Option<String>,
}

impl FromMembers for EquityChangeDraft {
    fn read(members: &mut Members) -> Option<Self> {
        let change_type = members.required("change_type");
        let amount = members.required("amount");
        let change_date = members.optional("change_date").unwrap_or_else(today);
        let notes = members.optional("notes");
        Some(Self { change_type: change_type?, amount: amount?, change_date, notes })
    }
}

/// Records that capital came or went. Rules by code: `EQUITY_001` the amount must be above 0, `EQUITY_002` the date must
/// not lie in the future, `EQUITY_003` a withdrawal must not exceed the equity at its date.
#[utoipa::path(post, path = "/api/v1/portfolios/{portfolio_id}/equity-changes", tag = "equity changes",
    operation_id = "create_equity_change", extensions(("x-access" = json!("own-portfolio"))),
    params(("portfolio_id" = Uuid, Path, description = "The portfolio"), WriteParameters, ConditionParameters),
    request_body = CreateEquityChange,
    responses((status = 201, description = "The flow", body = Envelope<EquityChangeView>, headers(
        ("X-Recalculation-Job" = String, description = "The calculation of the snapshots that follow: batch-status says how it stands"))),
        (status = 412, description = "The portfolio has another version than `If-Match` says",
            body = crate::http::problem::Problem, content_type = "application/problem+json")))]
pub async fn create(
    State(api): State<Api>,
    Path(portfolio_id): Path<PortfolioId>,
    writing: Writing,
    body: Body<EquityChangeDraft>,
) -> Result<Answer<EquityChangeView>, ApiError> {
    let draft = body.value;
    let id = EquityChangeId::derived(&[b"create", writing.command_id.uuid().as_bytes()]);
    let equity = equity_for(&api, portfolio_id, Some(draft.change_type), draft.change_date, None).await?;
    let act = PortfolioAct::RecordEquityChange { equity_change_id: id, draft, equity };
    let envelope = writing.envelope(command(act), body.hash);
    let receipt = api.app().portfolios.execute(portfolio_id, envelope).await?;
    let job = api.recalculate(&writing, portfolio_id).await;
    let reading = api.written_book(&writing.caller, portfolio_id, &receipt).await?;
    Ok(Answer::written(&writing.caller, &receipt, EquityChangeView::find(&reading, id)?)
        .headers(job)
        .status(StatusCode::CREATED)
        .location(&format!("/api/v1/portfolios/{portfolio_id}/equity-changes/{id}")))
}
