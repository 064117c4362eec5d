//! `POST /portfolios/{portfolio_id}/restore`

use axum::extract::State;
use events::PortfolioId;
use events::portfolio::PortfolioAct;

use super::PortfolioView;
use crate::http::answer::{Answer, Envelope};
use crate::http::body::{Body, NoBody};
use crate::http::books::command;
use crate::http::error::ApiError;
use crate::http::idempotency::{WriteParameters, Writing};
use crate::http::path::Path;
use crate::http::state::Api;

/// Takes a deleted portfolio back, within 30 days. One that is not deleted stays as it is.
#[utoipa::path(post, path = "/api/v1/portfolios/{portfolio_id}/restore", tag = "portfolios",
    operation_id = "restore_portfolio", extensions(("x-access" = json!("own-portfolio"))),
    params(("portfolio_id" = Uuid, Path, description = "Its id"), WriteParameters),
    responses((status = 200, description = "The portfolio", body = Envelope<PortfolioView>)))]
pub async fn restore(
    State(api): State<Api>,
    Path(portfolio_id): Path<PortfolioId>,
    writing: Writing,
    Body { hash, .. }: Body<NoBody>,
) -> Result<Answer<PortfolioView>, ApiError> {
    let siblings = api.siblings(&writing.caller, Some(portfolio_id)).await?;
    let envelope = writing.envelope(command(PortfolioAct::Restore { siblings }), hash);
    let receipt = api.app().portfolios.execute(portfolio_id, envelope).await?;
    let reading = api.written_book(&writing.caller, portfolio_id, &receipt).await?;
    Ok(Answer::written(&writing.caller, &receipt, PortfolioView::of(&reading).await?))
}
