//! Signing in with a password, going on with a refresh token, signing out, and changing the password.

use actors::CommandError;
use events::account::{AccountCommand, AccountError, Email, NewSession, PasswordReason, SessionEnd};
use events::policy::FieldError;
use events::{AccountId, CredentialId, Position, Principal, SessionId};
use jiff::{SignedDuration, Timestamp};
use projections::accounts::{self, AccountRow};

use super::passwords::{PASSWORD_CHARS_MAX, Verdict, broken_rules};
use super::secrets::{read_refresh_token, refresh_token};
use super::{Asked, Authenticated, Identity, IdentityError, Owner, TokenError, credentials};
use crate::config::SecretText;

/// A sign-in.
#[derive(Debug, Clone)]
pub struct LogIn {
    /// The address, in any spelling.
    pub email: String,
    /// The password.
    pub password: SecretText,
}

/// A wish to have another password.
#[derive(Debug, Clone)]
pub struct ChangePassword {
    /// The one in force.
    pub current: SecretText,
    /// The one wanted.
    pub new: SecretText,
}

/// What a session gives its holder.
#[derive(Debug, Clone)]
pub struct Tokens {
    /// Shown with every request.
    pub access_token: SecretText,
    /// When the access token ends (UTC).
    pub access_expires_at: Timestamp,
    /// Exchanged, once, for the next pair; an impersonation has none.
    pub refresh_token: Option<SecretText>,
    /// When the session ends unless it is refreshed (UTC).
    pub session_expires_at: Timestamp,
    /// The session.
    pub session_id: SessionId,
}

/// Somebody signed in.
#[derive(Debug, Clone)]
pub struct SignedIn {
    /// The account as it is now.
    pub account: AccountRow,
    /// What it was given.
    pub tokens: Tokens,
    /// Where the log recorded it.
    pub position: Position,
}

pub(super) fn after(now: Timestamp, lifetime: std::time::Duration) -> Timestamp {
    let lifetime = SignedDuration::try_from(lifetime).unwrap_or(SignedDuration::MAX);
    now.saturating_add(lifetime).unwrap_or(Timestamp::MAX)
}

/// A password that was right.
#[derive(Debug)]
pub(super) struct Verified {
    pub(super) account_id: AccountId,
    pub(super) principal: Principal,
    pub(super) credential_id: CredentialId,
    /// Its hash was made with other parameters than are in force.
    pub(super) outdated: bool,
}

fn is_refused_for(error: &IdentityError, rule: &AccountError) -> bool {
    matches!(error, IdentityError::Account(CommandError::Refused(broken)) if broken == rule)
}

impl Identity {
    /// Signs in with address and password. A wrong password, an unknown address and a deactivated account take equally
    /// long and are told alike.
    pub async fn login(&self, wish: LogIn, asked: &Asked) -> Result<SignedIn, IdentityError> {
        let account_id = match Email::parse(&wish.email) {
            Ok(email) => email.account_id(),
            // Nobody has it, and nobody is told.
            Err(_) => AccountId::derived(&[b"no address", wish.email.as_bytes()]),
        };
        match self.verify_and_open(account_id, &wish.password, asked).await {
            // Its hash was replaced while the password was compared, perhaps by the same person's other sign-in.
            Err(error) if is_refused_for(&error, &AccountError::OtherCredential) => {
                let again = self.verify_and_open(account_id, &wish.password, asked).await;
                again.map_err(|error| match error {
                    error if is_refused_for(&error, &AccountError::OtherCredential) => {
                        IdentityError::InvalidCredentials
                    }
                    error => error,
                })
            }
            outcome => outcome,
        }
    }

    async fn verify_and_open(
        &self,
        account_id: AccountId,
        password: &SecretText,
        asked: &Asked,
    ) -> Result<SignedIn, IdentityError> {
        let verified = self.verify(account_id, password, asked).await?;
        let signed_in = match self.open_session(&verified, &asked.afresh()).await {
            // Deactivated while the password was compared.
            Err(IdentityError::Token(TokenError::Revoked)) => return Err(IdentityError::InvalidCredentials),
            opened => opened?,
        };
        if verified.outdated {
            self.rehash(&verified, password, asked).await;
        }
        Ok(signed_in)
    }

