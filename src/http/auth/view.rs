//! Accounts, sessions and keys as the API shows them.

use events::account::{Entry, Role, Scope};
use events::{AccountId, ApiKeyId, Principal, SessionId};
use jiff::Timestamp;
use projections::accounts::{AccountRow, SessionRow};
use serde::Serialize;
use utoipa::ToSchema;

use crate::identity::{ApiKeyShown, SignedIn, Tokens};

/// An account.
#[derive(Debug, Serialize, ToSchema)]
pub struct AccountView {
    /// Its id.
    #[schema(value_type = String, format = Uuid)]
    pub account_id: AccountId,
    /// Its e-mail address, as it was typed.
    #[schema(example = "ann@example.com")]
    pub email: String,
    /// The person's name.
    #[schema(example = "Ann Example")]
    pub full_name: String,
    /// What it may do: `user`, `auditor`, `operator` or `admin`.
    #[schema(value_type = String, example = "user")]
    pub role: Role,
    /// Whether it may sign in.
    pub active: bool,
    /// How it came to be: `open`, `invited`, `claimed` or `command_line`.
    #[schema(value_type = String, example = "invited")]
    pub entry: Entry,
    /// Under which name its commands are recorded and what it owns is kept.
    #[schema(value_type = String)]
    pub principal: Principal,
    /// When it was created.
    pub created_at: Timestamp,
    /// When somebody last signed in.
    pub signed_in_at: Option<Timestamp>,
}

impl From<AccountRow> for AccountView {
    fn from(row: AccountRow) -> Self {
        Self {
            account_id: row.account_id,
            email: row.email,
            full_name: row.full_name,
            role: row.role,
            active: row.active,
            entry: row.entry,
            principal: row.principal,
            created_at: row.created_at,
            signed_in_at: row.signed_in_at,
        }
    }
}

/// What whoever signed in gets.
#[derive(Debug, Serialize, ToSchema)]
pub struct SignedInView {
    /// To be sent as `Authorization: Bearer`.
    access_token: String,
    /// Always `bearer`.
    #[schema(example = "bearer")]
    token_type: &'static str,
    /// Seconds that the access token is valid.
    #[schema(example = 1800)]
    expires_in: i64,
    /// To be exchanged, once, for the next pair of tokens; an impersonation has none.
    refresh_token: Option<String>,
    /// When the session ends unless it is refreshed.
    session_expires_at: Timestamp,
    /// The session.
    #[schema(value_type = String, format = Uuid)]
    session_id: SessionId,
    /// The account; absent in an impersonation.
    #[serde(skip_serializing_if = "Option::is_none")]
    account: Option<AccountView>,
}

impl SignedInView {
    /// Of the tokens of a session.
    pub fn of(tokens: &Tokens, account: Option<AccountRow>) -> Self {
        Self {
            access_token: tokens.access_token.expose().to_owned(),
            token_type: "bearer",
            expires_in: tokens.access_expires_at.duration_since(events::time::now()).as_secs().max(0),
            refresh_token: tokens.refresh_token.as_ref().map(|token| token.expose().to_owned()),
            session_expires_at: tokens.session_expires_at,
            session_id: tokens.session_id,
            account: account.map(AccountView::from),
        }
    }
}

impl From<SignedIn> for SignedInView {
    fn from(signed_in: SignedIn) -> Self {
        Self::of(&signed_in.tokens, Some(signed_in.account))
    }
}

/// A session: a sign-in, or an administrator acting as the account.
#[derive(Debug, Serialize, ToSchema)]
pub struct SessionView {
    /// Its id.
    #[schema(value_type = String, format = Uuid)]
    session_id: SessionId,
    /// Whether it is the one that asks.
    is_current: bool,
    /// The administrator who acts as the account, where one does.
    #[schema(value_type = Option<String>)]
    impersonated_by: Option<Principal>,
    /// Why an administrator acts as the account.
    reason: Option<String>,
    /// From which network address.
    ip: Option<String>,
    /// What the client calls itself.
    user_agent: Option<String>,
    /// When it began.
    opened_at: Timestamp,
    /// When it was last refreshed.
    refreshed_at: Timestamp,
    /// When it ends unless it is refreshed.
    expires_at: Timestamp,
    /// When it was ended, where it was.
    ended_at: Option<Timestamp>,
    /// Why it was ended.
    end_reason: Option<String>,
}

impl SessionView {
    /// Of a row, as seen from the session `current`.
    pub fn of(row: SessionRow, current: Option<SessionId>) -> Self {
        Self {
            session_id: row.session_id,
            is_current: current == Some(row.session_id),
            impersonated_by: row.impersonator,
            reason: row.reason,
            ip: row.ip,
            user_agent: row.user_agent,
            opened_at: row.opened_at,
            refreshed_at: row.refreshed_at,
            expires_at: row.expires_at,
            ended_at: row.ended_at,
            end_reason: row.end_reason,
        }
    }
}

/// An API key, without the key itself.
#[derive(Debug, Serialize, ToSchema)]
pub struct ApiKeyView {
    /// Its id.
    #[schema(value_type = String, format = Uuid)]
    key_id: ApiKeyId,
    /// What its owner calls it.
    #[schema(example = "nightly job")]
    name: String,
    /// How the key begins.
    prefix: String,
    /// What it may be used for: `read`, `trade`, `admin`.
    #[schema(value_type = Vec<String>, example = json!(["read"]))]
    scopes: Vec<Scope>,
    /// When it was made.
    created_at: Timestamp,
    /// When it ends; null for never.
    expires_at: Option<Timestamp>,
    /// When it was last used, to the minute.
    last_used_at: Option<Timestamp>,
    /// When it was revoked, where it was.
    revoked_at: Option<Timestamp>,
}

impl From<ApiKeyShown> for ApiKeyView {
    fn from(shown: ApiKeyShown) -> Self {
        let ApiKeyShown { key, last_used_at } = shown;
        Self {
            key_id: key.key_id,
            name: key.name,
            prefix: key.prefix,
            scopes: key.scopes.into_iter().collect(),
            created_at: key.created_at,
            expires_at: key.expires_at,
            last_used_at,
            revoked_at: key.revoked_at,
        }
    }
}
