//! `PATCH /positions/{position_id}/tags`

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

/// All the tags of a position.
#[derive(Debug, ToSchema)]
#[expect(dead_code, reason = "describes what FromMembers reads")]
pub struct TaggingReplace {
    /// Up to 20 tags.
    #[schema(value_type = Vec<uuid::Uuid>)]
    tag_ids: Vec<String>,
}

/// What is asked.
#[derive(Debug)]
pub struct Wish(BTreeSet<TagId>);

impl FromMembers for Wish {
    fn read(members: &mut Members) -> Option<Self> {
        members.required("tag_ids").map(Self)
    }
}

/// Gives a position these tags only; none of them takes all away.
#[utoipa::path(patch, path = "/api/v1/positions/{position_id}/tags", tag = "tags", operation_id = "replace_tags",
    extensions(("x-access" = json!("rows"))),
    params(("position_id" = Uuid, Path, description = "The position"), WriteParameters, ConditionParameters),
    request_body = TaggingReplace,
    responses((status = 200, description = "Its tags after the change", body = Envelope<AssignedTags>),
        (status = 412, description = "The portfolio has another version than `If-Match` says",
            body = crate::http::problem::Problem, content_type = "application/problem+json")))]
pub async fn replace(
    State(api): State<Api>,
    Path(position_id): Path<PositionId>,
    writing: Writing,
    body: Body<Wish>,
) -> Result<Answer<AssignedTags>, ApiError> {
    change(&api, &writing, position_id, body.value.0, TagChange::Replace, body.hash).await
}
