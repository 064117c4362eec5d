//! What an account is asked to do, and the rules that such a command can break.

use jiff::Timestamp;

use super::{Access, Act, Email, Entry, Origin, PasswordReason, Role, Scope, Scopes, SessionEnd, TokenHash};
use crate::policy::{FieldError, sentence};
use crate::{ApiKeyId, CredentialId, Principal, SessionId};

/// Sessions that an account may have at once; the oldest ends when there would be one more.
pub const SESSIONS_MAX: usize = 50;
/// Administrators who may act as an account at once, or one of them as often; the oldest ends likewise.
pub const IMPERSONATIONS_MAX: usize = 10;
/// API keys that an account may have at once.
pub const API_KEYS_MAX: usize = 50;
/// Spent refresh tokens that a session remembers, the newest. One that is older is refused like a forged one.
pub const SPENT_MAX: usize = 64;
/// Longest name of a person, in characters.
pub const FULL_NAME_CHARS_MAX: usize = 100;
/// Longest name of an API key, in characters.
pub const KEY_NAME_CHARS_MAX: usize = 100;

/// What an account is asked to do. Ids, fingerprints and instants are made by the sender.
#[derive(Debug, Clone)]
pub enum AccountCommand {
    /// Bring it into being, with its first password.
    Register(Box<Registration>),
    /// Have another password count. Sessions other than `keep` end when it was changed.
    SetPassword {
        /// The hash, by name.
        credential_id: CredentialId,
        /// The hash that it replaces: one that was replaced meanwhile changes nothing.
        instead_of: CredentialId,
        /// Why.
        why: PasswordReason,
        /// The session that asked.
        keep: Option<SessionId>,
    },
    /// Sign in.
    OpenSession(Box<NewSession>),
    /// Give a session a new refresh token.
    RefreshSession {
        /// The session.
        session_id: SessionId,
        /// Fingerprint of the token that was presented.
        presented: TokenHash,
        /// Fingerprint of the token that replaces it.
        next: TokenHash,
        /// When the session ends unless it is refreshed again.
        expires_at: Timestamp,
        /// Now.
        at: Timestamp,
    },
    /// Record that a spent refresh token was presented, and end its session.
    ReportReuse {
        /// The session.
        session_id: SessionId,
        /// Fingerprint of the token that was presented.
        presented: TokenHash,
        /// From where.
        from: Origin,
    },
    /// End a session; ending it twice is ending it once.
    EndSession {
        /// The session.
        session_id: SessionId,
        /// Why.
        why: SessionEnd,
        /// The administrator who does it, if one does.
        act: Option<Act>,
    },
    /// End every session but `keep`.
    EndSessions {
        /// The session that asked.
        keep: Option<SessionId>,
        /// Why.
        why: SessionEnd,
        /// The administrator who does it, if one does.
        act: Option<Act>,
    },
    /// Make an API key.
    CreateApiKey(Box<NewApiKey>),
    /// Accept an API key no longer; revoking it twice is revoking it once.
    RevokeApiKey {
        /// The key.
        key_id: ApiKeyId,
        /// The administrator who does it, if one does.
        act: Option<Act>,
    },
    /// Give the account another role.
    ChangeRole {
        /// The role.
        role: Role,
        /// Who asks.
        act: Act,
    },
    /// Let it sign in no longer; its sessions end.
    Deactivate {
        /// Who asks.
        act: Act,
    },
    /// Let it sign in again.
    Reactivate {
        /// Who asks.
        act: Act,
    },
    /// Let an administrator act as this account.
    StartImpersonation(Box<NewImpersonation>),
    /// Have that end; ending it twice is ending it once.
    EndImpersonation {
        /// The session that it is.
        session_id: SessionId,
        /// Who asks.
        act: Act,
    },
}

/// A new account.
#[derive(Debug, Clone)]
pub struct Registration {
    /// Its address.
    pub email: Email,
    /// The person's name.
    pub full_name: String,
    /// What it may do.
    pub role: Role,
    /// Under which name its commands are recorded.
    pub principal: Principal,
    /// How it comes to be.
    pub entry: Entry,
    /// Its password's hash, by name.
    pub credential_id: CredentialId,
    /// From where.
    pub from: Origin,
}

/// A sign-in.
#[derive(Debug, Clone)]
pub struct NewSession {
    /// The session.
    pub session_id: SessionId,
    /// The password hash that was compared: it must still be in force.
    pub credential_id: CredentialId,
    /// Fingerprint of the refresh token.
    pub refresh_hash: TokenHash,
    /// When it ends unless it is refreshed.
    pub expires_at: Timestamp,
    /// From where.
    pub from: Origin,
    /// Now.
    pub at: Timestamp,
}

/// A new API key.
#[derive(Debug, Clone)]
pub struct NewApiKey {
    /// The key.
    pub key_id: ApiKeyId,
    /// What its owner calls it.
    pub name: String,
    /// Fingerprint of the key.
    pub key_hash: TokenHash,
    /// How it begins.
    pub prefix: String,
    /// What it may be used for.
    pub scopes: Scopes,
    /// When it ends; never, where absent.
    pub expires_at: Option<Timestamp>,
    /// Now.
    pub at: Timestamp,
}

/// An administrator who wants to act as an account.
#[derive(Debug, Clone)]
pub struct NewImpersonation {
    /// The session that it will be.
    pub session_id: SessionId,
    /// The session of the administrator.
    pub admin_session_id: SessionId,
    /// Who, why, from where.
    pub act: Act,
    /// What it allows.
    pub access: Access,
    /// When it ends at the latest.
    pub expires_at: Timestamp,
    /// Now.
    pub at: Timestamp,
}

/// The broken rule of a command to an account.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AccountError {
    /// There is no such account.
    #[error("the account does not exist")]
    NotRegistered,
    /// There is one already.
    #[error("the account exists already")]
    AlreadyRegistered,
    /// It may not sign in.
    #[error("the account is deactivated")]
    Inactive,
    /// The password was changed while it was being compared.
    #[error("the password was changed meanwhile")]
    OtherCredential,
    /// The session is over, or never was.
    #[error("the session is over")]
    NoSession,
    /// The refresh token was used before.
    #[error("the refresh token was used before")]
    RefreshSpent,
    /// The refresh token is none of this session.
    #[error("the refresh token is not one of this session")]
    RefreshUnknown,
    /// It has no such API key.
    #[error("the account has no such API key")]
    NoApiKey,
    /// It has as many API keys as it may have.
    #[error("an account has at most {API_KEYS_MAX} API keys")]
    TooManyApiKeys,
    /// A key would be allowed more than its owner.
    #[error("the role of the account does not allow {}", .0.name())]
    ScopeAboveRole(Scope),
    /// An administrator cannot be impersonated.
    #[error("an administrator cannot be impersonated")]
    ImpersonationOfAdmin,
    /// The document breaks rules.
    #[error("not valid: {}", sentence(.0))]
    Invalid(Vec<FieldError>),
}
