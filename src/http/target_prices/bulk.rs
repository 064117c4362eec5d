//! `POST /target-prices/{portfolio_id}/bulk`

use axum::extract::State;
use axum::http::StatusCode;
use events::PortfolioId;
use events::portfolio::{BULK_MAX, ExistingTarget, TargetDraft};
use serde::Serialize;
use utoipa::ToSchema;

use super::draft::{NewTargetPrice, read_draft};
use super::{TargetPriceView, created, written};
use crate::http::answer::{Answer, Envelope};
use crate::http::body::{Body, FromMembers, Members};
use crate::http::error::ApiError;
use crate::http::idempotency::{ConditionParameters, WriteParameters, Writing};
use crate::http::path::Path;
use crate::http::state::Api;

/// Target prices of a portfolio.
#[derive(Debug, ToSchema)]
#[expect(dead_code, reason = "describes what FromMembers reads")]
pub struct CreateTargetPrices {
    /// 1 to 500 target prices: all of them are created, or none.
    target_prices: Vec<NewTargetPrice>,
}

/// What is asked.
#[derive(Debug)]
pub struct Wish(Vec<TargetDraft>);

impl FromMembers for Wish {
    fn read(members: &mut Members) -> Option<Self> {
        let drafts = members.rows("target_prices", read_draft);
        if let Some(count) = drafts.as_ref().map(Vec::len).filter(|count| *count > BULK_MAX) {
            members.report("target_prices", "too_long", format!("at most {BULK_MAX}, not {count}"));
        }
        drafts.map(Self)
    }
}

/// Target prices that were created.
#[derive(Debug, Serialize, ToSchema)]
pub struct CreatedTargetPrices {
    /// How many.
    count: usize,
    /// They, in the order in which they were sent.
    target_prices: Vec<TargetPriceView>,
}

/// Creates target prices, all of them or none; every row that breaks a rule is reported.
#[utoipa::path(post, path = "/api/v1/target-prices/{portfolio_id}/bulk", tag = "target prices",
    operation_id = "create_target_prices", extensions(("x-access" = json!("own-portfolio"))),
    params(("portfolio_id" = Uuid, Path, description = "The portfolio"), WriteParameters, ConditionParameters),
    request_body = CreateTargetPrices,
    responses((status = 201, description = "The target prices", body = Envelope<CreatedTargetPrices>),
        (status = 409, description = "A symbol and type has target prices already",
            body = crate::http::problem::Problem, content_type = "application/problem+json"),
        (status = 412, description = "The portfolio has another version than `If-Match` says",
            body = crate::http::problem::Problem, content_type = "application/problem+json")))]
pub async fn create(
    State(api): State<Api>,
    Path(portfolio_id): Path<PortfolioId>,
    writing: Writing,
    body: Body<Wish>,
) -> Result<Answer<CreatedTargetPrices>, ApiError> {
    let drafts = (body.value.0, body.hash);
    let (receipt, ids) = created(&api, portfolio_id, &writing, drafts, ExistingTarget::Refuse).await?;
    let target_prices = written(&api, &writing.caller, portfolio_id, &receipt, &ids).await?;
    let data = CreatedTargetPrices { count: target_prices.len(), target_prices };
    Ok(Answer::written(&writing.caller, &receipt, data).status(StatusCode::CREATED))
}
