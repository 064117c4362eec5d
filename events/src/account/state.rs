//! What is known of an account: bounded, because what is over is forgotten.

use std::collections::{BTreeMap, VecDeque};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::command::SPENT_MAX;
use super::events::{
    AccountEvent, AccountRegistered, ApiKeyCreated, ImpersonationStarted, SessionOpened, SessionRefreshed,
};
use super::{Access, Email, Role, TokenHash};
use crate::{ApiKeyId, CredentialId, Principal, SessionId};

/// An account that exists.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RegisteredAccount {
    /// Its address.
    pub email: Email,
    /// The person's name.
    pub full_name: String,
    /// What it may do.
    pub role: Role,
    /// Under which name its commands are recorded.
    pub principal: Principal,
    /// Whether it may sign in.
    pub active: bool,
    /// The password hash in force, by name.
    pub credential_id: Option<CredentialId>,
    /// Its sessions that are not over.
    pub sessions: BTreeMap<SessionId, Session>,
    /// Its API keys that are neither revoked nor known to be expired.
    pub api_keys: BTreeMap<ApiKeyId, Option<Timestamp>>,
}

/// A session that is not over.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Session {
    /// When it was opened (UTC).
    pub opened_at: Timestamp,
    /// When it ends (UTC).
    pub expires_at: Timestamp,
    /// What it is.
    pub kind: SessionKind,
}

/// What a session is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SessionKind {
    /// The account's owner signed in.
    Own {
        /// The refresh token that counts.
        refresh_hash: TokenHash,
        /// The ones that counted before it, the newest last.
        spent: VecDeque<TokenHash>,
    },
    /// An administrator acts as the account.
    Impersonation {
        /// What that allows.
        access: Access,
    },
}

impl RegisteredAccount {
    pub(super) fn of(registered: &AccountRegistered) -> Self {
        Self {
            email: registered.email.clone(),
            full_name: registered.full_name.clone(),
            role: registered.role,
            principal: registered.principal.clone(),
            active: true,
            credential_id: None,
            sessions: BTreeMap::new(),
            api_keys: BTreeMap::new(),
        }
    }

    /// Sessions in which the account's owner signed in, oldest first.
    pub fn own_sessions(&self) -> Vec<SessionId> {
        self.oldest_first(|kind| matches!(kind, SessionKind::Own { .. }))
    }

    /// Sessions in which an administrator acts as the account, oldest first.
    pub fn impersonations(&self) -> Vec<SessionId> {
        self.oldest_first(|kind| matches!(kind, SessionKind::Impersonation { .. }))
    }

    fn oldest_first(&self, is_wanted: fn(&SessionKind) -> bool) -> Vec<SessionId> {
        let wanted = self.sessions.iter().filter(|(_, session)| is_wanted(&session.kind));
        let mut found: Vec<_> = wanted.map(|(id, session)| (session.opened_at, *id)).collect();
        found.sort_unstable();
        found.into_iter().map(|(_, id)| id).collect()
    }

    pub(super) fn evolve(&mut self, event: &AccountEvent) {
        match event {
            // An account is registered once; what follows folds the rest.
            AccountEvent::AccountRegistered(_) | AccountEvent::RefreshReused(_) => {}
            AccountEvent::PasswordSet(set) => self.credential_id = Some(set.credential_id),
            AccountEvent::SessionOpened(opened) => self.open(opened),
            AccountEvent::SessionRefreshed(refreshed) => self.refresh(refreshed),
            AccountEvent::SessionEnded(ended) => {
                self.sessions.remove(&ended.session_id);
            }
            AccountEvent::ApiKeyCreated(created) => self.create_key(created),
            AccountEvent::ApiKeyRevoked(revoked) => {
                self.api_keys.remove(&revoked.key_id);
            }
            AccountEvent::RoleChanged(changed) => self.role = changed.role,
            AccountEvent::AccountDeactivated(_) => self.active = false,
            AccountEvent::AccountReactivated(_) => self.active = true,
            AccountEvent::ImpersonationStarted(started) => self.impersonate(started),
            AccountEvent::ImpersonationEnded(ended) => {
                self.sessions.remove(&ended.session_id);
            }
        }
    }

    fn open(&mut self, opened: &SessionOpened) {
        self.forget_expired(opened.at);
        let kind = SessionKind::Own { refresh_hash: opened.refresh_hash, spent: VecDeque::new() };
        let session = Session { opened_at: opened.at, expires_at: opened.expires_at, kind };
        self.sessions.insert(opened.session_id, session);
    }

    fn refresh(&mut self, refreshed: &SessionRefreshed) {
        if let Some(session) = self.sessions.get_mut(&refreshed.session_id)
            && let SessionKind::Own { refresh_hash, spent } = &mut session.kind
        {
            spent.push_back(std::mem::replace(refresh_hash, refreshed.refresh_hash));
            while spent.len() > SPENT_MAX {
                spent.pop_front();
            }
            session.expires_at = refreshed.expires_at;
        }
        self.forget_expired(refreshed.at);
    }

    fn create_key(&mut self, created: &ApiKeyCreated) {
        self.forget_expired(created.at);
        self.api_keys.insert(created.key_id, created.expires_at);
    }

    fn impersonate(&mut self, started: &ImpersonationStarted) {
        self.forget_expired(started.at);
        let kind = SessionKind::Impersonation { access: started.access };
        let session = Session { opened_at: started.at, expires_at: started.expires_at, kind };
        self.sessions.insert(started.session_id, session);
    }

    fn forget_expired(&mut self, now: Timestamp) {
        self.sessions.retain(|_, session| session.expires_at > now);
        self.api_keys.retain(|_, expires_at| expires_at.is_none_or(|at| at > now));
    }
}
