//! `DELETE /positions/{position_id}/tags`

use std::collections::BTreeSet;

use axum::extract::State;
use events::portfolio::TagChange;
use events::{PositionId, TagId};
use utoipa::ToSchema;

use super::{AssignedTags, change};
use crate::http::answer::{Answer, Envelope};
use crate::http::body::{Body, FromMembers, Members};
use crate::http::error::ApiError;
use crate::http::idempotency::{ConditionParameters, WriteParameters, Writing};
use crate::http::path::Path;
use crate::http::state::Api;

/// Tags to be taken away.
#[derive(Debug, ToSchema)]
#[expect(dead_code, reason = "describes what FromMembers reads")]
pub struct TaggingRemove {
    /// 1 to 20 tags; by default all.
    #[schema(value_type = Option<Vec<uuid::Uuid>>)]
    tag_ids: Option<Vec<String>>,
}

/// What is asked.
#[derive(Debug)]
pub struct Wish(Option<BTreeSet<TagId>>);

impl FromMembers for Wish {
    const MAY_BE_EMPTY: bool = true;

    fn read(members: &mut Members) -> Option<Self> {
        Some(Self(members.optional("tag_ids")))
    }
}

/// Takes tags away from a position: those that are named, or all.
#[utoipa::path(delete, path = "/api/v1/positions/{position_id}/tags", tag = "tags", operation_id = "remove_tags",
    extensions(("x-access" = json!("rows"))),
    params(("position_id" = Uuid, Path, description = "The position"), WriteParameters, ConditionParameters),
    request_body = TaggingRemove,
    responses((status = 200, description = "Its tags after the change", body = Envelope<AssignedTags>),
        (status = 412, description = "The portfolio has another version than `If-Match` says",
            body = crate::http::problem::Problem, content_type = "application/problem+json")))]
pub async fn remove(
    State(api): State<Api>,
    Path(position_id): Path<PositionId>,
    writing: Writing,
    body: Body<Wish>,
) -> Result<Answer<AssignedTags>, ApiError> {
    let (tag_ids, how) = match body.value.0 {
        Some(tag_ids) => (tag_ids, TagChange::Remove),
        None => (BTreeSet::new(), TagChange::Replace),
    };
    change(&api, &writing, position_id, tag_ids, how, body.hash).await
}
