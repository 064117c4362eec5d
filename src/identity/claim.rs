//! The first administrator: whoever has the one-time link of a fresh installation, or works at its machine.

use events::account::{Email, Entry, Role};
use events::{AccountId, Position, Principal};
use projections::accounts;

use super::{Asked, Identity, IdentityError, SignUp, SignedIn, secrets};
use crate::config::SecretText;

/// Links that are valid at once: each node prints one when it starts.
const CLAIMS_MAX: i64 = 16;

/// A wish to be the first administrator.
#[derive(Debug, Clone)]
pub struct Claim {
    /// The token of the link.
    pub token: SecretText,
    /// The account to make.
    pub sign_up: SignUp,
}

impl Identity {
    /// A token by which this installation can be claimed; none once it has an active administrator.
    pub async fn claim_token(&self) -> Result<Option<SecretText>, IdentityError> {
        let client = self.client().await?;
        if accounts::active_admins(&client, None).await? > 0 {
            return Ok(None);
        }
        let minted = secrets::claim_token();
        let now = events::time::now();
        client
            .execute(include_str!("sql/insert_claim.sql"), &[&minted.hash.as_bytes().as_slice(), &now])
            .await
            .map_err(IdentityError::during("keeping a one-time link"))?;
        client
            .execute(include_str!("sql/keep_newest_claims.sql"), &[&CLAIMS_MAX])
            .await
            .map_err(IdentityError::during("removing old one-time links"))?;
        Ok(Some(minted.token))
    }

    /// Makes the first administrator, whom everything belongs to that was made without accounts.
    pub async fn claim(&self, wish: Claim, asked: &Asked) -> Result<SignedIn, IdentityError> {
        let hash = secrets::claim_hash(wish.token.expose()).ok_or(IdentityError::ClaimInvalid)?;
        self.check_claim(hash.as_bytes()).await?;
        let checked = wish.sign_up.checked()?;
        let lock = self.administrators().await?;
        // Somebody else may have been faster.
        self.check_claim(hash.as_bytes()).await?;
        let client = self.client().await?;
        if accounts::active_admins(&client, None).await? > 0 {
            return Err(IdentityError::AlreadyClaimed);
        }
        drop(client);
        let principal = self.free_principal(checked.email.account_id()).await?;
        let signed_in =
            self.register_and_open(checked, Role::Admin, principal, Entry::Claimed, asked).await?;
        self.delete_claims().await?;
        drop(lock);
        Ok(signed_in)
    }

    /// Makes an administrator on the command line; the first one owns what was made without accounts.
    pub async fn create_admin(
        &self,
        wish: SignUp,
        asked: &Asked,
    ) -> Result<(AccountId, Position), IdentityError> {
        let checked = wish.checked()?;
        let account_id = checked.email.account_id();
        let lock = self.administrators().await?;
        let principal = self.free_principal(account_id).await?;
        let (position, _) = self.register(checked, Role::Admin, principal, Entry::CommandLine, asked).await?;
        let position = self.shown(position).await?;
        self.delete_claims().await?;
        drop(lock);
        Ok((account_id, position))
    }

    /// The principal of a new administrator: the installation's owner, unless there is one.
    async fn free_principal(&self, account_id: AccountId) -> Result<Principal, IdentityError> {
        let local = Principal::local_owner();
        let client = self.client().await?;
        match accounts::find_by_principal(&client, &local).await? {
            Some(owner) if owner.account_id != account_id => Ok(Principal(account_id.to_string())),
            Some(_) | None => Ok(local),
        }
    }

    async fn check_claim(&self, hash: &[u8; 32]) -> Result<(), IdentityError> {
        let row = self
            .client()
            .await?
            .query_one(include_str!("sql/find_claim.sql"), &[&hash.as_slice()])
            .await
            .map_err(IdentityError::during("looking up a one-time link"))?;
        match row.get("found") {
            true => Ok(()),
            false => Err(IdentityError::ClaimInvalid),
        }
    }

    async fn delete_claims(&self) -> Result<(), IdentityError> {
        self.client()
            .await?
            .execute(include_str!("sql/delete_claims.sql"), &[])
            .await
            .map(drop)
            .map_err(IdentityError::during("removing one-time links"))
    }
}

impl SignUp {
    /// The account that this wish is about, if its address is one.
    pub fn account_id(&self) -> Option<AccountId> {
        Email::parse(&self.email).ok().map(|email| email.account_id())
    }
}