    /// Compares a password with the one in force, as often as the throttle lets.
    async fn verify(
        &self,
        account_id: AccountId,
        password: &SecretText,
        asked: &Asked,
    ) -> Result<Verified, IdentityError> {
        let ip = asked.from.ip;
        self.throttle.check(account_id, ip, events::time::now()).await?;
        let turn = self.hasher.turn().await?;
        let attempt = self.throttle.attempt(account_id, ip, events::time::now()).await?;
        let found = self.credential_of(account_id).await?;
        // What is longer than a password can be is none; hashing all of it would be work for nothing.
        let is_possible = password.expose().len() <= PASSWORD_CHARS_MAX * 4;
        let shown = if is_possible { password.expose() } else { "" };
        let phc = found.as_ref().filter(|_| is_possible).map(|(_, phc)| phc);
        let verdict = self.hasher.verify(turn, shown, phc).await?;
        match found {
            Some((verified, _)) if verdict != Verdict::Wrong => {
                self.throttle.succeeded(attempt).await?;
                Ok(Verified { outdated: verdict == Verdict::Outdated, ..verified })
            }
            Some(_) | None => {
                tracing::debug!(account.id = %account_id, "A sign-in of account {account_id} failed");
                Err(IdentityError::InvalidCredentials)
            }
        }
    }

    /// The password in force, unless the account may not sign in.
    async fn credential_of(
        &self,
        account_id: AccountId,
    ) -> Result<Option<(Verified, SecretText)>, IdentityError> {
        let client = self.client().await?;
        let mut looked_up = None;
        loop {
            let account = accounts::find(&client, account_id).await?.filter(|account| account.active);
            let known = account.and_then(|account| {
                let credential_id = account.credential_id?;
                Some(Verified { account_id, principal: account.principal, credential_id, outdated: false })
            });
            // Asked for a name that nobody has where there is none, so that it takes as long.
            let nobody = || CredentialId::derived(&[b"nobody"]);
            let named = known.as_ref().map_or_else(nobody, |known| known.credential_id);
            let phc = credentials::find(&client, named).await?;
            // A hash that is gone was replaced between the two looks; the name of its successor is there by now.
            if phc.is_some() || known.is_none() || looked_up == Some(named) {
                return Ok(known.zip(phc));
            }
            looked_up = Some(named);
        }
    }

    /// Opens a session of an account whose password was right.
    pub(super) async fn open_session(
        &self,
        verified: &Verified,
        asked: &Asked,
    ) -> Result<SignedIn, IdentityError> {
        let (account_id, now) = (verified.account_id, events::time::now());
        let session_id = SessionId::generate();
        let minted = refresh_token(account_id, session_id);
        let expires_at = after(now, self.config.identity.session_lifetime());
        let command = AccountCommand::OpenSession(Box::new(NewSession {
            session_id,
            credential_id: verified.credential_id,
            refresh_hash: minted.hash,
            expires_at,
            from: asked.from.clone(),
            at: now,
        }));
        let opened = self.execute(account_id, command, asked, &verified.principal).await;
        let receipt = opened.map_err(IdentityError::account)?;
        self.shown(receipt.position).await?;
        let account = accounts::find(&self.client().await?, account_id).await?;
        let account = account.ok_or(IdentityError::NotFound("account"))?;
        let tokens = self.tokens_of(account_id, session_id, minted.token, now, expires_at).await?;
        Ok(SignedIn { account, tokens, position: receipt.position })
    }

    async fn tokens_of(
        &self,
        account_id: AccountId,
        session_id: SessionId,
        refresh: SecretText,
        now: Timestamp,
        session_expires_at: Timestamp,
    ) -> Result<Tokens, IdentityError> {
        let access_expires_at =
            after(now, self.config.identity.access_token_lifetime()).min(session_expires_at);
        let access_token = self.tokens.issue(account_id, session_id, now, access_expires_at).await?;
        Ok(Tokens {
            access_token,
            access_expires_at,
            refresh_token: Some(refresh),
            session_expires_at,
            session_id,
        })
    }

    /// Exchanges a refresh token for the next pair. A spent one ends its session: it was stolen, or its thief was faster.
    pub async fn refresh(&self, token: &str, asked: &Asked) -> Result<SignedIn, IdentityError> {
        let presented = read_refresh_token(token).ok_or(TokenError::Forged)?;
        let (account_id, session_id) = (presented.account_id, presented.session_id);
        let now = events::time::now();
        let proof = accounts::prove_session(&self.client().await?, session_id).await?;
        let proof = proof.filter(|proof| proof.account_id == account_id).ok_or(TokenError::Forged)?;
        if proof.ended || !proof.active {
            return Err(TokenError::Revoked.into());
        }
        if proof.expires_at <= now {
            return Err(TokenError::Expired.into());
        }
        let next = refresh_token(account_id, session_id);
        let expires_at = after(now, self.config.identity.session_lifetime());
        let command = AccountCommand::RefreshSession {
            session_id,
            presented: presented.hash,
            next: next.hash,
            expires_at,
            at: now,
        };
        let receipt = match self.execute(account_id, command, &asked.afresh(), &proof.principal).await {
            Ok(receipt) => receipt,
            Err(CommandError::Refused(AccountError::RefreshSpent)) => {
                let report = AccountCommand::ReportReuse {
                    session_id,
                    presented: presented.hash,
                    from: asked.from.clone(),
                };
                let reported = self.execute(account_id, report, &asked.afresh(), &proof.principal).await;
                let reported = reported.map_err(IdentityError::account)?;
                self.shown(reported.position).await?;
                tracing::warn!(
                    account.id = %account_id,
                    session.id = %session_id,
                    "A spent refresh token was presented; session {session_id} is ended"
                );
                return Err(TokenError::Reused.into());
            }
            Err(CommandError::Refused(AccountError::RefreshUnknown)) => return Err(TokenError::Forged.into()),
            Err(CommandError::Refused(AccountError::NoSession)) => return Err(TokenError::Revoked.into()),
            Err(error) => return Err(IdentityError::account(error)),
        };
        self.shown(receipt.position).await?;
        let account = accounts::find(&self.client().await?, account_id).await?;
        let account = account.ok_or(IdentityError::NotFound("account"))?;
        let tokens = self.tokens_of(account_id, session_id, next.token, now, expires_at).await?;
        Ok(SignedIn { account, tokens, position: receipt.position })
    }

