//! Authenticating a request: one look at the read models, whichever credential it brings.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use events::{ApiKeyId, SessionId};
use jiff::{SignedDuration, Timestamp};
use projections::accounts::{Found, SessionProof};
use projections::{View, accounts};

use super::{Authenticated, Identity, IdentityError, TokenError, access, secrets};

/// A key's use is written down at most so often.
const USE_EVERY: SignedDuration = SignedDuration::from_mins(1);
/// Keys whose last use this process remembers.
const USES_MAX: usize = 10_000;
/// Sessions that this process remembers.
const SESSIONS_MAX: usize = 10_000;

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

/// Somebody whose request reads rows.
#[derive(Debug)]
pub struct Entered {
    /// Who, and what they may do.
    pub who: Authenticated,
    /// The read models as they may see them.
    pub view: View,
    /// What the answer rests on, where the database was not asked yet.
    pub belief: Option<Belief>,
}

/// What is remembered of a session. An answer that rests on it must not be given before [`Identity::holds`] says so.
#[derive(Debug)]
pub struct Belief {
    session: SessionId,
    believed: SessionProof,
    found: Found,
}

/// What the database said last of sessions, so that it can be asked together with what their requests read.
#[derive(Debug, Clone, Default)]
pub(super) struct RememberedSessions(Arc<Mutex<HashMap<SessionId, SessionProof>>>);

impl RememberedSessions {
    fn recall(&self, session: SessionId) -> Option<SessionProof> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(&session).cloned()
    }

    fn remember(&self, session: SessionId, proof: SessionProof) {
        let mut remembered = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if remembered.len() >= SESSIONS_MAX {
            remembered.clear();
        }
        remembered.insert(session, proof);
    }

    fn forget(&self, session: SessionId) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(&session);
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

    /// The same for an access token, with the read models as its holder may see them, in one round trip. Where the
    /// session is remembered, that is the one of the first query: whoever asks gets a [`Belief`] to check afterwards.
    pub async fn enter(&self, token: &str) -> Result<Entered, IdentityError> {
        let now = events::time::now();
        let claims = self.tokens.read(token, now).await?;
        let session = claims.sid;
        let remembered = self.sessions.recall(session).filter(|proof| proof.account_id == claims.sub);
        if let Some(believed) = remembered
            && let Ok(who) = access::of_session(session, believed.clone(), now)
        {
            let (view, found) = accounts::expect_session(&self.reads, session).await?;
            return Ok(Entered { who, view, belief: Some(Belief { session, believed, found }) });
        }
        let entered = accounts::enter_session(&self.reads, session).await?;
        let entered = entered.filter(|(proof, _)| proof.account_id == claims.sub);
        let (proof, view) = entered.ok_or(TokenError::Revoked)?;
        let who = access::of_session(session, proof.clone(), now)?;
        self.sessions.remember(session, proof);
        Ok(Entered { who, view, belief: None })
    }

    /// Whether what was believed of a session is what the database says of it, together with the rows that it gave, or
    /// now, where nobody asked it yet. What does not hold is forgotten.
    pub async fn holds(&self, belief: &Belief) -> Result<bool, IdentityError> {
        let holds = match belief.found.was_always(&belief.believed) {
            Some(holds) => holds,
            None => {
                let found = accounts::prove_session(&self.client().await?, belief.session).await?;
                found.as_ref() == Some(&belief.believed)
            }
        };
        if !holds {
            self.sessions.forget(belief.session);
        }
        Ok(holds)
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
