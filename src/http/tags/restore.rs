//! `POST /tags/{tag_id}/restore`

use axum::extract::State;
use events::TagId;
use events::tags::TagAct;

use super::{TagView, written};
use crate::http::answer::{Answer, Envelope};
use crate::http::body::{Body, NoBody};
use crate::http::error::ApiError;
use crate::http::idempotency::{WriteParameters, Writing};
use crate::http::path::Path;
use crate::http::state::Api;

/// Shows a tag again. A name that is taken by now answers 409.
#[utoipa::path(post, path = "/api/v1/tags/{tag_id}/restore", tag = "tags", operation_id = "restore_tag",
    extensions(("x-access" = json!("rows"))),
    params(("tag_id" = Uuid, Path, description = "The tag"), WriteParameters),
    responses((status = 200, description = "The tag", body = Envelope<TagView>)))]
pub async fn restore(
    State(api): State<Api>,
    Path(tag_id): Path<TagId>,
    writing: Writing,
    Body { hash, .. }: Body<NoBody>,
) -> Result<Answer<TagView>, ApiError> {
    written(&api, &writing, tag_id, TagAct::Restore(tag_id), hash).await
}