    /// Ends the caller's session, on every node before this answers. Signing out twice is signing out once; who came
    /// with an API key has no session to end.
    pub async fn logout(
        &self,
        caller: &Authenticated,
        asked: &Asked,
    ) -> Result<Option<Position>, IdentityError> {
        let Some(session_id) = caller.session_id() else { return Ok(None) };
        if caller.impersonated_by.is_some() {
            return self.stop_impersonation(caller, asked).await.map(Some);
        }
        let command = AccountCommand::EndSession { session_id, why: SessionEnd::SignedOut, act: None };
        let ended = self.execute(caller.account_id, command, asked, &caller.principal).await;
        let receipt = ended.map_err(IdentityError::account)?;
        self.shown(receipt.position).await.map(Some)
    }

    /// Replaces the password. Every other session of the account ends.
    pub async fn change_password(
        &self,
        owner: &Owner,
        wish: ChangePassword,
        asked: &Asked,
    ) -> Result<Position, IdentityError> {
        let mut broken = broken_rules("new_password", wish.new.expose());
        if wish.new == wish.current {
            broken.push(FieldError::new("new_password", "unchanged", "must not be the current password"));
        }
        if !broken.is_empty() {
            return Err(IdentityError::Invalid(broken));
        }
        // A repetition is answered as the first time, when the current password was another.
        if let Some(answer) = self.accounts.log().answer_to(asked.command_id).await? {
            return Ok(answer.last);
        }
        let verified = self.verify(owner.account_id, &wish.current, asked).await?;
        let keep = Some(owner.session_id);
        self.set_password(&verified, &wish.new, PasswordReason::Changed, keep, asked).await
    }

    /// Keeps the same password under the parameters in force. Not worth failing a sign-in for: the next one tries again.
    async fn rehash(&self, verified: &Verified, password: &SecretText, asked: &Asked) {
        let again = asked.afresh();
        let set = self.set_password(verified, password, PasswordReason::Rehashed, None, &again).await;
        if let Err(error) = set {
            let account_id = verified.account_id;
            tracing::warn!(%error, "The password of account {account_id} was not hashed again: {error}");
        }
    }

    async fn set_password(
        &self,
        verified: &Verified,
        new: &SecretText,
        why: PasswordReason,
        keep: Option<SessionId>,
        asked: &Asked,
    ) -> Result<Position, IdentityError> {
        let (account_id, instead_of) = (verified.account_id, verified.credential_id);
        let turn = self.hasher.turn().await?;
        let phc = self.hasher.hash(turn, new.expose()).await?;
        let (credential_id, now) = (CredentialId::generate(), events::time::now());
        credentials::insert(&**self.client().await?, credential_id, account_id, &phc, now).await?;
        let command = AccountCommand::SetPassword { credential_id, instead_of, why, keep };
        let asked = asked.without_fingerprint();
        let position = match self.execute(account_id, command, &asked, &verified.principal).await {
            Ok(receipt) => receipt.position,
            Err(CommandError::Refused(rule)) => {
                credentials::delete(&**self.client().await?, credential_id).await?;
                return Err(match rule {
                    AccountError::OtherCredential => IdentityError::InvalidCredentials,
                    rule => IdentityError::account(CommandError::Refused(rule)),
                });
            }
            Err(error) => return Err(IdentityError::account(error)),
        };
        // Only when sign-ins on every node compare with the new hash is the old one of no use.
        self.shown(position).await?;
        let client = self.client().await?;
        credentials::delete_superseded(&client, account_id, credential_id, instead_of, now).await?;
        Ok(position)
    }
}
