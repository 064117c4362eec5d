//! What follows from a command to an account that exists.

use jiff::Timestamp;

use super::command::{
    API_KEYS_MAX, AccountError, FULL_NAME_CHARS_MAX, IMPERSONATIONS_MAX, KEY_NAME_CHARS_MAX, NewApiKey,
    NewImpersonation, NewSession, Registration, SESSIONS_MAX,
};
use super::events::{
    AccountDeactivated, AccountEvent, AccountReactivated, AccountRegistered, ApiKeyCreated, ApiKeyRevoked,
    ImpersonationEnded, ImpersonationStarted, PasswordReason, PasswordSet, RefreshReused, RoleChanged,
    SessionEnd, SessionEnded, SessionOpened, SessionRefreshed,
};
use super::state::{RegisteredAccount, SessionKind};
use super::{Act, Origin, Role, TokenHash};
use crate::policy::FieldError;
use crate::text::clean;
use crate::{ApiKeyId, CredentialId, SessionId};

type Decision = Result<Vec<AccountEvent>, AccountError>;

/// The events of a new account.
pub(super) fn register(new: Registration) -> Decision {
    let full_name = named("full_name", &new.full_name, FULL_NAME_CHARS_MAX)?;
    Ok(vec![
        AccountEvent::AccountRegistered(AccountRegistered {
            email: new.email,
            full_name,
            role: new.role,
            principal: new.principal,
            entry: new.entry,
            from: new.from,
        }),
        AccountEvent::PasswordSet(PasswordSet {
            credential_id: new.credential_id,
            why: PasswordReason::SignUp,
        }),
    ])
}

/// A name without spaces around it.
fn named(field: &str, text: &str, chars_max: usize) -> Result<String, AccountError> {
    let name = text.trim();
    let length = name.chars().count();
    let broken = if name.is_empty() {
        FieldError::new(field, "required", "must not be empty")
    } else if length > chars_max {
        FieldError::new(field, "too_long", format!("at most {chars_max} characters, not {length}"))
    } else if name.chars().any(char::is_control) {
        FieldError::new(field, "invalid", "must not contain control characters")
    } else {
        return Ok(name.to_owned());
    };
    Err(AccountError::Invalid(vec![broken]))
}

fn ended(session_id: SessionId, why: SessionEnd, act: Option<Act>) -> AccountEvent {
    AccountEvent::SessionEnded(SessionEnded { session_id, why, act })
}

impl RegisteredAccount {
    pub(super) fn set_password(
        &self,
        credential_id: CredentialId,
        instead_of: CredentialId,
        why: PasswordReason,
        keep: Option<SessionId>,
    ) -> Decision {
        if self.credential_id != Some(instead_of) {
            return Err(AccountError::OtherCredential);
        }
        let mut events = vec![AccountEvent::PasswordSet(PasswordSet { credential_id, why })];
        match why {
            PasswordReason::Changed => {
                events.extend(self.ending(keep, SessionEnd::PasswordChanged, None));
            }
            // Nobody chose another password: nobody is sent away.
            PasswordReason::SignUp | PasswordReason::Rehashed => {}
        }
        Ok(events)
    }

    pub(super) fn open_session(&self, new: NewSession) -> Decision {
        if !self.active {
            return Err(AccountError::Inactive);
        }
        if self.credential_id != Some(new.credential_id) {
            return Err(AccountError::OtherCredential);
        }
        // As many as are left without the new one.
        let surplus = self.surplus(self.own_sessions(), SESSIONS_MAX, new.at);
        let mut events: Vec<_> =
            surplus.into_iter().map(|id| ended(id, SessionEnd::Superseded, None)).collect();
        events.push(AccountEvent::SessionOpened(SessionOpened {
            session_id: new.session_id,
            refresh_hash: new.refresh_hash,
            expires_at: new.expires_at,
            from: new.from,
            at: new.at,
        }));
        Ok(events)
    }

    /// Those of `sessions`, the oldest first, that must end for one more to be among `max`.
    fn surplus(&self, sessions: Vec<SessionId>, max: usize, at: Timestamp) -> Vec<SessionId> {
        let is_live = |id: &SessionId| self.sessions.get(id).is_some_and(|session| session.expires_at > at);
        let mut live: Vec<_> = sessions.into_iter().filter(is_live).collect();
        live.truncate((live.len() + 1).saturating_sub(max));
        live
    }

    pub(super) fn refresh_session(
        &self,
        session_id: SessionId,
        presented: TokenHash,
        next: TokenHash,
        expires_at: Timestamp,
        at: Timestamp,
    ) -> Decision {
        if !self.active {
            return Err(AccountError::Inactive);
        }
        let session = self.sessions.get(&session_id).filter(|session| session.expires_at > at);
        match session.map(|session| &session.kind) {
            Some(SessionKind::Own { refresh_hash, .. }) if *refresh_hash == presented => {
                let refreshed = SessionRefreshed { session_id, refresh_hash: next, expires_at, at };
                Ok(vec![AccountEvent::SessionRefreshed(refreshed)])
            }
            Some(SessionKind::Own { spent, .. }) if spent.contains(&presented) => {
                Err(AccountError::RefreshSpent)
            }
            Some(SessionKind::Own { .. }) => Err(AccountError::RefreshUnknown),
            // An impersonation ends when it ends.
            Some(SessionKind::Impersonation { .. }) | None => Err(AccountError::NoSession),
        }
    }

