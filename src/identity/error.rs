//! Why something of identity was refused or failed; each told apart as its callers must.

use actors::CommandError;
use events::account::AccountError;
use events::invitations::InvitationError;
use events::policy::{FieldError, sentence};
use projections::{QueryError, WaitError};

use super::keys::KeyError;
use super::passwords::HashError;

/// Why something of identity was refused or failed.
#[derive(Debug, thiserror::Error)]
pub enum IdentityError {
    /// E-mail address or password are wrong, or the account is deactivated: nobody learns which.
    #[error("e-mail address or password are wrong")]
    InvalidCredentials,
    /// A token or key is not accepted.
    #[error(transparent)]
    Token(#[from] TokenError),
    /// The address is not on the list of invitations.
    #[error("this e-mail address is not invited")]
    NotInvited,
    /// Nobody may sign up.
    #[error("sign-up is closed")]
    Closed,
    /// There is an account of this address.
    #[error("there is an account of this e-mail address")]
    EmailTaken,
    /// The request breaks rules; every one of them is listed.
    #[error("the request is not valid: {}", sentence(.0))]
    Invalid(Vec<FieldError>),
    /// Too many failed sign-ins.
    #[error("too many failed sign-ins; try again in {retry_after_s} s")]
    Throttled {
        /// Seconds, at least one.
        retry_after_s: u64,
    },
    /// As many passwords are being checked as this process checks at once.
    #[error("too many sign-ins at once; try again in {retry_after_s} s")]
    Busy {
        /// Seconds, at least one.
        retry_after_s: u64,
    },
    /// The caller may not do this.
    #[error("{0}")]
    Forbidden(Forbidden),
    /// There is no such thing.
    #[error("there is no such {0}")]
    NotFound(&'static str),
    /// It would leave the installation without an active administrator.
    #[error("the last active administrator cannot lose the role or be deactivated")]
    LastAdmin,
    /// The link to claim the installation is not valid, or was used.
    #[error("the link is not valid any more")]
    ClaimInvalid,
    /// There is an administrator already.
    #[error("this installation has an administrator already")]
    AlreadyClaimed,
    /// The request was carried out before; the secret that it made was shown then.
    #[error("the secret was shown when the request was first answered")]
    SecretShownBefore,
    /// An account did not carry a command out.
    #[error("the account did not carry out the command")]
    Account(#[source] CommandError<AccountError>),
    /// The list of invitations did not carry a command out.
    #[error("the list of invitations did not carry out the command")]
    Invitations(#[source] CommandError<InvitationError>),
    /// The log could not be read.
    #[error("the event log cannot be read")]
    Log(#[from] events::log::ReadError),
    /// A read model has not yet seen what was written.
    #[error(transparent)]
    Behind(#[from] WaitError),
    /// A read model could not be read.
    #[error("the read models cannot be read")]
    Query(#[from] QueryError),
    /// No connection to the database in time.
    #[error("no connection to the database")]
    Pool(#[from] deadpool_postgres::PoolError),
    /// No connection of its own to the database.
    #[error("no connection to the database")]
    Connect(#[from] events::log::ConnectError),
    /// The database refused or the connection broke.
    #[error("{operation} failed")]
    Database {
        /// What was attempted.
        operation: &'static str,
        /// What the database said.
        #[source]
        source: tokio_postgres::Error,
    },
    /// There is no key to sign or verify access tokens with.
    #[error("the keys of access tokens cannot be used")]
    Keys(#[from] KeyError),
    /// An access token could not be signed.
    #[error("an access token could not be signed")]
    Signing(#[source] jsonwebtoken::errors::Error),
    /// A password could not be hashed.
    #[error("a password could not be hashed")]
    Hash(#[source] HashError),
}

/// Why a token or key is not accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
pub enum TokenError {
    /// It is not one of ours: another shape, signature, key, algorithm, issuer or audience.
    #[error("the token is not valid")]
    Forged,
    /// It was one of ours once.
    #[error("the token has expired")]
    Expired,
    /// Its session or key was ended, or its account deactivated.
    #[error("the token was revoked")]
    Revoked,
    /// It is a refresh token that was used before; its session is ended now.
    #[error("the refresh token was used before, so its session was ended")]
    Reused,
}

/// Why the caller may not do something.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
pub enum Forbidden {
    /// Only administrators may.
    #[error("only administrators may do this")]
    NotAdmin,
    /// Only operators and administrators may.
    #[error("only operators and administrators may do this")]
    NotOperator,
    /// Only the account's owner may, signed in: not an API key, and not an administrator who acts as the account.
    #[error("this needs the account's owner, signed in with a password")]
    NotOwner,
    /// The caller does not act as another account.
    #[error("you do not act as another account")]
    NotImpersonating,
}

impl IdentityError {
    /// Wraps a database error with the operation that met it.
    pub(super) fn during(operation: &'static str) -> impl FnOnce(tokio_postgres::Error) -> Self {
        move |source| Self::Database { operation, source }
    }

    /// A command that an account refused because of a rule of the request, or did not carry out.
    pub(super) fn account(error: CommandError<AccountError>) -> Self {
        match error {
            CommandError::Refused(AccountError::Invalid(errors)) => Self::Invalid(errors),
            CommandError::Refused(AccountError::NotRegistered) => Self::NotFound("account"),
            CommandError::Refused(AccountError::AlreadyRegistered) => Self::EmailTaken,
            CommandError::Refused(AccountError::Inactive) => Self::Token(TokenError::Revoked),
            CommandError::Refused(AccountError::NoApiKey) => Self::NotFound("API key"),
            CommandError::Refused(
                AccountError::OtherCredential
                | AccountError::NoSession
                | AccountError::RefreshSpent
                | AccountError::RefreshUnknown
                | AccountError::TooManyApiKeys
                | AccountError::ScopeAboveRole(_)
                | AccountError::ImpersonationOfAdmin,
            )
            | CommandError::Overloaded { .. }
            | CommandError::Unavailable { .. }
            | CommandError::Unknown { .. }
            | CommandError::Quarantined { .. }
            | CommandError::Failed { .. }
            | CommandError::IdempotencyMismatch
            | CommandError::Conflict { .. }
            | CommandError::OtherVersion { .. }
            | CommandError::DeadlineExceeded { .. } => Self::Account(error),
        }
    }
}

impl From<HashError> for IdentityError {
    fn from(error: HashError) -> Self {
        match error {
            HashError::Busy => Self::Busy { retry_after_s: 1 },
            HashError::Parameters(_) | HashError::Failed => Self::Hash(error),
        }
    }
}
