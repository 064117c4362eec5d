//! `POST /tags/defaults`

use axum::extract::State;
use events::TagId;
use events::tags::{DEFAULT_TAGS, TagAct};
use serde::Serialize;
use utoipa::ToSchema;

use super::{TagView, Uses, execute};
use crate::http::answer::{Answer, Envelope};
use crate::http::body::{Body, NoBody};
use crate::http::error::ApiError;
use crate::http::idempotency::{WriteParameters, Writing};
use crate::http::state::Api;
use crate::portfolio_import::tags_of;

/// The default tags.
#[derive(Debug, Serialize, ToSchema)]
pub struct DefaultTags {
    /// All ten, those that were there already too.
    tags: Vec<TagView>,
}

/// Creates those of the ten default tags whose names are not taken.
#[utoipa::path(post, path = "/api/v1/tags/defaults", tag = "tags", operation_id = "create_default_tags",
    extensions(("x-access" = json!("signed-in"))), params(WriteParameters),
    responses((status = 200, description = "The default tags", body = Envelope<DefaultTags>)))]
pub async fn create(
    State(api): State<Api>,
    writing: Writing,
    Body { hash, .. }: Body<NoBody>,
) -> Result<Answer<DefaultTags>, ApiError> {
    let command = writing.command_id.uuid();
    let ids =
        DEFAULT_TAGS.map(|(name, _, _)| TagId::derived(&[b"default", command.as_bytes(), name.as_bytes()]));
    let caller = &writing.caller;
    let receipt = execute(&api, &writing, TagAct::CreateDefaults(ids), hash).await?;
    let (book, uses) = (tags_of(api.app(), &caller.principal).await?, Uses::of(&api, caller).await?);
    let known = DEFAULT_TAGS.iter().filter_map(|(name, _, _)| book.named(name));
    let tags = known.filter_map(|id| Some(TagView::of(id, caller, book.tags().get(&id)?, &uses))).collect();
    Ok(Answer::written(caller, &receipt, DefaultTags { tags }))
}
