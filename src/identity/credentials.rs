//! The table of password hashes. A hash is written before the event that names it, and deleted after the event that
//! replaces it; the log itself never sees one.

use events::{AccountId, CredentialId};
use jiff::{SignedDuration, Timestamp};
use projections::Reader;
use tokio_postgres::Client;

use super::IdentityError;
use crate::config::SecretText;

/// A hash that no event names may belong to a command that is still on its way; after so long it does not.
const ORPHANED_AFTER: SignedDuration = SignedDuration::from_hours(1);

/// Keeps a hash.
pub async fn insert(
    client: &Client,
    credential: CredentialId,
    account: AccountId,
    phc: &str,
    now: Timestamp,
) -> Result<(), IdentityError> {
    client
        .execute(
            include_str!("sql/insert_credential.sql"),
            &[&credential.uuid(), &account.uuid(), &phc, &now],
        )
        .await
        .map(drop)
        .map_err(IdentityError::during("keeping a password hash"))
}

/// The hash of this name.
pub async fn find(
    client: &impl Reader,
    credential: CredentialId,
) -> Result<Option<SecretText>, IdentityError> {
    let row = client
        .query_opt(include_str!("sql/find_credential.sql"), &[&credential.uuid()])
        .await
        .map_err(IdentityError::during("reading a password hash"))?;
    Ok(row.map(|row| SecretText::new(row.get::<_, String>("phc"))))
}

/// Deletes a hash that is not in force.
pub async fn delete(client: &Client, credential: CredentialId) -> Result<(), IdentityError> {
    client
        .execute(include_str!("sql/delete_credential.sql"), &[&credential.uuid()])
        .await
        .map(drop)
        .map_err(IdentityError::during("deleting a password hash"))
}

/// Deletes `replaced`, and what older commands that failed have left behind.
pub async fn delete_superseded(
    client: &Client,
    account: AccountId,
    in_force: CredentialId,
    replaced: CredentialId,
    now: Timestamp,
) -> Result<(), IdentityError> {
    let orphaned = now.saturating_sub(ORPHANED_AFTER).unwrap_or(Timestamp::MIN);
    client
        .execute(
            include_str!("sql/delete_superseded.sql"),
            &[&account.uuid(), &in_force.uuid(), &replaced.uuid(), &orphaned],
        )
        .await
        .map(drop)
        .map_err(IdentityError::during("deleting superseded password hashes"))
}
