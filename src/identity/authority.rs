//! What an authenticated caller is, and the proofs that it may do what needs more.

use events::account::{Access, Act, Origin, Role, Scope, Scopes};
use events::{AccountId, ApiKeyId, Principal, SessionId};
use jiff::Timestamp;

use super::{Forbidden, IdentityError};

/// A caller whose credential is valid at this moment.
#[derive(Debug, Clone, PartialEq)]
pub struct Authenticated {
    /// The account.
    pub account_id: AccountId,
    /// Under which name its commands are recorded and what it owns is kept.
    pub principal: Principal,
    /// What the account may do, as it is now.
    pub role: Role,
    /// What this credential may be used for, as the role is now.
    pub scopes: Scopes,
    /// What it was authenticated by.
    pub via: Via,
    /// The administrator behind it, where one acts as the account.
    pub impersonated_by: Option<Impersonator>,
    /// When the credential ends (UTC): the session, which may be refreshed, or the key; never, where absent.
    pub expires_at: Option<Timestamp>,
}

/// What a caller was authenticated by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Via {
    /// An access token or ticket of a session.
    Session(SessionId),
    /// An API key.
    ApiKey(ApiKeyId),
}

/// An administrator who acts as another account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Impersonator {
    /// The administrator's account.
    pub account_id: AccountId,
    /// Under which name the administrator's own commands are recorded.
    pub principal: Principal,
    /// What the impersonation allows.
    pub access: Access,
}

impl Authenticated {
    /// The session, where it is one.
    pub fn session_id(&self) -> Option<SessionId> {
        match self.via {
            Via::Session(session) => Some(session),
            Via::ApiKey(_) => None,
        }
    }

    /// Whether this credential may be used for `scope`.
    pub fn may(&self, scope: Scope) -> bool {
        self.scopes.contains(&scope)
    }

    /// Proof that the caller is an administrator with a credential that administers, and nobody who acts as one.
    pub fn admin(&self, from: Origin) -> Result<Admin, IdentityError> {
        let is_admin = self.role == Role::Admin && self.may(Scope::Admin) && self.impersonated_by.is_none();
        if !is_admin {
            return Err(IdentityError::Forbidden(Forbidden::NotAdmin));
        }
        Ok(Admin { principal: self.principal.clone(), session_id: self.session_id(), from })
    }

    /// Proof that the caller is an operator or administrator with a credential that administers, and nobody who acts as one.
    pub fn operator(&self, from: Origin) -> Result<Operator, IdentityError> {
        let operates = matches!(self.role, Role::Operator | Role::Admin);
        if !operates || !self.may(Scope::Admin) || self.impersonated_by.is_some() {
            return Err(IdentityError::Forbidden(Forbidden::NotOperator));
        }
        Ok(Operator { principal: self.principal.clone(), from })
    }

    /// Proof that the caller is the account's owner, signed in: who may change how the account is entered.
    pub fn owner(&self) -> Result<Owner, IdentityError> {
        match (self.via, &self.impersonated_by) {
            (Via::Session(session_id), None) => {
                Ok(Owner { account_id: self.account_id, principal: self.principal.clone(), session_id })
            }
            (Via::Session(_) | Via::ApiKey(_), _) => Err(IdentityError::Forbidden(Forbidden::NotOwner)),
        }
    }
}

/// An administrator at work. Holding one means that it was checked.
#[derive(Debug, Clone, PartialEq)]
pub struct Admin {
    pub(super) principal: Principal,
    pub(super) session_id: Option<SessionId>,
    pub(super) from: Origin,
}

impl Admin {
    /// Whoever can run commands on the machine of an installation administers it.
    pub fn at_the_machine() -> Self {
        Self { principal: Principal::local_owner(), session_id: None, from: Origin::default() }
    }

    /// Under which name the administrator's commands are recorded.
    pub fn principal(&self) -> &Principal {
        &self.principal
    }

    /// An act of this administrator.
    pub(super) fn act(&self, reason: &str) -> Act {
        Act::of(self.principal.clone(), reason, self.from.clone())
    }
}

/// An operator at work. Holding one means that it was checked.
#[derive(Debug, Clone, PartialEq)]
pub struct Operator {
    principal: Principal,
    from: Origin,
}

impl Operator {
    /// Whoever can run commands on the machine of an installation operates it.
    pub fn at_the_machine() -> Self {
        Self { principal: Principal::local_owner(), from: Origin::default() }
    }

    /// Under which name the operator's commands are recorded.
    pub fn principal(&self) -> &Principal {
        &self.principal
    }

    /// An act of this operator.
    pub(crate) fn act(&self, reason: &str) -> Act {
        Act::of(self.principal.clone(), reason, self.from.clone())
    }
}

/// The owner of an account, signed in. Holding one means that it was checked.
#[derive(Debug, Clone, PartialEq)]
pub struct Owner {
    pub(super) account_id: AccountId,
    pub(super) principal: Principal,
    pub(super) session_id: SessionId,
}

impl Owner {
    /// The account.
    pub fn account_id(&self) -> AccountId {
        self.account_id
    }
}