    pub(super) fn report_reuse(&self, session_id: SessionId, presented: TokenHash, from: Origin) -> Decision {
        match self.sessions.get(&session_id).map(|session| &session.kind) {
            Some(SessionKind::Own { spent, .. }) if spent.contains(&presented) => Ok(vec![
                AccountEvent::RefreshReused(RefreshReused { session_id, from }),
                ended(session_id, SessionEnd::RefreshReused, None),
            ]),
            // Over already, or never spent: there is nothing to end.
            Some(_) | None => Ok(vec![]),
        }
    }

    pub(super) fn end_session(&self, session_id: SessionId, why: SessionEnd, act: Option<Act>) -> Decision {
        match self.sessions.contains_key(&session_id) {
            true => Ok(vec![ended(session_id, why, act)]),
            false => Ok(vec![]),
        }
    }

    /// The ends of all sessions but `keep`.
    pub(super) fn ending(
        &self,
        keep: Option<SessionId>,
        why: SessionEnd,
        act: Option<&Act>,
    ) -> Vec<AccountEvent> {
        let others = self.sessions.keys().filter(|id| Some(**id) != keep);
        others.map(|id| ended(*id, why, act.cloned())).collect()
    }

    pub(super) fn create_api_key(&self, new: NewApiKey) -> Decision {
        if !self.active {
            return Err(AccountError::Inactive);
        }
        let mut broken = Vec::new();
        let name = match named("name", &new.name, KEY_NAME_CHARS_MAX) {
            Ok(name) => name,
            Err(AccountError::Invalid(errors)) => {
                broken.extend(errors);
                String::new()
            }
            Err(other) => return Err(other),
        };
        if new.scopes.is_empty() {
            broken.push(FieldError::new("scopes", "required", "at least one"));
        }
        if new.expires_at.is_some_and(|at| at <= new.at) {
            broken.push(FieldError::new("expires_at", "out_of_range", "must be in the future"));
        }
        if !broken.is_empty() {
            return Err(AccountError::Invalid(broken));
        }
        let allowed = self.role.scopes();
        if let Some(scope) = new.scopes.iter().find(|scope| !allowed.contains(scope)) {
            return Err(AccountError::ScopeAboveRole(*scope));
        }
        let live = self.api_keys.values().filter(|expires_at| expires_at.is_none_or(|at| at > new.at));
        if live.count() >= API_KEYS_MAX {
            return Err(AccountError::TooManyApiKeys);
        }
        Ok(vec![AccountEvent::ApiKeyCreated(ApiKeyCreated {
            key_id: new.key_id,
            name,
            key_hash: new.key_hash,
            prefix: clean(&new.prefix, KEY_NAME_CHARS_MAX),
            scopes: new.scopes,
            expires_at: new.expires_at,
            at: new.at,
        })])
    }

    pub(super) fn revoke_api_key(&self, key_id: ApiKeyId, act: Option<Act>) -> Decision {
        match self.api_keys.contains_key(&key_id) {
            true => Ok(vec![AccountEvent::ApiKeyRevoked(ApiKeyRevoked { key_id, act })]),
            false => Ok(vec![]),
        }
    }

    pub(super) fn change_role(&self, role: Role, act: Act) -> Decision {
        if role == self.role {
            return Ok(vec![]);
        }
        let mut events = Vec::new();
        if role == Role::Admin {
            // Nobody acts as an administrator, also not who began before it was one.
            let impersonations = self.impersonations().into_iter();
            events.extend(impersonations.map(|session_id| {
                AccountEvent::ImpersonationEnded(ImpersonationEnded { session_id, act: act.clone() })
            }));
        }
        events.push(AccountEvent::RoleChanged(RoleChanged { role, before: self.role, act }));
        Ok(events)
    }

    pub(super) fn deactivate(&self, act: Act) -> Decision {
        if !self.active {
            return Ok(vec![]);
        }
        let mut events = self.ending(None, SessionEnd::Deactivated, None);
        events.push(AccountEvent::AccountDeactivated(AccountDeactivated { act }));
        Ok(events)
    }

    pub(super) fn reactivate(&self, act: Act) -> Decision {
        match self.active {
            true => Ok(vec![]),
            false => Ok(vec![AccountEvent::AccountReactivated(AccountReactivated { act })]),
        }
    }

    pub(super) fn start_impersonation(&self, new: NewImpersonation) -> Decision {
        if !self.active {
            return Err(AccountError::Inactive);
        }
        if self.role == Role::Admin {
            return Err(AccountError::ImpersonationOfAdmin);
        }
        if new.act.reason.is_empty() {
            let broken = FieldError::new("reason", "required", "must not be empty");
            return Err(AccountError::Invalid(vec![broken]));
        }
        let surplus = self.surplus(self.impersonations(), IMPERSONATIONS_MAX, new.at);
        let mut events: Vec<_> =
            surplus.into_iter().map(|id| ended(id, SessionEnd::Superseded, None)).collect();
        events.push(AccountEvent::ImpersonationStarted(ImpersonationStarted {
            session_id: new.session_id,
            admin_session_id: new.admin_session_id,
            act: new.act,
            access: new.access,
            expires_at: new.expires_at,
            at: new.at,
        }));
        Ok(events)
    }

    pub(super) fn end_impersonation(&self, session_id: SessionId, act: Act) -> Decision {
        match self.impersonations().contains(&session_id) {
            true => Ok(vec![AccountEvent::ImpersonationEnded(ImpersonationEnded { session_id, act })]),
            false => Ok(vec![]),
        }
    }
}
