//! Identifiers, one newtype each, so that one kind can never be passed for another.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use uuid::Uuid;

macro_rules! uuid_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(Uuid);

        impl $name {
            /// A new identifier; identifiers made later sort later (UUID version 7).
            #[expect(clippy::disallowed_methods, reason = "the one home of identifier generation")]
            pub fn generate() -> Self {
                Self(Uuid::now_v7())
            }

            /// The identifier that always follows from the same `parts` (UUID version 8 over SHA-256).
            pub fn derived(parts: &[&[u8]]) -> Self {
                Self(derived_uuid(stringify!($name), parts))
            }

            /// The identifier as a plain UUID, for storage.
            pub const fn uuid(self) -> Uuid {
                self.0
            }

            /// The identifier that `uuid` stands for.
            pub const fn from_uuid(uuid: Uuid) -> Self {
                Self(uuid)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(formatter)
            }
        }

        impl FromStr for $name {
            type Err = uuid::Error;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                Uuid::parse_str(text).map(Self)
            }
        }
    };
}

/// Each part is preceded by its length, so that no two lists of parts share their bytes.
pub(crate) fn derived_uuid(kind: &str, parts: &[&[u8]]) -> Uuid {
    let mut hasher = Sha256::new();
    for part in std::iter::once(kind.as_bytes()).chain(parts.iter().copied()) {
        hasher.update((part.len() as u64).to_be_bytes());
        hasher.update(part);
    }
    let digest: [u8; 32] = hasher.finalize().into();
    let mut bytes = [0_u8; 16];
    bytes.copy_from_slice(digest.first_chunk::<16>().unwrap_or(&[0; 16]));
    Uuid::new_v8(bytes)
}

uuid_id! {
    /// A trading model: a user's trading configuration.
    ModelId
}
uuid_id! {
    /// One execution of a model over a range of bars.
    RunId
}
uuid_id! {
    /// An account: a person who can sign in. It follows from the normalised e-mail address.
    AccountId
}
uuid_id! {
    /// A session of an account: everything that came from one sign-in, however often it was refreshed.
    SessionId
}
uuid_id! {
    /// An API key of an account. Not a secret: it names the key, the key itself is longer.
    ApiKeyId
}
uuid_id! {
    /// A stored password hash. Events name it; the hash itself is kept beside the log, where it can be deleted.
    CredentialId
}
uuid_id! {
    /// A portfolio: positions, capital and targets that are valued together.
    PortfolioId
}
uuid_id! {
    /// One lot of a portfolio: what was bought or sold short at one time, at one price.
    PositionId
}
uuid_id! {
    /// A contribution to or a withdrawal from a portfolio.
    EquityChangeId
}
uuid_id! {
    /// A tag: an owner's own word for some of their positions.
    TagId
}
uuid_id! {
    /// The target prices of one symbol and position type of a portfolio.
    TargetId
}
uuid_id! {
    /// A calculation of a portfolio's snapshots that somebody asked for.
    CalculationId
}
uuid_id! {
    /// Something that an operator does to an installation.
    OperationId
}
uuid_id! {
    /// A command; the same identifier sent twice has one effect and one answer.
    CommandId
}
uuid_id! {
    /// One life of the event log: restoring or cutting back a log gives it a new epoch.
    EpochId
}

/// Who owns a stream, as a partition of the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Tenant(pub i32);

impl Tenant {
    /// The tenant of an installation that serves one owner.
    pub const LOCAL: Self = Self(1);
}

/// Who sent a command, as recorded in the metadata of the events it caused.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Principal(pub String);

impl Principal {
    /// The owner of an installation without accounts.
    pub fn local_owner() -> Self {
        Self("local".to_owned())
    }

    /// tapedeck itself, for what no person asked for (a run's next bars, a worker's resumption).
    pub fn system() -> Self {
        Self("system".to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn derived_ids_depend_on_every_part_and_on_where_parts_end() {
        let one = RunId::derived(&[b"ab", b"c"]);
        assert_eq!(one, RunId::derived(&[b"ab", b"c"]));
        assert_ne!(one, RunId::derived(&[b"a", b"bc"]));
        assert_ne!(one.uuid(), ModelId::derived(&[b"ab", b"c"]).uuid());
    }

    #[test]
    fn ids_read_back_from_their_text() {
        let id = RunId::generate();
        assert_eq!(id.to_string().parse(), Ok(id));
    }
}
