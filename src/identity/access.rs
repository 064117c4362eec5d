//! From what the read models say of a session or key to what its holder may do.

use events::account::{Access, Scope, Scopes};
use jiff::Timestamp;
use projections::accounts::{ImpersonatorProof, KeyProof, SessionProof};

use super::{Authenticated, Impersonator, TokenError, Via};
use events::SessionId;

/// What the holder of a session may do now.
pub fn of_session(
    session: SessionId,
    proof: SessionProof,
    now: Timestamp,
) -> Result<Authenticated, TokenError> {
    if proof.ended || !proof.active {
        return Err(TokenError::Revoked);
    }
    if proof.expires_at <= now {
        return Err(TokenError::Expired);
    }
    let mut scopes = proof.role.scopes();
    let impersonated_by = match proof.impersonator {
        Some(admin) => {
            let admin = impersonator(admin, now)?;
            scopes = allowed(admin.access).intersection(&scopes).copied().collect();
            Some(admin)
        }
        None => None,
    };
    Ok(Authenticated {
        account_id: proof.account_id,
        principal: proof.principal,
        role: proof.role,
        scopes,
        via: Via::Session(session),
        impersonated_by,
        expires_at: Some(proof.expires_at),
    })
}

/// An administrator who still is one, and still signed in.
fn impersonator(proof: ImpersonatorProof, now: Timestamp) -> Result<Impersonator, TokenError> {
    let signed_in = proof.session_expires_at.is_some_and(|at| at > now);
    match proof.account_id {
        Some(account_id) if proof.allowed && signed_in => {
            Ok(Impersonator { account_id, principal: proof.principal, access: proof.access })
        }
        Some(_) | None => Err(TokenError::Revoked),
    }
}

/// What an impersonation allows at most: never to administer.
fn allowed(access: Access) -> Scopes {
    match access {
        Access::ReadOnly => [Scope::Read].into(),
        Access::ReadWrite => [Scope::Read, Scope::Trade].into(),
    }
}

/// What the holder of an API key may do now.
pub fn of_key(proof: KeyProof, now: Timestamp) -> Result<Authenticated, TokenError> {
    if proof.revoked || !proof.active {
        return Err(TokenError::Revoked);
    }
    if proof.expires_at.is_some_and(|at| at <= now) {
        return Err(TokenError::Expired);
    }
    Ok(Authenticated {
        account_id: proof.account_id,
        principal: proof.principal,
        role: proof.role,
        scopes: proof.role.scopes().intersection(&proof.scopes).copied().collect(),
        via: Via::ApiKey(proof.key_id),
        impersonated_by: None,
        expires_at: proof.expires_at,
    })
}
