//! The tags of positions.

pub mod assign;
pub mod bulk_assign;
pub mod list;
pub mod remove;
pub mod replace;

use std::collections::{BTreeMap, BTreeSet};

use events::portfolio::{BULK_MAX, PortfolioAct, TAGS_PER_LOT_MAX, TagChange};
use events::{CommandId, PortfolioId, PositionId, TagId};
use serde::Serialize;
use utoipa::ToSchema;

use super::{TagLabel, labels};
use crate::http::answer::Answer;
use crate::http::body::Members;
use crate::http::books::command;
use crate::http::error::ApiError;
use crate::http::idempotency::Writing;
use crate::http::state::Api;

/// The tags of a position after a change.
#[derive(Debug, Serialize, ToSchema)]
pub struct AssignedTags {
    /// How many it has.
    assigned_count: usize,
    /// Their ids.
    #[schema(value_type = Vec<uuid::Uuid>)]
    tag_ids: Vec<TagId>,
    /// The same with names and colours.
    tags: Vec<TagLabel>,
}

/// Reads a list of ids that must be there, 1 to `max`.
fn ids<T: serde::de::DeserializeOwned>(
    members: &mut Members,
    name: &'static str,
    max: usize,
) -> Option<Vec<T>> {
    let ids: Option<Vec<T>> = members.required(name);
    if ids.as_ref().is_some_and(|ids| ids.is_empty() || ids.len() > max) {
        members.report(name, "out_of_range", format!("must be 1 to {max}"));
    }
    ids
}

fn tag_ids(members: &mut Members) -> Option<BTreeSet<TagId>> {
    ids(members, "tag_ids", TAGS_PER_LOT_MAX).map(|ids| ids.into_iter().collect())
}

fn position_ids(members: &mut Members) -> Option<Vec<PositionId>> {
    ids(members, "position_ids", BULK_MAX)
}

/// Changes the tags of one position, whose tags are then shown.
async fn change(
    api: &Api,
    writing: &Writing,
    position_id: PositionId,
    tag_ids: BTreeSet<TagId>,
    how: TagChange,
    hash: [u8; 32],
) -> Result<Answer<AssignedTags>, ApiError> {
    let caller = &writing.caller;
    let portfolio_id = api.portfolio_of(caller, position_id).await?;
    let labels = labels(api, caller).await?;
    labels.check(&tag_ids)?;
    let act = PortfolioAct::TagLots { position_ids: vec![position_id], tag_ids, how };
    let envelope = writing.envelope(command(act), hash);
    let receipt = api.app().portfolios.execute(portfolio_id, envelope).await?;
    let portfolio = api.portfolio_in_log(portfolio_id).await?;
    let lot = portfolio.lot(position_id).ok_or_else(|| ApiError::not_found("position", position_id))?;
    let data = AssignedTags {
        assigned_count: lot.tags.len(),
        tag_ids: lot.tags.iter().copied().collect(),
        tags: labels.of(&lot.tags),
    };
    Ok(Answer::written(caller, &receipt, data))
}

/// Positions by their portfolios.
fn by_portfolio(found: &BTreeMap<PositionId, PortfolioId>) -> BTreeMap<PortfolioId, Vec<PositionId>> {
    let mut grouped: BTreeMap<PortfolioId, Vec<PositionId>> = BTreeMap::new();
    for (position, portfolio) in found {
        grouped.entry(*portfolio).or_default().push(*position);
    }
    grouped
}

/// The command for one of several portfolios; the same request always makes the same ones.
fn part_of(command_id: CommandId, portfolio_id: PortfolioId) -> CommandId {
    CommandId::derived(&[b"part", command_id.uuid().as_bytes(), portfolio_id.uuid().as_bytes()])
}
