//! An owner's tags: their own words for some of their positions. Assigning them is a matter of the portfolios.

mod command;
mod events;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

pub use command::{TagAct, TagCommand, TagDraft, TagEdit, TagError};
pub use events::{TagArchived, TagChanged, TagCreated, TagDeleted, TagEvent, TagRestored};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::ids::derived_uuid;
use crate::policy::FieldError;
use crate::text::check_text;
use crate::{Decider, Principal, TagId};

/// Most tags of an owner, archived ones too.
pub const TAGS_MAX: usize = 100;
/// Longest name of a tag, in characters.
pub const TAG_NAME_CHARS_MAX: usize = 50;
/// Longest description of a tag, in characters.
pub const TAG_DESCRIPTION_CHARS_MAX: usize = 500;
/// The colour of a tag that names none.
pub const TAG_COLOR_DEFAULT: &str = "#4A90E2";

/// The tags that everybody may begin with: name, colour and what it is for.
pub const DEFAULT_TAGS: [(&str, &str, &str); 10] = [
    ("income", "#2E7D32", "Pays dividends or interest"),
    ("growth", "#1565C0", "Bought for rising earnings"),
    ("defensive", "#546E7A", "Holds up when markets fall"),
    ("speculative", "#C62828", "May lose most of its value"),
    ("tech", "#6A1B9A", "Technology"),
    ("finance", "#00695C", "Banks, insurers and exchanges"),
    ("healthcare", "#AD1457", "Medicine and care"),
    ("energy", "#EF6C00", "Oil, gas and power"),
    ("options", "#4527A0", "Listed options"),
    ("long-term", "#37474F", "Held for years"),
];

/// A tag.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tag {
    /// Its name, unique among the owner's tags that are not archived, whatever the case of its letters.
    pub name: String,
    /// Its colour, `#RRGGBB`.
    pub color: String,
    /// What it is for.
    pub description: Option<String>,
    /// Its place in lists; ties go by name.
    pub display_order: i32,
    /// When it was created (UTC).
    pub created_at: Timestamp,
    /// When it was last changed (UTC).
    pub updated_at: Timestamp,
    /// When it was archived (UTC), while it is.
    pub archived_at: Option<Timestamp>,
}

/// All tags of an owner.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct TagBook {
    tags: BTreeMap<TagId, Tag>,
}

impl TagBook {
    /// The key of the stream of somebody's tags.
    pub fn key_of(owner: &Principal) -> Uuid {
        derived_uuid("TagBook", &[owner.0.as_bytes()])
    }

    /// The tag of a name that is not archived, whatever the case of its letters.
    pub fn named(&self, name: &str) -> Option<TagId> {
        let name = name.to_lowercase();
        let mut shown = self.tags.iter().filter(|(_, tag)| tag.archived_at.is_none());
        shown.find(|(_, tag)| tag.name.to_lowercase() == name).map(|(id, _)| *id)
    }

    /// All of them, archived ones too.
    pub fn tags(&self) -> &BTreeMap<TagId, Tag> {
        &self.tags
    }

    /// The tags of these rows.
    pub fn from_tags(tags: impl IntoIterator<Item = (TagId, Tag)>) -> Self {
        Self { tags: tags.into_iter().collect() }
    }

    fn tag(&self, tag_id: TagId) -> Result<&Tag, TagError> {
        self.tags.get(&tag_id).ok_or(TagError::NoTag(tag_id))
    }

    fn is_taken(&self, name: &str, by_other_than: Option<TagId>) -> bool {
        let name = name.to_lowercase();
        let others =
            self.tags.iter().filter(|(id, tag)| Some(**id) != by_other_than && tag.archived_at.is_none());
        others.into_iter().any(|(_, tag)| tag.name.to_lowercase() == name)
    }

    fn next_order(&self) -> i32 {
        self.tags.values().map(|tag| tag.display_order).max().map_or(0, |last| last.saturating_add(1))
    }

    fn create(&self, tag_id: TagId, draft: TagDraft, at: Timestamp) -> Result<Vec<TagEvent>, TagError> {
        if self.tags.contains_key(&tag_id) {
            return Ok(vec![]);
        }
        let tag = Tag {
            name: draft.name.trim().to_owned(),
            color: draft.color.unwrap_or_else(|| TAG_COLOR_DEFAULT.to_owned()),
            description: draft.description,
            display_order: draft.display_order.unwrap_or_else(|| self.next_order()),
            created_at: at,
            updated_at: at,
            archived_at: None,
        };
        let tag = tag.checked()?;
        if self.is_taken(&tag.name, None) {
            return Err(TagError::NameTaken(tag.name));
        }
        if self.tags.len() >= TAGS_MAX {
            return Err(TagError::TooMany);
        }
        Ok(vec![TagEvent::TagCreated(TagCreated { tag_id, tag })])
    }

