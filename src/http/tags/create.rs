//! `POST /tags`

use axum::extract::State;
use axum::http::StatusCode;
use events::TagId;
use events::tags::{TagAct, TagDraft};
use utoipa::ToSchema;

use super::{TagView, written};
use crate::http::answer::{Answer, Envelope};
use crate::http::body::{Body, FromMembers, Members};
use crate::http::error::ApiError;
use crate::http::idempotency::{WriteParameters, Writing};
use crate::http::state::Api;

/// A tag to be created.
#[derive(Debug, ToSchema)]
#[expect(dead_code, reason = "describes what FromMembers reads")]
pub struct CreateTag {
    /// Its name, up to 50 characters.
    #[schema(example = "income")]
    name: String,
    /// Its colour, `#RRGGBB`.
    #[schema(example = "#2E7D32")]
    color: Option<String>,
    /// What it is for, up to 500 characters.
    description: Option<String>,
    /// Its place in lists; by default behind all others.
    display_order: Option<i32>,
}

impl FromMembers for TagDraft {
    fn read(members: &mut Members) -> Option<Self> {
        let name = members.required("name");
        let color = members.optional("color");
        let description = members.optional("description");
        let display_order = members.optional("display_order");
        Some(Self { name: name?, color, description, display_order })
    }
}

/// Creates a tag. A name that another one has answers 409, as does one tag more than 100.
#[utoipa::path(post, path = "/api/v1/tags", tag = "tags", operation_id = "create_tag",
    extensions(("x-access" = json!("signed-in"))), params(WriteParameters), request_body = CreateTag,
    responses((status = 201, description = "The tag", body = Envelope<TagView>)))]
pub async fn create(
    State(api): State<Api>,
    writing: Writing,
    body: Body<TagDraft>,
) -> Result<Answer<TagView>, ApiError> {
    let tag_id = TagId::derived(&[b"create", writing.command_id.uuid().as_bytes()]);
    let answer = written(&api, &writing, tag_id, TagAct::Create(tag_id, body.value), body.hash).await?;
    Ok(answer.status(StatusCode::CREATED).location(&format!("/api/v1/tags/{tag_id}")))
}
