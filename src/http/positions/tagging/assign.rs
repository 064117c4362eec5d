//! `POST /positions/{position_id}/tags`

use std::collections::BTreeSet;

use axum::extract::State;
use events::portfolio::TagChange;
use events::{PositionId, TagId};
use utoipa::ToSchema;

use super::{AssignedTags, change, tag_ids};
use crate::http::answer::{Answer, Envelope};
use crate::http::body::{Body, FromMembers, Members};
use crate::http::error::ApiError;
use crate::http::idempotency::{ConditionParameters, WriteParameters, Writing};
use crate::http::path::Path;
use crate::http::state::Api;

/// Tags to be given.
#[derive(Debug, ToSchema)]
#[expect(dead_code, reason = "describes what FromMembers reads")]
pub struct TaggingAssign {
    /// 1 to 20 tags.
    #[schema(value_type = Vec<uuid::Uuid>)]
    tag_ids: Vec<String>,
    /// Whether it then has these only; by default no.
    replace_existing: Option<bool>,
}

/// What is asked.
#[derive(Debug)]
pub struct Wish {
    tag_ids: BTreeSet<TagId>,
    how: TagChange,
}

impl FromMembers for Wish {
    fn read(members: &mut Members) -> Option<Self> {
        let tag_ids = tag_ids(members);
        let how = match members.optional("replace_existing") {
            Some(true) => TagChange::Replace,
            Some(false) | None => TagChange::Add,
        };
        Some(Self { tag_ids: tag_ids?, how })
    }
}

/// Gives a position tags, beside those that it has or instead of them.
#[utoipa::path(post, path = "/api/v1/positions/{position_id}/tags", tag = "tags", operation_id = "assign_tags",
    extensions(("x-access" = json!("rows"))),
    params(("position_id" = Uuid, Path, description = "The position"), WriteParameters, ConditionParameters),
    request_body = TaggingAssign,
    responses((status = 200, description = "Its tags after the change", body = Envelope<AssignedTags>),
        (status = 412, description = "The portfolio has another version than `If-Match` says",
            body = crate::http::problem::Problem, content_type = "application/problem+json")))]
pub async fn assign(
    State(api): State<Api>,
    Path(position_id): Path<PositionId>,
    writing: Writing,
    body: Body<Wish>,
) -> Result<Answer<AssignedTags>, ApiError> {
    let Wish { tag_ids, how } = body.value;
    change(&api, &writing, position_id, tag_ids, how, body.hash).await
}
