//! What happens to an owner's tags.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::Tag;
use crate::TagId;

crate::events! {
    /// What happened to an owner's tags.
    pub enum TagEvent {
        /// There is another tag.
        TagCreated(TagCreated) = 1,
        /// A tag changed.
        TagChanged(TagChanged) = 1,
        /// A tag is hidden; its assignments stay.
        TagArchived(TagArchived) = 1,
        /// A tag is shown again.
        TagRestored(TagRestored) = 1,
        /// A tag is gone.
        TagDeleted(TagDeleted) = 1,
    }
}

/// There is another tag.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TagCreated {
    /// The tag.
    pub tag_id: TagId,
    /// What it is.
    pub tag: Tag,
}

/// A tag changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TagChanged {
    /// The tag.
    pub tag_id: TagId,
    /// What it is after the change.
    pub tag: Tag,
}

/// A tag is hidden.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TagArchived {
    /// The tag.
    pub tag_id: TagId,
    /// When (UTC).
    pub at: Timestamp,
}

/// A tag is shown again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TagRestored {
    /// The tag.
    pub tag_id: TagId,
    /// When (UTC).
    pub at: Timestamp,
}

/// A tag is gone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TagDeleted {
    /// The tag.
    pub tag_id: TagId,
}
