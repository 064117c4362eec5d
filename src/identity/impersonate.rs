//! An administrator acts as another account, for a reason that stands in that account's own stream.

use events::account::{Access, AccountCommand, NewImpersonation};
use events::{AccountId, Position, SessionId};

use super::sign_in::after;
use super::{Admin, Asked, Authenticated, Forbidden, Identity, IdentityError, Tokens};

/// A wish to act as another account.
#[derive(Debug, Clone)]
pub struct Impersonate {
    /// The account.
    pub account_id: AccountId,
    /// Why; its owner can read it.
    pub reason: String,
    /// What it shall allow.
    pub access: Access,
}

/// An impersonation that began.
#[derive(Debug, Clone)]
pub struct Impersonation {
    /// An access token without a refresh token.
    pub tokens: Tokens,
    /// Where the log recorded it.
    pub position: Position,
}

impl Identity {
    /// Lets an administrator, signed in, act as an account that is none. It ends with the administrator's own session at
    /// the latest, and cannot be prolonged.
    pub async fn impersonate(
        &self,
        admin: &Admin,
        wish: Impersonate,
        asked: &Asked,
    ) -> Result<Impersonation, IdentityError> {
        let admin_session_id = admin.session_id.ok_or(IdentityError::Forbidden(Forbidden::NotOwner))?;
        let now = events::time::now();
        let session_id = SessionId::generate();
        let expires_at = after(now, self.config.identity.impersonation_lifetime());
        let account_id = wish.account_id;
        let command = AccountCommand::StartImpersonation(Box::new(NewImpersonation {
            session_id,
            admin_session_id,
            act: admin.act(&wish.reason),
            access: wish.access,
            expires_at,
            at: now,
        }));
        let started = self.execute(account_id, command, asked, &admin.principal).await;
        let receipt = started.map_err(IdentityError::account)?;
        if receipt.duplicate {
            return Err(IdentityError::SecretShownBefore);
        }
        self.shown(receipt.position).await?;
        let access_token = self.tokens.issue(account_id, session_id, now, expires_at).await?;
        let tokens = Tokens {
            access_token,
            access_expires_at: expires_at,
            refresh_token: None,
            session_expires_at: expires_at,
            session_id,
        };
        Ok(Impersonation { tokens, position: receipt.position })
    }

    /// Ends the impersonation that the caller is.
    pub async fn stop_impersonation(
        &self,
        caller: &Authenticated,
        asked: &Asked,
    ) -> Result<Position, IdentityError> {
        let (Some(session_id), Some(by)) = (caller.session_id(), &caller.impersonated_by) else {
            return Err(IdentityError::Forbidden(Forbidden::NotImpersonating));
        };
        let admin = Admin { principal: by.principal.clone(), session_id: None, from: asked.from.clone() };
        let command = AccountCommand::EndImpersonation { session_id, act: admin.act("") };
        let ended = self.execute(caller.account_id, command, asked, &admin.principal).await;
        self.shown(ended.map_err(IdentityError::account)?.position).await
    }
}
