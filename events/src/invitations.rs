//! The list of invitations: who may sign up, and with which role.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::Decider;
use crate::account::{Act, Email, Role};

/// The key of the one list of an installation.
pub const INVITATIONS_KEY: &str = "list";
/// Most addresses on the list.
pub const INVITATIONS_MAX: usize = 10_000;

crate::events! {
    /// What happened to the list of invitations.
    pub enum InvitationEvent {
        /// An address may sign up.
        InvitationAdded(InvitationAdded) = 1,
        /// It would get another role.
        InvitationChanged(InvitationChanged) = 1,
        /// It may not sign up any more; an account that it made stays.
        InvitationRemoved(InvitationRemoved) = 1,
    }
}

/// An address may sign up.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct InvitationAdded {
    /// The address.
    pub email: Email,
    /// The role that its account gets.
    pub role: Role,
    /// Who invited it.
    pub act: Act,
}

/// An invited address would get another role.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct InvitationChanged {
    /// The address.
    pub email: Email,
    /// The role that its account gets now.
    pub role: Role,
    /// Who changed it.
    pub act: Act,
}

/// An address may not sign up any more.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct InvitationRemoved {
    /// The address.
    pub email: Email,
    /// Who removed it.
    pub act: Act,
}

/// What the list is asked to do.
#[derive(Debug, Clone)]
pub enum InvitationCommand {
    /// Invite an address, or give its invitation another role.
    Put {
        /// The address.
        email: Email,
        /// The role that its account gets.
        role: Role,
        /// Who asks.
        act: Act,
    },
    /// Take an invitation back; taking it back twice is taking it back once.
    Remove {
        /// The address.
        email: Email,
        /// Who asks.
        act: Act,
    },
}

/// The broken rule of a command to the list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvitationError {
    /// The list is full.
    #[error("there are at most {INVITATIONS_MAX} invitations")]
    Full,
}

/// The list: invited addresses in the form in which they are compared.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Invitations(BTreeMap<String, Role>);

impl Invitations {
    /// The role that an account of this address would get, if it is invited.
    pub fn role_of(&self, email: &Email) -> Option<Role> {
        self.0.get(email.normalised()).copied()
    }
}

impl Decider for Invitations {
    const CATEGORY: &'static str = "invitations";
    const FOLD: u32 = 1;
    type Command = InvitationCommand;
    type Event = InvitationEvent;
    type Error = InvitationError;

    fn decide(&self, command: InvitationCommand) -> Result<Vec<InvitationEvent>, InvitationError> {
        Ok(match command {
            InvitationCommand::Put { email, role, act } => match self.role_of(&email) {
                Some(before) if before == role => vec![],
                Some(_) => {
                    vec![InvitationEvent::InvitationChanged(InvitationChanged { email, role, act })]
                }
                None if self.0.len() >= INVITATIONS_MAX => return Err(InvitationError::Full),
                None => vec![InvitationEvent::InvitationAdded(InvitationAdded { email, role, act })],
            },
            InvitationCommand::Remove { email, act } => match self.role_of(&email) {
                Some(_) => vec![InvitationEvent::InvitationRemoved(InvitationRemoved { email, act })],
                None => vec![],
            },
        })
    }

    fn evolve(&mut self, event: &InvitationEvent) {
        match event {
            InvitationEvent::InvitationAdded(added) => {
                self.0.insert(added.email.normalised().to_owned(), added.role);
            }
            InvitationEvent::InvitationChanged(changed) => {
                self.0.insert(changed.email.normalised().to_owned(), changed.role);
            }
            InvitationEvent::InvitationRemoved(removed) => {
                self.0.remove(removed.email.normalised());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Principal;
    use crate::account::Origin;
    use crate::testing::given;

    fn act() -> Act {
        Act::of(Principal("admin".to_owned()), "a colleague", Origin::default())
    }

    fn email(text: &str) -> Email {
        Email::parse(text).unwrap()
    }

    fn put(text: &str, role: Role) -> InvitationCommand {
        InvitationCommand::Put { email: email(text), role, act: act() }
    }

    fn added(text: &str, role: Role) -> InvitationEvent {
        InvitationEvent::InvitationAdded(InvitationAdded { email: email(text), role, act: act() })
    }

    #[test]
    fn an_address_is_invited_once_however_it_is_spelt() {
        let list = given::<Invitations>([added("ann@example.org", Role::Auditor)]);
        let outcome = list.when(put("Ann@Example.org", Role::Auditor)).then([]);
        assert_eq!(outcome.state().role_of(&email("ANN@example.org")), Some(Role::Auditor));
    }

    #[test]
    fn an_invitation_can_get_another_role_and_be_taken_back() {
        let changed = InvitationEvent::InvitationChanged(InvitationChanged {
            email: email("ann@example.org"),
            role: Role::Admin,
            act: act(),
        });
        let removal = InvitationCommand::Remove { email: email("ANN@example.org"), act: act() };
        let invited = || added("ann@example.org", Role::User);
        given::<Invitations>([invited()]).when(put("ann@example.org", Role::Admin)).then([changed]);
        let removed = InvitationEvent::InvitationRemoved(InvitationRemoved {
            email: email("ANN@example.org"),
            act: act(),
        });
        let outcome = given::<Invitations>([invited()]).when(removal.clone()).then([removed.clone()]);
        assert_eq!(outcome.state(), Invitations::default());
        given::<Invitations>([invited(), removed]).when(removal).then([]);
    }

    #[test]
    fn the_list_is_bounded() {
        let full = (0..INVITATIONS_MAX).map(|number| (format!("a{number}@example.org"), Role::User));
        let list = Invitations(full.collect());
        assert_eq!(list.decide(put("one-more@example.org", Role::User)), Err(InvitationError::Full));
        assert!(list.decide(put("a1@example.org", Role::Admin)).is_ok());
    }
}
