//! Tags: their owner's words for some of their positions.

pub mod archive;
pub mod change;
pub mod create;
pub mod defaults;
pub mod delete;
pub mod find;
pub mod list;
pub mod positions;
pub mod restore;
mod view;

use events::TagId;
use events::tags::{TagAct, TagBook, TagCommand};
use events::time::now;
pub use view::TagView;
pub(super) use view::Uses;

use super::answer::Answer;
use super::caller::Caller;
use super::error::ApiError;
use super::idempotency::Writing;
use super::state::Api;
use crate::portfolio_import::tags_of;

/// Has the caller's tags carry out an act.
async fn execute(
    api: &Api,
    writing: &Writing,
    act: TagAct,
    hash: [u8; 32],
) -> Result<actors::Receipt, ApiError> {
    let envelope = writing.envelope(TagCommand { at: now(), act }, hash);
    let key = TagBook::key_of(&writing.caller.principal);
    Ok(api.app().tags.execute(key, envelope).await?)
}

/// The same with the tag after it.
async fn written(
    api: &Api,
    writing: &Writing,
    tag_id: TagId,
    act: TagAct,
    hash: [u8; 32],
) -> Result<Answer<TagView>, ApiError> {
    let receipt = execute(api, writing, act, hash).await?;
    let view = shown(api, &writing.caller, tag_id).await?;
    Ok(Answer::written(&writing.caller, &receipt, view))
}

/// A tag as the log has it now.
async fn shown(api: &Api, caller: &Caller, tag_id: TagId) -> Result<TagView, ApiError> {
    let book = tags_of(api.app(), &caller.principal).await?;
    let tag = book.tags().get(&tag_id).ok_or_else(|| ApiError::not_found("tag", tag_id))?;
    Ok(TagView::of(tag_id, caller, tag, &Uses::of(api, caller).await?))
}
