//! The tags of each owner as they are now.

use crate::reader::Reader;
use events::log::Filter;
use events::tags::{Tag, TagEvent};
use events::{Decider, Position, Principal, Recorded, TagBook, TagId, Version};
use tokio_postgres::types::Json;
use tokio_postgres::{Row, Transaction};

use crate::database::{Columns, QueryError};
use crate::{Projection, ProjectionError};

/// The read model of tags.
#[derive(Debug, Clone, Copy, Default)]
pub struct Tags;

/// One tag.
#[derive(Debug, Clone, PartialEq)]
pub struct TagRow {
    /// Which tag.
    pub tag_id: TagId,
    /// Whose it is.
    pub owner: Principal,
    /// What it is.
    pub tag: Tag,
    /// Version of the stream of its owner's tags when it last changed.
    pub version: Version,
    /// The event that last changed it.
    pub changed_position: Position,
}

/// Which tags a list holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Archived {
    /// Archived ones, too.
    Included,
    /// Only those that are not archived.
    LeftOut,
}

impl Projection for Tags {
    const NAME: &'static str = "tags";
    const GENERATION: i32 = 1;

    fn filter() -> Filter {
        Filter::category(TagBook::CATEGORY)
    }

    fn tables() -> &'static [&'static str] {
        &["tags"]
    }

    async fn apply(&self, transaction: &Transaction<'_>, events: &[Recorded]) -> Result<(), ProjectionError> {
        for recorded in events {
            for event in recorded.decode::<TagEvent>()? {
                fold(transaction, recorded, &event).await?;
            }
        }
        Ok(())
    }
}

async fn fold(
    transaction: &Transaction<'_>,
    recorded: &Recorded,
    event: &TagEvent,
) -> Result<(), ProjectionError> {
    let tag_id = match event {
        TagEvent::TagCreated(created) => created.tag_id,
        TagEvent::TagChanged(changed) => changed.tag_id,
        TagEvent::TagArchived(archived) => archived.tag_id,
        TagEvent::TagRestored(restored) => restored.tag_id,
        TagEvent::TagDeleted(deleted) => deleted.tag_id,
    };
    let before = transaction
        .query_opt(include_str!("sql/tags/before.sql"), &[&tag_id.uuid()])
        .await
        .map_err(ProjectionError::during("reading a tag"))?;
    let mut book = TagBook::from_tags(before.map(|row| (tag_id, row.get::<_, Json<Tag>>(0).0)));
    book.evolve(event);
    let written = match book.tags().get(&tag_id) {
        Some(tag) => {
            let (owner, version) = (recorded.sender().0, recorded.version.0);
            transaction
                .execute(
                    include_str!("sql/tags/put.sql"),
                    &[
                        &tag_id.uuid(),
                        &owner,
                        &tag.name,
                        &tag.display_order,
                        &Json(tag),
                        &version,
                        &recorded.position.0,
                    ],
                )
                .await
        }
        None => transaction.execute(include_str!("sql/tags/delete.sql"), &[&tag_id.uuid()]).await,
    };
    written.map(drop).map_err(ProjectionError::during("writing a tag"))
}

/// Tags by their place in lists; `owner` narrows them.
pub async fn list(
    client: &impl Reader,
    owner: Option<&Principal>,
    archived: Archived,
) -> Result<Vec<TagRow>, QueryError> {
    const OPERATION: &str = "listing tags";
    let (owner, with_archived) = (owner.map(|owner| owner.0.as_str()), archived == Archived::Included);
    let rows = client
        .query(include_str!("sql/tags/list.sql"), &[&owner, &with_archived])
        .await
        .map_err(QueryError::during(OPERATION))?;
    rows.iter().map(|row| tag_of(row, OPERATION)).collect()
}

/// One tag, archived or not.
pub async fn find(client: &impl Reader, tag_id: TagId) -> Result<Option<TagRow>, QueryError> {
    const OPERATION: &str = "finding a tag";
    let row = client
        .query_opt(include_str!("sql/tags/find.sql"), &[&tag_id.uuid()])
        .await
        .map_err(QueryError::during(OPERATION))?;
    row.map(|row| tag_of(&row, OPERATION)).transpose()
}

fn tag_of(row: &Row, operation: &'static str) -> Result<TagRow, QueryError> {
    let columns = Columns::of(row, operation);
    Ok(TagRow {
        tag_id: TagId::from_uuid(columns.get("tag_id")?),
        owner: Principal(columns.get("owner")?),
        tag: columns.get::<Json<Tag>>("tag")?.0,
        version: Version(columns.get("version")?),
        changed_position: Position(columns.get("changed_seq")?),
    })
}
