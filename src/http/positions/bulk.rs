//! `POST /positions/bulk`

use std::collections::BTreeSet;

use axum::extract::State;
use axum::http::StatusCode;
use events::PortfolioId;
use events::portfolio::{BULK_MAX, LotDraft, PortfolioAct};
use serde::Serialize;
use utoipa::ToSchema;

use super::create::warnings;
use super::draft::{NewPosition, new_lots, read_draft};
use super::{PositionView, labels};
use crate::http::answer::{Answer, Envelope};
use crate::http::body::{Body, FromMembers, Members};
use crate::http::books::command;
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
    api.own_portfolio(caller, portfolio_id).await?;
    let labels = labels(&api, caller).await?;
    let tags: BTreeSet<_> = drafts.iter().flat_map(|draft| &draft.tag_ids).collect();
    labels.check(tags)?;
    let warnings = warnings(&api, portfolio_id, &drafts).await?;
    let lots = new_lots(writing.command_id, drafts);
    let ids: Vec<_> = lots.iter().map(|lot| lot.position_id).collect();
    let envelope = writing.envelope(command(PortfolioAct::OpenLots(lots)), body.hash);
    let receipt = api.app().portfolios.execute(portfolio_id, envelope).await?;
    let reading = api.written_book(caller, portfolio_id, &receipt).await?;
    let found = ids.into_iter().map(|id| PositionView::find(&reading, id, &labels));
    let positions = found.collect::<Result<Vec<_>, _>>()?;
    let created = CreatedPositions { count: positions.len(), positions };
    let answer = Answer::written(caller, &receipt, created).as_of(reading.date).status(StatusCode::CREATED);
    Ok(warnings.into_iter().fold(answer, |answer, warning| {
        answer.warning(format!("row {}: {}", warning.row + 1, warning.message))
    }))
}
