//! What administrators do: accounts, invitations, impersonation, and the record of all of it.

pub mod acts;
pub mod impersonation;
pub mod invitations;
pub mod sessions;
pub mod stats;
pub mod users;

use super::body::{FromMembers, Members};

/// Why an administrator does something, for the record.
#[derive(Debug)]
pub struct Reason(pub String);

impl FromMembers for Reason {
    const MAY_BE_EMPTY: bool = true;

    fn read(members: &mut Members) -> Option<Self> {
        Some(Self(members.optional("reason").unwrap_or_default()))
    }
}

/// Why, for the record.
#[derive(Debug, utoipa::ToSchema)]
#[expect(dead_code, reason = "describes what FromMembers reads")]
pub struct ReasonBody {
    /// In the words of who does it, up to 500 characters.
    #[schema(example = "left the company")]
    reason: Option<String>,
}
