//! `POST /positions/tags/bulk-assign`

use std::collections::BTreeSet;

use axum::extract::State;
use events::portfolio::{PortfolioAct, TagChange};
use events::{PositionId, TagId};
use serde::Serialize;
use utoipa::ToSchema;

use super::{by_portfolio, part_of, position_ids, tag_ids};
use crate::http::answer::{Answer, Envelope};
use crate::http::body::{Body, FromMembers, Members};
use crate::http::books::command;
use crate::http::error::ApiError;
use crate::http::idempotency::{WriteParameters, Writing};
use crate::http::positions::labels;
use crate::http::state::Api;

/// Tags for several positions.
#[derive(Debug, ToSchema)]
#[expect(dead_code, reason = "describes what FromMembers reads")]
pub struct BulkAssign {
    /// 1 to 500 positions.
    #[schema(format = Uuid)]
    position_ids: Vec<uuid::Uuid>,
    /// 1 to 20 tags that each of them gets beside those that it has.
    tag_ids: Vec<uuid::Uuid>,
}

/// What is asked.
#[derive(Debug)]
pub struct Wish {
    position_ids: Vec<PositionId>,
    tag_ids: BTreeSet<TagId>,
}

impl FromMembers for Wish {
    fn read(members: &mut Members) -> Option<Self> {
        let (position_ids, tag_ids) = (position_ids(members), tag_ids(members));
        Some(Self { position_ids: position_ids?, tag_ids: tag_ids? })
    }
}

/// Positions that got tags.
#[derive(Debug, Serialize, ToSchema)]
pub struct BulkAssigned {
    /// How many positions.
    position_count: usize,
    /// How many tags each of them got or had.
    tag_count: usize,
}

/// Gives several positions tags. A position or tag that is not the caller's answers 404 for all of them. The positions of one
/// portfolio get them together or not at all.
#[utoipa::path(post, path = "/api/v1/positions/tags/bulk-assign", tag = "tags", operation_id = "bulk_assign_tags",
    extensions(("x-access" = json!("rows"))), params(WriteParameters), request_body = BulkAssign,
    responses((status = 200, description = "They have them", body = Envelope<BulkAssigned>),
        (status = 404, description = "A position or tag does not exist or is not the caller's",
            body = crate::http::problem::Problem, content_type = "application/problem+json")))]
pub async fn assign(
    State(api): State<Api>,
    writing: Writing,
    body: Body<Wish>,
) -> Result<Answer<BulkAssigned>, ApiError> {
    let Wish { position_ids, tag_ids } = body.value;
    let caller = &writing.caller;
    let found = api.portfolios_of(caller, &position_ids).await?;
    labels(&api, caller).await?.check(&tag_ids)?;
    let data = BulkAssigned { position_count: found.len(), tag_count: tag_ids.len() };
    let mut latest = None;
    for (portfolio_id, position_ids) in by_portfolio(&found) {
        let act = PortfolioAct::TagLots { position_ids, tag_ids: tag_ids.clone(), how: TagChange::Add };
        let mut envelope = writing.envelope(command(act), body.hash);
        envelope.command_id = part_of(writing.command_id, portfolio_id);
        latest = Some(api.app().portfolios.execute(portfolio_id, envelope).await?);
    }
    match latest {
        Some(receipt) => Ok(Answer::written(caller, &receipt, data)),
        None => Ok(Answer::ok(caller, data)),
    }
}
