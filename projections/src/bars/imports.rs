//! The record of imports, which gives vintages: prices and reference data share it, so that one number names a state of
//! all market data.

use jiff::Timestamp;
use tokio_postgres::{Error, GenericClient, Row, Transaction};

use super::Vintage;

/// Where prices or reference data come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    /// Of the file or feed.
    pub name: String,
    /// How it was read.
    pub format: String,
    /// Of a file: what makes a second import of it change nothing.
    pub identity: Option<FileIdentity>,
}

/// Two imports of equal identity bring the same.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileIdentity {
    /// Of the bytes of the file.
    pub sha256: [u8; 32],
    /// What the reader was told, in canonical form.
    pub options: String,
}

/// An import that has happened.
#[derive(Debug, Clone, PartialEq)]
pub struct Import {
    /// Its number.
    pub import_id: i64,
    /// The vintage it made, if it stored anything.
    pub vintage: Option<Vintage>,
    /// Bars or records that were new.
    pub added: i64,
    /// Bars or records that got other values.
    pub changed: i64,
    /// The report it left.
    pub report: serde_json::Value,
    /// When.
    pub imported_at: Timestamp,
}

/// What an import stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stored {
    /// The number of the import.
    pub import_id: i64,
    /// The vintage it made; absent when nothing was new.
    pub vintage: Option<Vintage>,
    /// Bars or records that were new.
    pub added: u64,
    /// Bars or records that got other values.
    pub changed: u64,
    /// Bars or records that were stored already with these values.
    pub unchanged: u64,
}

/// What happens at most once: a file is imported the first time only.
#[derive(Debug)]
pub enum Once<T> {
    /// The file was imported before; nothing changes.
    Before(Import),
    /// It is new.
    New(T),
}

/// What an import found to store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Found {
    /// Bars or records that it brought.
    pub(crate) given: u64,
    /// Of them, those that were new.
    pub(crate) added: i64,
    /// Of them, those that got other values.
    pub(crate) changed: i64,
}

/// The import of equal identity, if there was one.
pub(crate) async fn before(client: &impl GenericClient, source: &Source) -> Result<Option<Import>, Error> {
    let Some(FileIdentity { sha256, options }) = &source.identity else { return Ok(None) };
    client
        .query_opt(include_str!("sql/find_import.sql"), &[&sha256.as_slice(), options])
        .await
        .and_then(|row| row.as_ref().map(import_of).transpose())
}

/// Waits until no other import is under way; none begins before the transaction ends.
pub(crate) async fn lock(transaction: &Transaction<'_>) -> Result<(), Error> {
    transaction.batch_execute(include_str!("sql/lock_imports.sql")).await
}

/// The vintage that this import makes if it stores anything; ask under the lock.
pub(crate) async fn next_vintage(transaction: &Transaction<'_>) -> Result<i64, Error> {
    let row = transaction.query_one(include_str!("sql/latest_vintage.sql"), &[]).await?;
    Ok(row.try_get::<_, Option<i64>>("vintage")?.map_or(1, |latest| latest + 1))
}

/// Records an import that stored what it found under the vintage `next`.
pub(crate) async fn record(
    transaction: &Transaction<'_>,
    source: &Source,
    next: i64,
    &Found { given, added, changed }: &Found,
    report: &serde_json::Value,
    imported_at: Timestamp,
) -> Result<Stored, Error> {
    let vintage = (added + changed > 0).then_some(next);
    let sha256 = source.identity.as_ref().map(|identity| identity.sha256.as_slice());
    let options = source.identity.as_ref().map_or("", |identity| identity.options.as_str());
    let row = transaction
        .query_one(
            include_str!("sql/add_import.sql"),
            &[
                &vintage,
                &source.name,
                &source.format,
                &sha256,
                &options,
                report,
                &added,
                &changed,
                &imported_at,
            ],
        )
        .await?;
    let (added, changed) = (added.unsigned_abs(), changed.unsigned_abs());
    Ok(Stored {
        import_id: row.try_get("import_id")?,
        vintage: vintage.map(Vintage::new),
        added,
        changed,
        unchanged: given.saturating_sub(added + changed),
    })
}

fn import_of(row: &Row) -> Result<Import, Error> {
    Ok(Import {
        import_id: row.try_get("import_id")?,
        vintage: row.try_get::<_, Option<i64>>("vintage")?.map(Vintage::new),
        added: row.try_get("added")?,
        changed: row.try_get("changed")?,
        report: row.try_get("report")?,
        imported_at: row.try_get("imported_at")?,
    })
}
