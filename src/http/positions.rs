//! Positions: the lots of portfolios.

pub mod bulk;
pub mod bulk_delete;
pub mod change;
pub mod check_duplicate;
pub mod create;
pub mod delete;
mod draft;
mod enter;
pub mod find;
pub mod history;
pub mod list;
pub mod marks;
pub mod tagging;
pub mod tags_for_symbol;
pub mod validate_symbol;
mod view;

use std::collections::BTreeMap;

use events::TagId;
use events::tags::Tag;
use projections::tags::{self, Archived};

use super::caller::Caller;
use super::error::ApiError;
use super::state::Api;
pub(super) use view::Labels;
pub use view::{PositionView, TagLabel};

/// The caller's tags, archived ones too: assignments outlive an archiving.
pub(super) async fn labels(api: &Api, caller: &Caller) -> Result<Labels, ApiError> {
    let rows = tags::list(&api.view(caller).await?, Some(&caller.principal), Archived::Included).await?;
    let known: BTreeMap<TagId, Tag> = rows.into_iter().map(|row| (row.tag_id, row.tag)).collect();
    Ok(Labels(known))
}
