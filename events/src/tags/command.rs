//! What an owner's tags are asked to do, and the rules that this can break.

use jiff::Timestamp;

use super::{DEFAULT_TAGS, TAGS_MAX};
use crate::TagId;
use crate::policy::{FieldError, sentence};

/// A tag to be created.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct TagDraft {
    /// Its name, 1 to 50 characters.
    pub name: String,
    /// Its colour, `#RRGGBB`; by default blue.
    pub color: Option<String>,
    /// What it is for, at most 500 characters.
    pub description: Option<String>,
    /// Its place in lists; by default behind all others.
    pub display_order: Option<i32>,
}

/// A partial change: `None` leaves a field as it is, `Some(None)` clears one that may be absent.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct TagEdit {
    /// Its name.
    pub name: Option<String>,
    /// Its colour.
    pub color: Option<String>,
    /// What it is for.
    pub description: Option<Option<String>>,
    /// Its place in lists.
    pub display_order: Option<i32>,
}

/// A request to the tags of an owner.
#[derive(Debug, Clone)]
pub struct TagCommand {
    /// Now (UTC).
    pub at: Timestamp,
    /// What is asked.
    pub act: TagAct,
}

/// What the tags of an owner are asked to do. Ids are made by the sender.
#[derive(Debug, Clone)]
pub enum TagAct {
    /// Create one; the same id twice is once.
    Create(TagId, TagDraft),
    /// Change the fields that are given.
    Change(TagId, TagEdit),
    /// Hide one; twice is once.
    Archive(TagId),
    /// Show one again; twice is once.
    Restore(TagId),
    /// End one that is archived.
    Delete(TagId),
    /// Create those of the ten default tags whose names are not taken; the ids are used in their order.
    CreateDefaults([TagId; DEFAULT_TAGS.len()]),
}

/// The broken rule of a request to tags.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TagError {
    /// There is no such tag.
    #[error("there is no tag {0}")]
    NoTag(TagId),
    /// Another tag has this name.
    #[error("another tag is called {0}")]
    NameTaken(String),
    /// Only what is archived can be deleted.
    #[error("only archived tags can be deleted")]
    NotArchived,
    /// There are as many as allowed.
    #[error("at most {TAGS_MAX} tags")]
    TooMany,
    /// What was sent breaks rules.
    #[error("the tag is not valid: {}", sentence(.0))]
    Invalid(Vec<FieldError>),
}
