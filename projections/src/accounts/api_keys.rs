//! API keys: named, limited in what they may be used for, and never shown again.

use events::account::{ApiKeyCreated, Scope, Scopes};
use events::{AccountId, ApiKeyId, Position, Recorded};
use jiff::Timestamp;
use serde::Serialize;
use tokio_postgres::{Row, Transaction};
use uuid::Uuid;

use crate::ProjectionError;
use crate::database::{Columns, QueryError};
use crate::page::{Page, PositionCursor, rows_for};
use crate::projection::expect_row;
use crate::reader::Reader;

/// One API key.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ApiKeyRow {
    /// Which key.
    pub key_id: ApiKeyId,
    /// Whose.
    pub account_id: AccountId,
    /// What its owner calls it.
    pub name: String,
    /// How it begins.
    pub prefix: String,
    /// What it may be used for, as far as the role of its account allows.
    pub scopes: Scopes,
    /// The event that created it.
    pub created_position: Position,
    /// When it was created (UTC).
    pub created_at: Timestamp,
    /// When it ends (UTC); never, where absent.
    pub expires_at: Option<Timestamp>,
    /// When it was revoked (UTC).
    pub revoked_at: Option<Timestamp>,
}

pub(super) async fn create(
    transaction: &Transaction<'_>,
    recorded: &Recorded,
    account: Uuid,
    created: &ApiKeyCreated,
) -> Result<(), ProjectionError> {
    let scopes: Vec<&str> = created.scopes.iter().map(|scope| scope.name()).collect();
    transaction
        .execute(
            include_str!("../sql/accounts/create_key.sql"),
            &[
                &created.key_id.uuid(),
                &account,
                &created.name,
                &created.key_hash.as_bytes().as_slice(),
                &created.prefix,
                &scopes,
                &recorded.position.0,
                &created.at,
                &created.expires_at,
            ],
        )
        .await
        .map(drop)
        .map_err(ProjectionError::during("creating an API key"))
}

pub(super) async fn revoke(
    transaction: &Transaction<'_>,
    recorded: &Recorded,
    key: ApiKeyId,
) -> Result<(), ProjectionError> {
    let changed = transaction
        .execute(include_str!("../sql/accounts/revoke_key.sql"), &[&key.uuid(), &recorded.recorded_at])
        .await
        .map_err(ProjectionError::during("revoking an API key"))?;
    expect_row(changed, recorded)
}

/// API keys of an account, newest first, revoked ones included.
pub async fn api_keys(
    client: &impl Reader,
    account: AccountId,
    after: Option<PositionCursor>,
    limit: u16,
) -> Result<Page<ApiKeyRow>, QueryError> {
    const OPERATION: &str = "listing API keys";
    let after = after.map_or(i64::MAX, |cursor| cursor.0.0);
    let rows = client
        .query(include_str!("../sql/accounts/keys.sql"), &[&account.uuid(), &after, &rows_for(limit)])
        .await
        .map_err(QueryError::during(OPERATION))?;
    let found = rows.iter().map(|row| key_of_row(row, OPERATION)).collect::<Result<Vec<_>, _>>()?;
    Ok(Page::of(found, limit, |last| PositionCursor(last.created_position)))
}

fn key_of_row(row: &Row, operation: &'static str) -> Result<ApiKeyRow, QueryError> {
    let columns = Columns::of(row, operation);
    Ok(ApiKeyRow {
        key_id: ApiKeyId::from_uuid(columns.get("key_id")?),
        account_id: AccountId::from_uuid(columns.get("account_id")?),
        name: columns.get("name")?,
        prefix: columns.get("prefix")?,
        scopes: scopes_of(&columns)?,
        created_position: Position(columns.get("created_seq")?),
        created_at: columns.get("created_at")?,
        expires_at: columns.get("expires_at")?,
        revoked_at: columns.get("revoked_at")?,
    })
}

/// What a key may be used for. A name that this code does not know allows nothing.
pub(super) fn scopes_of(columns: &Columns<'_>) -> Result<Scopes, QueryError> {
    let names: Vec<&str> = columns.get("scopes")?;
    Ok(names.into_iter().filter_map(Scope::named).collect())
}
