//! Tags of a file: names become tags of their owner, and those that are not there yet are created.

use std::collections::BTreeMap;

use actors::{CommandEnvelope, CommandError};
use events::log::LoadError;
use events::tags::{TAGS_MAX, TagAct, TagBook, TagCommand, TagDraft, TagError};
use events::time::now;
use events::{Aggregate, CommandId, Metadata, Principal, TagId};

use super::Sheet;
use crate::app::App;

/// Why the tags of a file are not there.
#[derive(Debug, thiserror::Error)]
pub enum TaggingError {
    /// The owner's tags could not be read.
    #[error("the tags cannot be read")]
    Load(#[from] LoadError),
    /// A tag could not be created.
    #[error(transparent)]
    Create(#[from] CommandError<TagError>),
}

/// Somebody's tags as the log has them now.
pub async fn tags_of(app: &App, owner: &Principal) -> Result<TagBook, LoadError> {
    let stream = app.tags.stream(TagBook::key_of(owner));
    Ok(app.log.load::<Aggregate<TagBook>>(&stream).await?.state.into_inner())
}

/// The names of a file that none of the tags have.
pub fn new_names<'a>(sheet: &'a Sheet, book: &TagBook) -> Vec<&'a str> {
    sheet.tag_names().into_iter().filter(|name| book.named(name).is_none()).collect()
}

impl Sheet {
    /// Gives the lots their tags, and creates those that are not there; returns the names of these.
    pub async fn tag(
        &mut self,
        app: &App,
        owner: &Principal,
        command_id: CommandId,
        metadata: &Metadata,
    ) -> Result<Vec<String>, TaggingError> {
        let book = tags_of(app, owner).await?;
        let new: Vec<String> = new_names(self, &book).into_iter().map(str::to_owned).collect();
        if book.tags().len() + new.len() > TAGS_MAX {
            return Err(TaggingError::Create(CommandError::Refused(TagError::TooMany)));
        }
        let mut ids: BTreeMap<String, TagId> = BTreeMap::new();
        let command_uuid = command_id.uuid();
        for name in &new {
            let parts: [&[u8]; 3] = [b"import", command_uuid.as_bytes(), name.as_bytes()];
            let tag_id = TagId::derived(&parts);
            let draft = TagDraft { name: name.clone(), ..TagDraft::default() };
            let command = TagCommand { at: now(), act: TagAct::Create(tag_id, draft) };
            let envelope = CommandEnvelope::new(command, CommandId::derived(&parts));
            app.tags.execute(TagBook::key_of(owner), envelope.with_metadata(metadata.clone())).await?;
            ids.insert(name.to_lowercase(), tag_id);
        }
        for row in &mut self.rows {
            let known = row.tags.iter();
            let known =
                known.filter_map(|name| book.named(name).or_else(|| ids.get(&name.to_lowercase()).copied()));
            row.draft.tag_ids = known.collect();
        }
        Ok(new)
    }
}
