//! `POST /positions/bulk`

use axum::extract::State;
use axum::http::StatusCode;
use events::PortfolioId;
use events::portfolio::{BULK_MAX, LotDraft};
use serde::Serialize;
use utoipa::ToSchema;

use super::PositionView;
use super::draft::{NewPosition, read_draft};
use super::enter::enter;
use crate::http::answer::{Answer, Envelope};
use crate::http::body::{Body, FromMembers, Members};
use crate::http::error::ApiError;
use crate::http::idempotency::{ConditionParameters, WriteParameters, Writing};
use crate::http::state::Api;

/// Positions of a portfolio.
#[derive(Debug, ToSchema)]
#[expect(dead_code, reason = "describes what FromMembers reads")]
pub struct CreatePositions {
    /// The portfolio.
    #[schema(format = Uuid)]
    portfolio_id: String,
    /// 1 to 500 positions: all of them are entered, or none.
    positions: Vec<NewPosition>,
}

/// What is asked.
#[derive(Debug)]
pub struct Wish {
    portfolio_id: PortfolioId,
    drafts: Vec<LotDraft>,
}

impl FromMembers for Wish {
    fn read(members: &mut Members) -> Option<Self> {
        let portfolio_id = members.required("portfolio_id");
        let drafts = members.rows("positions", read_draft);
        if let Some(count) = drafts.as_ref().map(Vec::len).filter(|count| *count > BULK_MAX) {
            members.report("positions", "too_long", format!("at most {BULK_MAX}, not {count}"));
        }
        Some(Self { portfolio_id: portfolio_id?, drafts: drafts? })
    }
}

/// Positions that were entered.
#[derive(Debug, Serialize, ToSchema)]
pub struct CreatedPositions {
    /// How many.
    count: usize,
    /// The positions, in the order in which they were sent.
    positions: Vec<PositionView>,
}

/// Enters positions, all of them or none; every row that breaks a rule is reported.
#[utoipa::path(post, path = "/api/v1/positions/bulk", tag = "positions", operation_id = "create_positions",
    extensions(("x-access" = json!("rows"))),
    params(WriteParameters, ConditionParameters), request_body = CreatePositions,
    responses((status = 201, description = "The positions", body = Envelope<CreatedPositions>),
        (status = 404, description = "The portfolio, or a tag, does not exist or is not the caller's",
            body = crate::http::problem::Problem, content_type = "application/problem+json"),
        (status = 412, description = "The portfolio has another version than `If-Match` says",
            body = crate::http::problem::Problem, content_type = "application/problem+json")))]
pub async fn create(
    State(api): State<Api>,
    writing: Writing,
    body: Body<Wish>,
) -> Result<Answer<CreatedPositions>, ApiError> {
    let Wish { portfolio_id, drafts } = body.value;
    let caller = &writing.caller;
    let entered = enter(&api, &writing, portfolio_id, drafts, body.hash).await?;
    let created = CreatedPositions { count: entered.positions.len(), positions: entered.positions };
    let answer = Answer::written(caller, &entered.receipt, created).as_of(entered.date);
    let answer = answer.status(StatusCode::CREATED);
    Ok(entered.warnings.into_iter().fold(answer, |answer, warning| {
        answer.warning(format!("row {}: {}", warning.row + 1, warning.message))
    }))
}
