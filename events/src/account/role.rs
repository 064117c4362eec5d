//! What an account may do.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

/// What kind of user an account is. It is read anew for every request; no token carries it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Works with what is their own.
    User,
    /// Reads and verifies streams, whoever owns them; changes nothing.
    Auditor,
    /// Works with what is their own, and looks after actors, projections and queues.
    Operator,
    /// Everything, accounts included.
    Admin,
}

/// What a credential may be used for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Scope {
    /// Read.
    Read,
    /// Create and change what is the account's own.
    Trade,
    /// Administer, as far as the role allows.
    Admin,
}

/// What a credential may be used for, all of it.
pub type Scopes = BTreeSet<Scope>;

impl Role {
    /// All of them, the weakest first.
    pub const ALL: [Self; 4] = [Self::User, Self::Auditor, Self::Operator, Self::Admin];

    /// The name used in the API and the database.
    pub const fn name(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::Auditor => "auditor",
            Self::Operator => "operator",
            Self::Admin => "admin",
        }
    }

    /// Whether it sees every stream of the log.
    pub const fn oversees(self) -> bool {
        matches!(self, Self::Auditor | Self::Operator | Self::Admin)
    }

    /// What this role may do at most; a key of the account never may more.
    pub fn scopes(self) -> Scopes {
        match self {
            Self::User => [Scope::Read, Scope::Trade].into(),
            Self::Auditor => [Scope::Read].into(),
            Self::Operator | Self::Admin => Scope::ALL.into(),
        }
    }
}

impl Scope {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Read, Self::Trade, Self::Admin];

    /// The name used in the API and the database.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Trade => "trade",
            Self::Admin => "admin",
        }
    }

    /// The scope of this name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|scope| scope.name() == name)
    }
}

impl std::fmt::Display for Role {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.pad(self.name())
    }
}

/// The text is not the name of a role.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be user, auditor, operator or admin")]
pub struct UnknownRole;

impl std::str::FromStr for Role {
    type Err = UnknownRole;

    fn from_str(text: &str) -> Result<Self, UnknownRole> {
        Self::ALL.into_iter().find(|role| role.name() == text).ok_or(UnknownRole)
    }
}