    fn change(&self, tag_id: TagId, edit: TagEdit, at: Timestamp) -> Result<Vec<TagEvent>, TagError> {
        let before = self.tag(tag_id)?;
        let tag = Tag {
            name: edit.name.map_or_else(|| before.name.clone(), |name| name.trim().to_owned()),
            color: edit.color.unwrap_or_else(|| before.color.clone()),
            description: edit.description.unwrap_or_else(|| before.description.clone()),
            display_order: edit.display_order.unwrap_or(before.display_order),
            ..*before
        };
        let tag = tag.checked()?;
        if tag == *before {
            return Ok(vec![]);
        }
        if before.archived_at.is_none() && self.is_taken(&tag.name, Some(tag_id)) {
            return Err(TagError::NameTaken(tag.name));
        }
        Ok(vec![TagEvent::TagChanged(TagChanged { tag_id, tag: Tag { updated_at: at, ..tag } })])
    }

    fn restore(&self, tag_id: TagId, at: Timestamp) -> Result<Vec<TagEvent>, TagError> {
        let tag = self.tag(tag_id)?;
        if tag.archived_at.is_none() {
            return Ok(vec![]);
        }
        if self.is_taken(&tag.name, Some(tag_id)) {
            return Err(TagError::NameTaken(tag.name.clone()));
        }
        Ok(vec![TagEvent::TagRestored(TagRestored { tag_id, at })])
    }

    fn create_defaults(
        &self,
        ids: [TagId; DEFAULT_TAGS.len()],
        at: Timestamp,
    ) -> Result<Vec<TagEvent>, TagError> {
        let mut after = self.clone();
        let mut events = Vec::new();
        for (tag_id, (name, color, description)) in ids.into_iter().zip(DEFAULT_TAGS) {
            if after.is_taken(name, None) {
                continue;
            }
            let draft = TagDraft {
                name: name.to_owned(),
                color: Some(color.to_owned()),
                description: Some(description.to_owned()),
                display_order: None,
            };
            for event in after.create(tag_id, draft, at)? {
                after.evolve(&event);
                events.push(event);
            }
        }
        Ok(events)
    }
}

impl Tag {
    fn checked(mut self) -> Result<Self, TagError> {
        let mut errors = Vec::new();
        check_text("name", &self.name, 1..=TAG_NAME_CHARS_MAX, &mut errors);
        let description = self.description.as_deref().unwrap_or_default();
        check_text("description", description, 0..=TAG_DESCRIPTION_CHARS_MAX, &mut errors);
        let digits = self.color.strip_prefix('#');
        if !digits.is_some_and(|hex| hex.len() == 6 && hex.bytes().all(|byte| byte.is_ascii_hexdigit())) {
            errors.push(FieldError::new("color", "invalid", "must be #RRGGBB"));
        }
        self.color.make_ascii_uppercase();
        if errors.is_empty() { Ok(self) } else { Err(TagError::Invalid(errors)) }
    }
}

impl Decider for TagBook {
    const CATEGORY: &'static str = "tags";
    const FOLD: u32 = 1;
    type Command = TagCommand;
    type Event = TagEvent;
    type Error = TagError;

    fn decide(&self, command: TagCommand) -> Result<Vec<TagEvent>, TagError> {
        let at = command.at;
        match command.act {
            TagAct::Create(tag_id, draft) => self.create(tag_id, draft, at),
            TagAct::Change(tag_id, edit) => self.change(tag_id, edit, at),
            TagAct::Archive(tag_id) => match self.tag(tag_id)?.archived_at {
                Some(_) => Ok(vec![]),
                None => Ok(vec![TagEvent::TagArchived(TagArchived { tag_id, at })]),
            },
            TagAct::Restore(tag_id) => self.restore(tag_id, at),
            TagAct::Delete(tag_id) => match self.tag(tag_id)?.archived_at {
                Some(_) => Ok(vec![TagEvent::TagDeleted(TagDeleted { tag_id })]),
                None => Err(TagError::NotArchived),
            },
            TagAct::CreateDefaults(ids) => self.create_defaults(ids, at),
        }
    }

    fn evolve(&mut self, event: &TagEvent) {
        let archive = |book: &mut Self, tag_id, archived_at, at| {
            if let Some(tag) = book.tags.get_mut(&tag_id) {
                tag.archived_at = archived_at;
                tag.updated_at = at;
            }
        };
        match event {
            TagEvent::TagCreated(TagCreated { tag_id, tag })
            | TagEvent::TagChanged(TagChanged { tag_id, tag }) => {
                self.tags.insert(*tag_id, tag.clone());
            }
            TagEvent::TagArchived(archived) => archive(self, archived.tag_id, Some(archived.at), archived.at),
            TagEvent::TagRestored(restored) => archive(self, restored.tag_id, None, restored.at),
            TagEvent::TagDeleted(deleted) => {
                self.tags.remove(&deleted.tag_id);
            }
        }
    }
}
