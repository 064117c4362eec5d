//! `POST /positions`

use axum::extract::State;
use axum::http::StatusCode;
use events::PortfolioId;
use events::portfolio::{LotDraft, LotWarning, PortfolioAct, lot_warnings};
use utoipa::ToSchema;

use super::draft::{NewPosition, new_lots, read_draft};
use super::{PositionView, labels};
use crate::http::answer::{Answer, Envelope};
use crate::http::body::{Body, FromMembers, Members};
use crate::http::books::{command, today};
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
    api.own_portfolio(caller, portfolio_id).await?;
    let labels = labels(&api, caller).await?;
    labels.check(&draft.tag_ids)?;
    let warnings = warnings(&api, portfolio_id, std::slice::from_ref(&draft)).await?;
    let lots = new_lots(writing.command_id, vec![draft]);
    let position_id = lots.first().map(|lot| lot.position_id);
    let envelope = writing.envelope(command(PortfolioAct::OpenLots(lots)), body.hash);
    let receipt = api.app().portfolios.execute(portfolio_id, envelope).await?;
    let reading = api.written_book(caller, portfolio_id, &receipt).await?;
    let position_id = position_id.ok_or_else(|| ApiError::not_found("position", "just entered"))?;
    let view = PositionView::find(&reading, position_id, &labels)?;
    let answer = Answer::written(caller, &receipt, view).as_of(reading.date).status(StatusCode::CREATED);
    let answer = answer.location(&format!("/api/v1/positions/{position_id}"));
    Ok(warnings.into_iter().fold(answer, |answer, warning| answer.warning(warning.message)))
}

/// What is odd about positions that are entered all the same.
pub(super) async fn warnings(
    api: &Api,
    portfolio_id: PortfolioId,
    drafts: &[LotDraft],
) -> Result<Vec<LotWarning>, ApiError> {
    Ok(lot_warnings(&api.portfolio_in_log(portfolio_id).await?, drafts, today()))
}
