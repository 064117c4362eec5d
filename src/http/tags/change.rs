//! `PATCH /tags/{tag_id}`

use axum::extract::State;
use events::TagId;
use events::tags::{TagAct, TagEdit};
use utoipa::ToSchema;

use super::{TagView, written};
use crate::http::answer::{Answer, Envelope};
use crate::http::body::{Body, FromMembers, Members};
use crate::http::error::ApiError;
use crate::http::idempotency::{WriteParameters, Writing};
use crate::http::path::Path;
use crate::http::state::Api;

/// What is to change. What is left out stays; null clears the description.
#[derive(Debug, ToSchema)]
#[expect(dead_code, reason = "describes what FromMembers reads")]
pub struct ChangeTag {
    /// Its name, up to 50 characters.
    #[schema(example = "income")]
    name: Option<String>,
    /// Its colour, `#RRGGBB`.
    #[schema(example = "#2E7D32")]
    color: Option<String>,
    /// What it is for, up to 500 characters.
    description: Option<String>,
    /// Its place in lists.
    display_order: Option<i32>,
}

impl FromMembers for TagEdit {
    fn read(members: &mut Members) -> Option<Self> {
        Some(Self {
            name: members.change("name"),
            color: members.change("color"),
            description: members.clearable("description"),
            display_order: members.change("display_order"),
        })
    }
}

/// Changes the fields that are given.
#[utoipa::path(patch, path = "/api/v1/tags/{tag_id}", tag = "tags", operation_id = "change_tag",
    extensions(("x-access" = json!("rows"))),
    params(("tag_id" = Uuid, Path, description = "The tag"), WriteParameters), request_body = ChangeTag,
    responses((status = 200, description = "The tag after the change", body = Envelope<TagView>)))]
pub async fn change(
    State(api): State<Api>,
    Path(tag_id): Path<TagId>,
    writing: Writing,
    body: Body<TagEdit>,
) -> Result<Answer<TagView>, ApiError> {
    written(&api, &writing, tag_id, TagAct::Change(tag_id, body.value), body.hash).await
}
