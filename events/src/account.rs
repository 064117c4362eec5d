//! An account: a person who can sign in, with its role, sessions and API keys.
//!
//! Passwords and tokens are no facts of the log, which is never changed and read by auditors: events name a password's
//! hash by its id and carry fingerprints of tokens that are random and long.

mod act;
mod command;
mod decide;
mod email;
mod events;
mod role;
mod state;
#[cfg(test)]
mod tests;

use serde::{Deserialize, Serialize};

pub use act::{ACT_REASON_CHARS_MAX, Act, InvalidTokenHash, Origin, TokenHash, USER_AGENT_CHARS_MAX};
pub use command::{
    API_KEYS_MAX, AccountCommand, AccountError, FULL_NAME_CHARS_MAX, IMPERSONATIONS_MAX, KEY_NAME_CHARS_MAX,
    NewApiKey, NewImpersonation, NewSession, Registration, SESSIONS_MAX, SPENT_MAX,
};
pub use email::{EMAIL_BYTES_MAX, Email, InvalidEmail};
pub use events::{
    Access, AccountDeactivated, AccountEvent, AccountReactivated, AccountRegistered, ApiKeyCreated,
    ApiKeyRevoked, Entry, ImpersonationEnded, ImpersonationStarted, PasswordReason, PasswordSet,
    RefreshReused, RoleChanged, SessionEnd, SessionEnded, SessionOpened, SessionRefreshed,
};
pub use role::{Role, Scope, Scopes, UnknownRole};
pub use state::{RegisteredAccount, Session, SessionKind};

use crate::Decider;

/// A person who can sign in.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Account {
    /// Nobody signed up with this address.
    #[default]
    Unregistered,
    /// It exists.
    Registered(Box<RegisteredAccount>),
}

impl Account {
    /// The account, if it exists.
    pub fn registered(&self) -> Option<&RegisteredAccount> {
        match self {
            Self::Registered(account) => Some(account),
            Self::Unregistered => None,
        }
    }
}

impl Decider for Account {
    const CATEGORY: &'static str = "account";
    const FOLD: u32 = 1;
    type Command = AccountCommand;
    type Event = AccountEvent;
    type Error = AccountError;

    fn decide(&self, command: AccountCommand) -> Result<Vec<AccountEvent>, AccountError> {
        match (self, command) {
            (Self::Unregistered, AccountCommand::Register(new)) => decide::register(*new),
            (Self::Unregistered, _) => Err(AccountError::NotRegistered),
            (Self::Registered(account), command) => account.decide(command),
        }
    }

    fn evolve(&mut self, event: &AccountEvent) {
        match (&mut *self, event) {
            (Self::Unregistered, AccountEvent::AccountRegistered(registered)) => {
                *self = Self::Registered(Box::new(RegisteredAccount::of(registered)));
            }
            (Self::Registered(account), event) => account.evolve(event),
            // History is never refused: an event out of place changes nothing.
            (Self::Unregistered, _) => {}
        }
    }
}

impl RegisteredAccount {
    fn decide(&self, command: AccountCommand) -> Result<Vec<AccountEvent>, AccountError> {
        match command {
            AccountCommand::Register(_) => Err(AccountError::AlreadyRegistered),
            AccountCommand::SetPassword { credential_id, instead_of, why, keep } => {
                self.set_password(credential_id, instead_of, why, keep)
            }
            AccountCommand::OpenSession(new) => self.open_session(*new),
            AccountCommand::RefreshSession { session_id, presented, next, expires_at, at } => {
                self.refresh_session(session_id, presented, next, expires_at, at)
            }
            AccountCommand::ReportReuse { session_id, presented, from } => {
                self.report_reuse(session_id, presented, from)
            }
            AccountCommand::EndSession { session_id, why, act } => self.end_session(session_id, why, act),
            AccountCommand::EndSessions { keep, why, act } => Ok(self.ending(keep, why, act.as_ref())),
            AccountCommand::CreateApiKey(new) => self.create_api_key(*new),
            AccountCommand::RevokeApiKey { key_id, act } => self.revoke_api_key(key_id, act),
            AccountCommand::ChangeRole { role, act } => self.change_role(role, act),
            AccountCommand::Deactivate { act } => self.deactivate(act),
            AccountCommand::Reactivate { act } => self.reactivate(act),
            AccountCommand::StartImpersonation(new) => self.start_impersonation(*new),
            AccountCommand::EndImpersonation { session_id, act } => self.end_impersonation(session_id, act),
        }
    }
}
