//! Tickets for event streams: browsers cannot set headers there, and addresses end up in logs. So what stands in the
//! address is good for one use within seconds, on any node.

use events::{ApiKeyId, SessionId};
use jiff::Timestamp;
use projections::accounts;

use super::sign_in::after;
use super::{Authenticated, Forbidden, Identity, IdentityError, TokenError, Via, access, secrets};
use crate::config::SecretText;

/// Expired tickets that a new one clears away.
const FORGET_AT_ONCE: i64 = 16;

/// A ticket.
#[derive(Debug, Clone)]
pub struct Ticket {
    /// The ticket itself.
    pub ticket: SecretText,
    /// When it ends unless it is used (UTC).
    pub expires_at: Timestamp,
}

impl Identity {
    /// A ticket that stands for the caller's own credential.
    pub async fn issue_ticket(&self, caller: &Authenticated) -> Result<Ticket, IdentityError> {
        let now = events::time::now();
        let expires_at = after(now, self.config.identity.ticket_lifetime());
        let (session, key) = match caller.via {
            Via::Session(session) => (Some(session.uuid()), None),
            Via::ApiKey(key) => (None, Some(key.uuid())),
            // Its event streams need none.
            Via::Machine => return Err(IdentityError::Forbidden(Forbidden::NotOwner)),
        };
        let minted = secrets::ticket();
        let client = self.client().await?;
        client
            .execute(
                include_str!("sql/insert_ticket.sql"),
                &[&minted.hash.as_bytes().as_slice(), &session, &key, &expires_at],
            )
            .await
            .map_err(IdentityError::during("keeping a ticket"))?;
        client
            .execute(include_str!("sql/forget_tickets.sql"), &[&now, &FORGET_AT_ONCE])
            .await
            .map_err(IdentityError::during("forgetting tickets"))?;
        Ok(Ticket { ticket: minted.token, expires_at })
    }

    /// Uses a ticket up, and says what the credential behind it stands for now.
    pub async fn use_ticket(&self, ticket: &str) -> Result<Authenticated, IdentityError> {
        let now = events::time::now();
        let hash = secrets::ticket_hash(ticket).ok_or(TokenError::Forged)?;
        let client = self.client().await?;
        let used = client
            .query_opt(include_str!("sql/use_ticket.sql"), &[&hash.as_bytes().as_slice()])
            .await
            .map_err(IdentityError::during("using a ticket"))?
            // Used before, or never issued: nobody can tell.
            .ok_or(TokenError::Forged)?;
        if used.get::<_, Timestamp>("expires_at") <= now {
            return Err(TokenError::Expired.into());
        }
        let session = used.get::<_, Option<_>>("session_id").map(SessionId::from_uuid);
        let key = used.get::<_, Option<_>>("key_id").map(ApiKeyId::from_uuid);
        match (session, key) {
            (Some(session), _) => {
                let proof = accounts::prove_session(&client, session).await?.ok_or(TokenError::Revoked)?;
                Ok(access::of_session(session, proof, now)?)
            }
            (None, Some(key)) => {
                let proof = accounts::prove_key_by_id(&client, key).await?.ok_or(TokenError::Revoked)?;
                Ok(access::of_key(proof, now)?)
            }
            (None, None) => Err(TokenError::Forged.into()),
        }
    }
}
