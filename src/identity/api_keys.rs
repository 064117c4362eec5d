//! API keys of an account: made by its owner, shown once, ended by the owner or an administrator.

use std::collections::BTreeMap;

use events::account::{AccountCommand, NewApiKey, Scopes};
use events::{AccountId, ApiKeyId, Position};
use jiff::Timestamp;
use projections::accounts::{self, ApiKeyRow};
use projections::{Page, PositionCursor, Reader};
use serde::Serialize;
use uuid::Uuid;

use super::{Admin, Asked, Identity, IdentityError, Owner, secrets};
use crate::config::SecretText;

/// A wish to have an API key.
#[derive(Debug, Clone)]
pub struct CreateApiKey {
    /// What its owner calls it.
    pub name: String,
    /// What it may be used for; at most what the owner's role allows.
    pub scopes: Scopes,
    /// When it ends (UTC); never, where absent.
    pub expires_at: Option<Timestamp>,
}

/// An API key that was made.
#[derive(Debug, Clone)]
pub struct CreatedApiKey {
    /// Its name among keys.
    pub key_id: ApiKeyId,
    /// The key itself; it is shown this once.
    pub key: SecretText,
    /// How it begins.
    pub prefix: String,
    /// Where the log recorded it.
    pub position: Position,
}

/// An API key as its owner sees it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ApiKeyShown {
    /// The key.
    #[serde(flatten)]
    pub key: ApiKeyRow,
    /// When it was last used, to the minute (UTC).
    pub last_used_at: Option<Timestamp>,
}

impl Identity {
    /// Makes an API key. A repetition of the command cannot show it again.
    pub async fn create_api_key(
        &self,
        owner: &Owner,
        wish: CreateApiKey,
        asked: &Asked,
    ) -> Result<CreatedApiKey, IdentityError> {
        let key_id = ApiKeyId::generate();
        let (minted, prefix) = secrets::api_key(key_id);
        let command = AccountCommand::CreateApiKey(Box::new(NewApiKey {
            key_id,
            name: wish.name,
            key_hash: minted.hash,
            prefix: prefix.clone(),
            scopes: wish.scopes,
            expires_at: wish.expires_at,
            at: events::time::now(),
        }));
        let created = self.execute(owner.account_id, command, asked, &owner.principal).await;
        let receipt = created.map_err(IdentityError::account)?;
        if receipt.duplicate {
            return Err(IdentityError::SecretShownBefore);
        }
        let position = self.shown(receipt.position).await?;
        Ok(CreatedApiKey { key_id, key: minted.token, prefix, position: receipt.position.max(position) })
    }

    /// Ends an API key of the caller's own, on every node before this answers.
    pub async fn revoke_api_key(
        &self,
        owner: &Owner,
        key_id: ApiKeyId,
        asked: &Asked,
    ) -> Result<Position, IdentityError> {
        self.check_key(owner.account_id, key_id).await?;
        let command = AccountCommand::RevokeApiKey { key_id, act: None };
        let revoked = self.execute(owner.account_id, command, asked, &owner.principal).await;
        self.shown(revoked.map_err(IdentityError::account)?.position).await
    }

    /// Ends an API key of somebody else.
    pub async fn revoke_api_key_of(
        &self,
        admin: &Admin,
        account_id: AccountId,
        key_id: ApiKeyId,
        reason: &str,
        asked: &Asked,
    ) -> Result<Position, IdentityError> {
        self.check_key(account_id, key_id).await?;
        let command = AccountCommand::RevokeApiKey { key_id, act: Some(admin.act(reason)) };
        let revoked = self.execute(account_id, command, asked, &admin.principal).await;
        self.shown(revoked.map_err(IdentityError::account)?.position).await
    }

    /// Refuses a key that is not the account's.
    async fn check_key(&self, account_id: AccountId, key_id: ApiKeyId) -> Result<(), IdentityError> {
        let proof = accounts::prove_key_by_id(&self.client().await?, key_id).await?;
        match proof.is_some_and(|proof| proof.account_id == account_id) {
            true => Ok(()),
            false => Err(IdentityError::NotFound("API key")),
        }
    }
}

/// API keys of an account, newest first, as far as `client` may see them.
pub async fn api_keys_of(
    client: &impl Reader,
    account_id: AccountId,
    after: Option<PositionCursor>,
    limit: u16,
) -> Result<Page<ApiKeyShown>, IdentityError> {
    let page = accounts::api_keys(client, account_id, after, limit).await?;
    let ids: Vec<Uuid> = page.items.iter().map(|key| key.key_id.uuid()).collect();
    let rows = client
        .query(include_str!("sql/key_uses.sql"), &[&ids])
        .await
        .map_err(IdentityError::during("reading the uses of API keys"))?;
    let uses: BTreeMap<Uuid, Timestamp> =
        rows.iter().map(|row| (row.get("key_id"), row.get("last_used_at"))).collect();
    let shown = |key: ApiKeyRow| {
        let last_used_at = uses.get(&key.key_id.uuid()).copied();
        ApiKeyShown { key, last_used_at }
    };
    Ok(Page { items: page.items.into_iter().map(shown).collect(), next_cursor: page.next_cursor })
}
