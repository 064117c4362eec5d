//! What a request's credential stands for at this moment: one indexed query each.

use std::sync::PoisonError;

use deadpool_postgres::Pool;
use events::account::{Access, Role, Scopes, TokenHash};
use events::{AccountId, ApiKeyId, Principal, SessionId};
use jiff::Timestamp;
use tokio_postgres::Row;

use super::api_keys::scopes_of;
use crate::database::{Columns, QueryError};
use crate::reader::Reader;
use crate::viewer::Told;
use crate::{View, Viewer};

/// Who a session stands for.
#[derive(Debug, Clone, PartialEq)]
pub struct SessionProof {
    /// Whose session it is.
    pub account_id: AccountId,
    /// Under which name its commands are recorded.
    pub principal: Principal,
    /// What the account may do now.
    pub role: Role,
    /// Whether the account may sign in.
    pub active: bool,
    /// When the session ends (UTC).
    pub expires_at: Timestamp,
    /// It was ended.
    pub ended: bool,
    /// The administrator who acts as the account, where it is an impersonation.
    pub impersonator: Option<ImpersonatorProof>,
}

/// An administrator who acts as another account.
#[derive(Debug, Clone, PartialEq)]
pub struct ImpersonatorProof {
    /// Who; absent where the administrator has no account.
    pub account_id: Option<AccountId>,
    /// Under which name the administrator's commands are recorded.
    pub principal: Principal,
    /// What the impersonation allows.
    pub access: Access,
    /// Whether the administrator is one still.
    pub allowed: bool,
    /// When the administrator's own session ends (UTC); absent where it was ended.
    pub session_expires_at: Option<Timestamp>,
}

/// Who an API key stands for.
#[derive(Debug, Clone, PartialEq)]
pub struct KeyProof {
    /// The key.
    pub key_id: ApiKeyId,
    /// Whose key it is.
    pub account_id: AccountId,
    /// Under which name its commands are recorded.
    pub principal: Principal,
    /// What the account may do now.
    pub role: Role,
    /// Whether the account may sign in.
    pub active: bool,
    /// What the key may be used for.
    pub scopes: Scopes,
    /// When the key ends (UTC); never, where absent.
    pub expires_at: Option<Timestamp>,
    /// It was revoked.
    pub revoked: bool,
}

/// Who a session stands for, unless there never was one.
pub async fn prove_session(
    client: &impl Reader,
    session: SessionId,
) -> Result<Option<SessionProof>, QueryError> {
    const OPERATION: &str = "looking up a session";
    let statement = include_str!("../sql/accounts/prove_session.sql");
    let row = client.query_opt(statement, &[&session.uuid()]).await.map_err(QueryError::during(OPERATION))?;
    Ok(row.map(|row| session_proof(&row, OPERATION)).transpose()?.flatten())
}

/// The same, with the read models as the account may see them.
pub async fn enter_session(
    pool: &Pool,
    session: SessionId,
) -> Result<Option<(SessionProof, View)>, QueryError> {
    let client = pool.get().await?;
    let Some(proof) = prove_session(&client, session).await? else { return Ok(None) };
    let viewer = Viewer { principal: proof.principal.clone(), role: proof.role };
    Ok(Some((proof, View::over(client, viewer).await?)))
}

/// The same in the round trip of each query of the view, for callers who believe to know what the session stands for:
/// what it does is told beside the rows, and nobody may get these before the two were compared.
pub async fn expect_session(pool: &Pool, session: SessionId) -> Result<(View, Found), QueryError> {
    let found = Found::default();
    let entering = include_str!("../sql/accounts/enter_session.sql");
    Ok((View::told(pool, entering, session.uuid(), found.0.clone()).await?, found))
}

/// What the database said of a session with each query of a view.
#[derive(Debug, Clone, Default)]
pub struct Found(Told);

impl Found {
    /// Whether the session stood for this each time; `None` where nothing was asked yet.
    pub fn was_always(&self, believed: &SessionProof) -> Option<bool> {
        let told = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let is_it =
            |row: &Row| session_proof(row, "entering a session").ok().flatten().as_ref() == Some(believed);
        (!told.is_empty()).then(|| told.iter().all(is_it))
    }
}

fn session_proof(row: &Row, operation: &'static str) -> Result<Option<SessionProof>, QueryError> {
    let columns = Columns::of(row, operation);
    let Some(account_id) = columns.get::<Option<_>>("account_id")? else { return Ok(None) };
    let access: Option<&str> = columns.get("access")?;
    let impersonator = match (columns.get::<Option<String>>("impersonator")?, access) {
        (Some(principal), access) => {
            let open = columns.get::<Option<bool>>("admin_session_open")? == Some(true);
            let expires_at: Option<Timestamp> = columns.get("admin_session_expires_at")?;
            Some(ImpersonatorProof {
                account_id: columns.get::<Option<_>>("admin_account_id")?.map(AccountId::from_uuid),
                principal: Principal(principal),
                access: access.and_then(Access::named).unwrap_or(Access::ReadOnly),
                allowed: columns.get::<Option<bool>>("admin_allowed")? == Some(true),
                session_expires_at: expires_at.filter(|_| open),
            })
        }
        (None, _) => None,
    };
    Ok(Some(SessionProof {
        account_id: AccountId::from_uuid(account_id),
        principal: Principal(columns.get("principal")?),
        role: columns.parsed("role")?,
        active: columns.get("active")?,
        expires_at: columns.get("expires_at")?,
        ended: columns.get("ended")?,
        impersonator,
    }))
}

/// Who the API key with this fingerprint stands for, unless there never was one.
pub async fn prove_key(client: &impl Reader, key_hash: TokenHash) -> Result<Option<KeyProof>, QueryError> {
    const OPERATION: &str = "looking up an API key";
    let statement = include_str!("../sql/accounts/prove_key.sql");
    let row = client
        .query_opt(statement, &[&key_hash.as_bytes().as_slice()])
        .await
        .map_err(QueryError::during(OPERATION))?;
    row.map(|row| key_proof(&row, OPERATION)).transpose()
}

/// Who an API key stands for, unless there never was one.
pub async fn prove_key_by_id(client: &impl Reader, key: ApiKeyId) -> Result<Option<KeyProof>, QueryError> {
    const OPERATION: &str = "looking up an API key by its id";
    let statement = include_str!("../sql/accounts/prove_key_by_id.sql");
    let row = client.query_opt(statement, &[&key.uuid()]).await.map_err(QueryError::during(OPERATION))?;
    row.map(|row| key_proof(&row, OPERATION)).transpose()
}

fn key_proof(row: &Row, operation: &'static str) -> Result<KeyProof, QueryError> {
    let columns = Columns::of(row, operation);
    Ok(KeyProof {
        key_id: ApiKeyId::from_uuid(columns.get("key_id")?),
        account_id: AccountId::from_uuid(columns.get("account_id")?),
        principal: Principal(columns.get("principal")?),
        role: columns.parsed("role")?,
        active: columns.get("active")?,
        scopes: scopes_of(&columns)?,
        expires_at: columns.get("expires_at")?,
        revoked: columns.get("revoked")?,
    })
}
