//! People and what they may do.

use serde::{Deserialize, Serialize};

/// What an account may do beyond its own affairs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Nothing.
    User,
    /// Reads and verifies every stream.
    Auditor,
    /// The same, and tends the installation.
    Operator,
    /// Everything, also accounts.
    Admin,
}

impl Role {
    /// Whether it sees every stream of the log.
    pub const fn oversees(self) -> bool {
        matches!(self, Self::Auditor | Self::Operator | Self::Admin)
    }

    /// Whether it tends the installation.
    pub const fn operates(self) -> bool {
        matches!(self, Self::Operator | Self::Admin)
    }
}
