//! `POST /positions`

use axum::extract::State;
use axum::http::StatusCode;
use events::PortfolioId;
use events::portfolio::LotDraft;
use utoipa::ToSchema;

use super::PositionView;
use super::draft::{NewPosition, read_draft};
use super::enter::enter;
use crate::http::answer::{Answer, Envelope};
use crate::http::body::{Body, FromMembers, Members};
use crate::http::error::ApiError;
use crate::http::idempotency::{ConditionParameters, WriteParameters, Writing};
use crate::http::state::Api;

/// A position of a portfolio.
#[derive(Debug, ToSchema)]
#[expect(dead_code, reason = "describes what FromMembers reads")]
pub struct CreatePosition {
    /// The portfolio.
    #[schema(format = Uuid)]
    portfolio_id: String,
    #[serde(flatten)]
    position: NewPosition,
}

/// What is asked.
#[derive(Debug)]
pub struct Wish {
    portfolio_id: PortfolioId,
    draft: LotDraft,
}

impl FromMembers for Wish {
    fn read(members: &mut Members) -> Option<Self> {
        let portfolio_id = members.required("portfolio_id");
        let draft = read_draft(members);
        Some(Self { portfolio_id: portfolio_id?, draft: draft? })
    }
}

/// Enters a position. Another one of the same symbol is another lot; what looks like a mistake is told in the warnings.
#[utoipa::path(post, path = "/api/v1/positions", tag = "positions", operation_id = "create_position",
    extensions(("x-access" = json!("rows"))),
    params(WriteParameters, ConditionParameters), request_body = CreatePosition,
    responses((status = 201, description = "The position", body = Envelope<PositionView>),
        (status = 404, description = "The portfolio, or a tag, does not exist or is not the caller's",
            body = crate::http::problem::Problem, content_type = "application/problem+json"),
        (status = 412, description = "The portfolio has another version than `If-Match` says",
            body = crate::http::problem::Problem, content_type = "application/problem+json")))]
pub async fn create(
    State(api): State<Api>,
    writing: Writing,
    body: Body<Wish>,
) -> Result<Answer<PositionView>, ApiError> {
    let Wish { portfolio_id, draft } = body.value;
    let caller = &writing.caller;
    let mut entered = enter(&api, &writing, portfolio_id, vec![draft], body.hash).await?;
    let view = entered.positions.pop().ok_or_else(|| ApiError::not_found("position", "just entered"))?;
    let path = format!("/api/v1/positions/{}", view.id);
    let answer = Answer::written(caller, &entered.receipt, view).as_of(entered.date);
    let answer = answer.status(StatusCode::CREATED).location(&path);
    Ok(entered.warnings.into_iter().fold(answer, |answer, warning| answer.warning(warning.message)))
}
