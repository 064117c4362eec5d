//! `POST /target-prices/{portfolio_id}`

use axum::extract::State;
use axum::http::StatusCode;
use events::PortfolioId;
use events::portfolio::{ExistingTarget, TargetDraft};

use super::draft::{NewTargetPrice, read_draft};
use super::{TargetPriceView, created, written};
use crate::http::answer::{Answer, Envelope};
use crate::http::body::{Body, FromMembers, Members};
use crate::http::error::ApiError;
use crate::http::idempotency::{ConditionParameters, WriteParameters, Writing};
use crate::http::path::Path;
use crate::http::state::Api;

impl FromMembers for TargetDraft {
    fn read(members: &mut Members) -> Option<Self> {
        read_draft(members)
    }
}

/// Creates the target prices of a symbol and position type; a second time answers `TARGET_PRICE_EXISTS`.
#[utoipa::path(post, path = "/api/v1/target-prices/{portfolio_id}", tag = "target prices",
    operation_id = "create_target_price", extensions(("x-access" = json!("own-portfolio"))),
    params(("portfolio_id" = Uuid, Path, description = "The portfolio"), WriteParameters, ConditionParameters),
    request_body = NewTargetPrice,
    responses((status = 201, description = "The target prices", body = Envelope<TargetPriceView>),
        (status = 409, description = "The symbol and type have target prices already",
            body = crate::http::problem::Problem, content_type = "application/problem+json"),
        (status = 412, description = "The portfolio has another version than `If-Match` says",
            body = crate::http::problem::Problem, content_type = "application/problem+json")))]
pub async fn create(
    State(api): State<Api>,
    Path(portfolio_id): Path<PortfolioId>,
    writing: Writing,
    body: Body<TargetDraft>,
) -> Result<Answer<TargetPriceView>, ApiError> {
    let drafts = (vec![body.value], body.hash);
    let (receipt, ids) = created(&api, portfolio_id, &writing, drafts, ExistingTarget::Refuse).await?;
    let mut views = written(&api, &writing.caller, portfolio_id, &receipt, &ids).await?;
    let view = views.pop().ok_or_else(|| ApiError::not_found("target price", "just created"))?;
    let path = format!("/api/v1/target-prices/target/{}", view.id());
    Ok(Answer::written(&writing.caller, &receipt, view).status(StatusCode::CREATED).location(&path))
}
