//! Signing up: an address, a password and a name become an account, if this installation lets them.

use actors::{CommandError, Receipt};
use events::account::{AccountCommand, AccountError, Email, Entry, FULL_NAME_CHARS_MAX, Registration, Role};
use events::policy::FieldError;
use events::{AccountId, CredentialId, Position, Principal};
use projections::{accounts, invitations};

use super::passwords::{Verdict, broken_rules};
use super::sign_in::Verified;
use super::{Asked, Identity, IdentityError, SignedIn, credentials};
use crate::config::{SecretText, SignUpMode};

/// A wish to have an account.
#[derive(Debug, Clone)]
pub struct SignUp {
    /// The address, in any spelling.
    pub email: String,
    /// The password.
    pub password: SecretText,
    /// The person's name.
    pub full_name: String,
}

/// A wish that keeps all rules that can be checked without looking anywhere.
pub(super) struct Checked {
    pub(super) email: Email,
    pub(super) password: SecretText,
    pub(super) full_name: String,
}

impl SignUp {
    /// The wish, or every rule that it breaks.
    pub(super) fn checked(self) -> Result<Checked, IdentityError> {
        let mut errors = broken_rules("password", self.password.expose());
        let full_name = self.full_name.trim().to_owned();
        let length = full_name.chars().count();
        if full_name.is_empty() {
            errors.push(FieldError::new("full_name", "required", "must not be empty"));
        } else if length > FULL_NAME_CHARS_MAX {
            let message = format!("at most {FULL_NAME_CHARS_MAX} characters, not {length}");
            errors.push(FieldError::new("full_name", "too_long", message));
        }
        match Email::parse(&self.email) {
            Ok(email) if errors.is_empty() => Ok(Checked { email, password: self.password, full_name }),
            Ok(_) => Err(IdentityError::Invalid(errors)),
            Err(invalid) => {
                errors.insert(0, invalid.in_field("email"));
                Err(IdentityError::Invalid(errors))
            }
        }
    }
}

impl Identity {
    /// Makes an account and signs it in. Repeated with the same command id and password, it signs in only.
    pub async fn sign_up(&self, wish: SignUp, asked: &Asked) -> Result<SignedIn, IdentityError> {
        let mode = self.config.identity.mode;
        if mode == SignUpMode::Closed {
            return Err(IdentityError::Closed);
        }
        let wish = wish.checked()?;
        let invited = invitations::find(&self.client().await?, &wish.email).await?;
        let (role, entry) = match (invited, mode) {
            (Some(invitation), _) => (invitation.role, Entry::Invited),
            (None, SignUpMode::Open) => (Role::User, Entry::Open),
            (None, SignUpMode::Invite | SignUpMode::Closed) => return Err(IdentityError::NotInvited),
        };
        let account_id = wish.email.account_id();
        let principal = Principal(account_id.to_string());
        self.register_and_open(wish, role, principal, entry, asked).await
    }

    /// Brings an account into being and signs it in.
    pub(super) async fn register_and_open(
        &self,
        wish: Checked,
        role: Role,
        principal: Principal,
        entry: Entry,
        asked: &Asked,
    ) -> Result<SignedIn, IdentityError> {
        let (account_id, password) = (wish.email.account_id(), wish.password.clone());
        let (position, made) = self.register(wish, role, principal.clone(), entry, asked).await?;
        self.shown(position).await?;
        let credential_id = match made {
            Some(made) => made,
            None => self.in_force(account_id, &password).await?.ok_or(IdentityError::EmailTaken)?,
        };
        let verified = Verified { account_id, principal, credential_id, outdated: false };
        self.open_session(&verified, &asked.afresh()).await
    }

    /// Brings an account into being; answers with its place in the log and, unless this command did it before, the name
    /// of its password hash.
    pub(super) async fn register(
        &self,
        wish: Checked,
        role: Role,
        principal: Principal,
        entry: Entry,
        asked: &Asked,
    ) -> Result<(Position, Option<CredentialId>), IdentityError> {
        let account_id = wish.email.account_id();
        self.check_free(&wish.email, asked).await?;
        let turn = self.hasher.turn().await?;
        let phc = self.hasher.hash(turn, wish.password.expose()).await?;
        let credential_id = CredentialId::generate();
        let now = events::time::now();
        credentials::insert(&**self.client().await?, credential_id, account_id, &phc, now).await?;
        let registration = Registration {
            email: wish.email,
            full_name: wish.full_name,
            role,
            principal: principal.clone(),
            entry,
            credential_id,
            from: asked.from.clone(),
        };
        let command = AccountCommand::Register(Box::new(registration));
        let registered = self.execute(account_id, command, &asked.without_fingerprint(), &principal).await;
        match registered {
            Ok(Receipt { position, duplicate: false, .. }) => Ok((position, Some(credential_id))),
            Ok(Receipt { position, .. }) => {
                credentials::delete(&**self.client().await?, credential_id).await?;
                Ok((position, None))
            }
            Err(error) => {
                // What may still be carried out needs its hash.
                if let CommandError::Refused(AccountError::AlreadyRegistered | AccountError::Invalid(_)) =
                    error
                {
                    credentials::delete(&**self.client().await?, credential_id).await?;
                }
                Err(IdentityError::account(error))
            }
        }
    }

    /// Refuses an address that has an account, or that readers would take for one that has.
    async fn check_free(&self, email: &Email, asked: &Asked) -> Result<(), IdentityError> {
        let account_id = email.account_id();
        let client = self.client().await?;
        if accounts::find(&client, account_id).await?.is_some() {
            drop(client);
            // A repetition is answered as the first time.
            return match self.accounts.log().answer_to(asked.command_id).await? {
                Some(_) => Ok(()),
                None => Err(IdentityError::EmailTaken),
            };
        }
        if !email.is_ascii() && accounts::looks_like_another(&client, &email.skeleton(), account_id).await? {
            let message = "looks like the address of another account";
            return Err(IdentityError::Invalid(vec![FieldError::new("email", "look_alike", message)]));
        }
        Ok(())
    }

    /// The name of the password hash in force, if `password` is its password.
    async fn in_force(
        &self,
        account_id: AccountId,
        password: &SecretText,
    ) -> Result<Option<CredentialId>, IdentityError> {
        let client = self.client().await?;
        let account = accounts::find(&client, account_id).await?;
        let Some(credential_id) = account.and_then(|account| account.credential_id) else { return Ok(None) };
        let phc = credentials::find(&client, credential_id).await?;
        drop(client);
        let turn = self.hasher.turn().await?;
        let verdict = self.hasher.verify(turn, password.expose(), phc.as_ref()).await?;
        Ok((verdict != Verdict::Wrong).then_some(credential_id))
    }
}
