//! What happens to an account.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Act, Email, Origin, Role, Scopes, TokenHash};
use crate::{ApiKeyId, CredentialId, Principal, SessionId};

crate::events! {
    /// What happened to an account.
    pub enum AccountEvent {
        /// The account exists.
        AccountRegistered(AccountRegistered) = 1,
        /// Another password counts from now on.
        PasswordSet(PasswordSet) = 1,
        /// Somebody signed in.
        SessionOpened(SessionOpened) = 1,
        /// A session got a new refresh token; the one before is spent.
        SessionRefreshed(SessionRefreshed) = 1,
        /// A spent refresh token was presented: it was stolen, or its thief was faster.
        RefreshReused(RefreshReused) = 1,
        /// A session is over.
        SessionEnded(SessionEnded) = 1,
        /// An API key exists.
        ApiKeyCreated(ApiKeyCreated) = 1,
        /// An API key is not accepted any more.
        ApiKeyRevoked(ApiKeyRevoked) = 1,
        /// The account has another role.
        RoleChanged(RoleChanged) = 1,
        /// The account may not sign in any more.
        AccountDeactivated(AccountDeactivated) = 1,
        /// The account may sign in again.
        AccountReactivated(AccountReactivated) = 1,
        /// An administrator acts as this account.
        ImpersonationStarted(ImpersonationStarted) = 1,
        /// The administrator does not any more.
        ImpersonationEnded(ImpersonationEnded) = 1,
    }
}

/// The account exists.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccountRegistered {
    /// Its address.
    pub email: Email,
    /// The person's name.
    pub full_name: String,
    /// What it may do.
    pub role: Role,
    /// Under which name its commands are recorded, and what it owns.
    pub principal: Principal,
    /// How it came to be.
    pub entry: Entry,
    /// From where.
    pub from: Origin,
}

/// How an account came to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Entry {
    /// Anybody could sign up.
    Open,
    /// Its address was on the list of invitations.
    Invited,
    /// Its owner had the one-time link of a fresh installation.
    Claimed,
    /// An operator made it on the command line.
    CommandLine,
}

impl Entry {
    /// The name used in the API and the database.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Invited => "invited",
            Self::Claimed => "claimed",
            Self::CommandLine => "command_line",
        }
    }
}

/// Another password counts from now on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PasswordSet {
    /// The hash that is in force, by name.
    pub credential_id: CredentialId,
    /// Why.
    pub why: PasswordReason,
}

/// Why a password hash was replaced.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PasswordReason {
    /// The account is new.
    SignUp,
    /// Its owner chose another password.
    Changed,
    /// The same password under other parameters of the hash.
    Rehashed,
}

/// Somebody signed in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SessionOpened {
    /// The session: the family of all refresh tokens that come from this sign-in.
    pub session_id: SessionId,
    /// Fingerprint of its first refresh token.
    pub refresh_hash: TokenHash,
    /// When it ends unless it is refreshed (UTC).
    pub expires_at: Timestamp,
    /// From where.
    pub from: Origin,
    /// When (UTC).
    pub at: Timestamp,
}

/// A session got a new refresh token.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SessionRefreshed {
    /// The session.
    pub session_id: SessionId,
    /// Fingerprint of the token that counts now.
    pub refresh_hash: TokenHash,
    /// When the session ends unless it is refreshed again (UTC).
    pub expires_at: Timestamp,
    /// When (UTC).
    pub at: Timestamp,
}

/// A spent refresh token was presented.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RefreshReused {
    /// The session.
    pub session_id: SessionId,
    /// From where.
    pub from: Origin,
}

/// A session is over.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SessionEnded {
    /// The session.
    pub session_id: SessionId,
    /// Why.
    pub why: SessionEnd,
    /// The administrator who ended it, if one did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub act: Option<Act>,
}

/// Why a session is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SessionEnd {
    /// Its owner signed out.
    SignedOut,
    /// Its owner ended it from another session.
    Revoked,
    /// An administrator ended it.
    RevokedByAdmin,
    /// The password changed.
    PasswordChanged,
    /// A spent refresh token was presented.
    RefreshReused,
    /// The account was deactivated.
    Deactivated,
    /// There were too many; the oldest went.
    Superseded,
}

impl SessionEnd {
    /// The name used in the API and the database.
    pub const fn name(self) -> &'static str {
        match self {
            Self::SignedOut => "signed_out",
            Self::Revoked => "revoked",
            Self::RevokedByAdmin => "revoked_by_admin",
            Self::PasswordChanged => "password_changed",
            Self::RefreshReused => "refresh_reused",
            Self::Deactivated => "deactivated",
            Self::Superseded => "superseded",
        }
    }
}

/// An API key exists.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ApiKeyCreated {
    /// The key.
    pub key_id: ApiKeyId,
    /// What its owner calls it.
    pub name: String,
    /// Fingerprint of the key.
    pub key_hash: TokenHash,
    /// How it begins, to be told from others.
    pub prefix: String,
    /// What it may be used for.
    pub scopes: Scopes,
    /// When it ends (UTC); never, where absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<Timestamp>,
    /// When it was made (UTC).
    pub at: Timestamp,
}

/// An API key is not accepted any more.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ApiKeyRevoked {
    /// The key.
    pub key_id: ApiKeyId,
    /// The administrator who revoked it, if one did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub act: Option<Act>,
}

/// The account has another role.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RoleChanged {
    /// What it may do now.
    pub role: Role,
    /// What it could do before.
    pub before: Role,
    /// Who changed it.
    pub act: Act,
}

/// The account may not sign in any more.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccountDeactivated {
    /// Who did it.
    pub act: Act,
}

/// The account may sign in again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccountReactivated {
    /// Who did it.
    pub act: Act,
}

/// An administrator acts as this account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ImpersonationStarted {
    /// The session that it is.
    pub session_id: SessionId,
    /// The session of the administrator: it ends with that.
    pub admin_session_id: SessionId,
    /// Who, why, from where.
    pub act: Act,
    /// What it allows.
    pub access: Access,
    /// When it ends at the latest (UTC).
    pub expires_at: Timestamp,
    /// When it began (UTC).
    pub at: Timestamp,
}

/// What an impersonation allows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Access {
    /// Looking only.
    ReadOnly,
    /// Everything that the account may do, but for its passwords, keys and sessions.
    ReadWrite,
}

impl Access {
    /// The name used in the API and the database.
    pub const fn name(self) -> &'static str {
        match self {
            Self::ReadOnly => "read_only",
            Self::ReadWrite => "read_write",
        }
    }

    /// The access of this name.
    pub fn named(name: &str) -> Option<Self> {
        [Self::ReadOnly, Self::ReadWrite].into_iter().find(|access| access.name() == name)
    }
}

/// The administrator does not act as this account any more.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ImpersonationEnded {
    /// The session that it was.
    pub session_id: SessionId,
    /// Who ended it, why, from where.
    pub act: Act,
}
