//! Authenticating a request: one look at the read models, whichever credential it brings.

use std::sync::PoisonError;

use events::ApiKeyId;
use jiff::{SignedDuration, Timestamp};
use projections::{View, accounts};

use super::{Authenticated, Identity, IdentityError, TokenError, access, secrets};

/// A key's use is written down at most so often.
const USE_EVERY: SignedDuration = SignedDuration::from_mins(1);
/// Keys whose last use this process remembers.
const USES_MAX: usize = 10_000;

/// What a request brings to show who sends it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Credential<'a> {
    /// An access token.
    Bearer(&'a str),
    /// An API key.
    ApiKey(&'a str),
}

impl std::fmt::Debug for Credential<'_> {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(match self {
            Self::Bearer(_) => "Bearer(***)",
            Self::ApiKey(_) => "ApiKey(***)",
        })
    }
}

impl Identity {
    /// Who holds this credential, and what they may do now.
    pub async fn authenticate(&self, credential: Credential<'_>) -> Result<Authenticated, IdentityError> {
        let now = events::time::now();
        match credential {
            Credential::Bearer(token) => {
                let claims = self.tokens.read(token, now).await?;
                let client = self.client().await?;
                let proof = accounts::prove_session(&client, claims.sid).await?;
                let proof =
                    proof.filter(|proof| proof.account_id == claims.sub).ok_or(TokenError::Revoked)?;
                Ok(access::of_session(claims.sid, proof, now)?)
            }
            Credential::ApiKey(key) => {
                let hash = secrets::api_key_hash(key).ok_or(TokenError::Forged)?;
                let client = self.client().await?;
                let proof = accounts::prove_key(&client, hash).await?.ok_or(TokenError::Forged)?;
                let key_id = proof.key_id;
                drop(client);
                let authenticated = access::of_key(proof, now)?;
                self.note_use(key_id, now).await?;
                Ok(authenticated)
            }
        }
    }

    /// The same for an access token, with the read models as its holder may see them, in one round trip.
    pub async fn enter(&self, token: &str) -> Result<(Authenticated, View), IdentityError> {
        let now = events::time::now();
        let claims = self.tokens.read(token, now).await?;
        let entered = accounts::enter_session(&self.reads, claims.sid).await?;
        let entered = entered.filter(|(proof, _)| proof.account_id == claims.sub);
        let (proof, view) = entered.ok_or(TokenError::Revoked)?;
        Ok((access::of_session(claims.sid, proof, now)?, view))
    }

    async fn note_use(&self, key: ApiKeyId, now: Timestamp) -> Result<(), IdentityError> {
        if !self.is_use_due(key, now) {
            return Ok(());
        }
        self.client()
            .await?
            .execute(include_str!("sql/use_key.sql"), &[&key.uuid(), &now])
            .await
            .map(drop)
            .map_err(IdentityError::during("noting the use of an API key"))
    }

    fn is_use_due(&self, key: ApiKeyId, now: Timestamp) -> bool {
        let mut uses = self.key_uses.lock().unwrap_or_else(PoisonError::into_inner);
        if uses.get(&key).is_some_and(|at| now.duration_since(*at) < USE_EVERY) {
            return false;
        }
        if uses.len() >= USES_MAX {
            uses.clear();
        }
        uses.insert(key, now);
        true
    }
}
