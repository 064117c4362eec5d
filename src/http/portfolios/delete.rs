//! `DELETE /portfolios/{portfolio_id}`

use axum::extract::State;
use events::PortfolioId;
use events::portfolio::PortfolioAct;
use jiff::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;

use crate::http::answer::{Answer, Envelope};
use crate::http::body::{Body, NoBody};
use crate::http::books::command;
use crate::http::error::ApiError;
use crate::http::idempotency::{ConditionParameters, WriteParameters, Writing};
use crate::http::path::Path;
use crate::http::state::Api;

/// A portfolio that is gone, unless it is restored.
#[derive(Debug, Serialize, ToSchema)]
pub struct DeletedPortfolio {
    /// Its id.
    #[schema(value_type = String, format = Uuid)]
    portfolio_id: PortfolioId,
    /// When; it can be restored for 30 days.
    deleted_at: Option<Timestamp>,
}

/// Deletes a portfolio; its history is kept. The last active one answers 409.
#[utoipa::path(delete, path = "/api/v1/portfolios/{portfolio_id}", tag = "portfolios",
    operation_id = "delete_portfolio", extensions(("x-access" = json!("own-portfolio"))),
    params(("portfolio_id" = Uuid, Path, description = "Its id"), WriteParameters, ConditionParameters),
    responses((status = 200, description = "It is gone", body = Envelope<DeletedPortfolio>),
        (status = 412, description = "It has another version than `If-Match` says",
            body = crate::http::problem::Problem, content_type = "application/problem+json")))]
pub async fn delete(
    State(api): State<Api>,
    Path(portfolio_id): Path<PortfolioId>,
    writing: Writing,
    Body { hash, .. }: Body<NoBody>,
) -> Result<Answer<DeletedPortfolio>, ApiError> {
    let siblings = api.siblings(&writing.caller, Some(portfolio_id)).await?;
    let envelope = writing.envelope(command(PortfolioAct::Close { siblings }), hash);
    let receipt = api.app().portfolios.execute(portfolio_id, envelope).await?;
    let settings = api.portfolio_in_log(portfolio_id).await?.settings;
    let deleted = DeletedPortfolio { portfolio_id, deleted_at: settings.and_then(|it| it.closed_at) };
    Ok(Answer::written(&writing.caller, &receipt, deleted))
}
