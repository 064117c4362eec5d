//! `DELETE /tags/{tag_id}`

use axum::extract::State;
use events::TagId;
use events::tags::TagAct;
use serde::Serialize;
use utoipa::ToSchema;

use super::execute;
use crate::http::answer::{Answer, Envelope};
use crate::http::body::{Body, NoBody};
use crate::http::error::ApiError;
use crate::http::idempotency::{WriteParameters, Writing};
use crate::http::path::Path;
use crate::http::state::Api;

/// A tag that is gone.
#[derive(Debug, Serialize, ToSchema)]
pub struct DeletedTag {
    /// Its id.
    #[schema(value_type = String, format = Uuid)]
    tag_id: TagId,
}

/// Deletes a tag that is archived; one that is not answers 409.
#[utoipa::path(delete, path = "/api/v1/tags/{tag_id}", tag = "tags", operation_id = "delete_tag",
    extensions(("x-access" = json!("rows"))),
    params(("tag_id" = Uuid, Path, description = "The tag"), WriteParameters),
    responses((status = 200, description = "It is gone", body = Envelope<DeletedTag>)))]
pub async fn delete(
    State(api): State<Api>,
    Path(tag_id): Path<TagId>,
    writing: Writing,
    Body { hash, .. }: Body<NoBody>,
) -> Result<Answer<DeletedTag>, ApiError> {
    let receipt = execute(&api, &writing, TagAct::Delete(tag_id), hash).await?;
    Ok(Answer::written(&writing.caller, &receipt, DeletedTag { tag_id }))
}
