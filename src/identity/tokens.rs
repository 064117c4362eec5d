//! Access tokens: JWT, signed with Ed25519, thirty minutes, and never believed about roles.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, PoisonError};

use events::account::TokenHash;
use events::{AccountId, SessionId};
use jiff::Timestamp;
use jsonwebtoken::{Algorithm, Header, Validation, decode, decode_header, encode};
use serde::{Deserialize, Serialize};

use super::keys::Keyring;
use super::{IdentityError, TokenError, eddsa};
use crate::config::SecretText;

/// Longest access token that is looked at, in bytes.
const ACCESS_TOKEN_BYTES_MAX: usize = 4_096;
/// Verified tokens that are remembered at once.
const VERIFIED_MAX: usize = 10_000;
/// How far the clocks of nodes may be apart, in seconds.
const LEEWAY_S: i64 = 5;

/// What an access token says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claims {
    /// Who issued it.
    pub iss: String,
    /// For whom it is.
    pub aud: String,
    /// The account.
    pub sub: AccountId,
    /// The session.
    pub sid: SessionId,
    /// The token itself.
    pub jti: String,
    /// When it was issued, in seconds since 1970.
    pub iat: i64,
    /// When it ends, in seconds since 1970.
    pub exp: i64,
}

/// Issues and reads access tokens.
#[derive(Debug, Clone)]
pub struct AccessTokens {
    issuer: Arc<str>,
    keyring: Arc<Keyring>,
    validation: Arc<Validation>,
    /// Tokens whose signatures were verified, by their fingerprints.
    verified: Arc<Mutex<HashMap<TokenHash, Arc<Verified>>>>,
}

/// What a verified token says, and with which key it was signed.
#[derive(Debug)]
struct Verified {
    kid: String,
    claims: Claims,
}

impl AccessTokens {
    /// Tokens of this issuer, for itself.
    pub fn new(issuer: &str, keyring: Arc<Keyring>) -> Self {
        eddsa::install();
        let mut validation = Validation::new(Algorithm::EdDSA);
        validation.set_issuer(&[issuer]);
        validation.set_audience(&[issuer]);
        validation.required_spec_claims = HashSet::from(["exp", "iss", "aud", "sub"].map(str::to_owned));
        // Compared below with the one clock of this process, and exactly.
        validation.validate_exp = false;
        Self { issuer: issuer.into(), keyring, validation: Arc::new(validation), verified: Arc::default() }
    }

    /// A token of a session, valid until `expires_at`.
    pub async fn issue(
        &self,
        account: AccountId,
        session: SessionId,
        now: Timestamp,
        expires_at: Timestamp,
    ) -> Result<SecretText, IdentityError> {
        let key = self.keyring.signing(now).await?;
        let header = Header { kid: Some(key.kid.clone()), ..Header::new(Algorithm::EdDSA) };
        let claims = Claims {
            iss: self.issuer.to_string(),
            aud: self.issuer.to_string(),
            sub: account,
            sid: session,
            jti: format!("{:032x}", rand::random::<u128>()),
            iat: now.as_second(),
            exp: expires_at.as_second(),
        };
        encode(&header, &claims, &key.encoding).map(SecretText::new).map_err(IdentityError::Signing)
    }

    /// What a token says, if it is one of ours and has not expired.
    pub async fn read(&self, token: &str, now: Timestamp) -> Result<Claims, IdentityError> {
        if token.len() > ACCESS_TOKEN_BYTES_MAX {
            return Err(TokenError::Forged.into());
        }
        let fingerprint = TokenHash::of(token.as_bytes());
        let claims = match self.remembered(&fingerprint) {
            // Its key may have been retired since.
            Some(verified) => {
                self.keyring.verifying(&verified.kid, now).await?.ok_or(TokenError::Forged)?;
                verified.claims.clone()
            }
            None => self.verify(token, fingerprint, now).await?,
        };
        if claims.iat > now.as_second().saturating_add(LEEWAY_S) {
            return Err(TokenError::Forged.into());
        }
        if claims.exp <= now.as_second() {
            return Err(TokenError::Expired.into());
        }
        Ok(claims)
    }

    async fn verify(
        &self,
        token: &str,
        fingerprint: TokenHash,
        now: Timestamp,
    ) -> Result<Claims, IdentityError> {
        let header = decode_header(token).map_err(|_| TokenError::Forged)?;
        // An algorithm of ours and a key by name: nothing else that a header may say is looked at.
        let kid = header.kid.filter(|_| header.alg == Algorithm::EdDSA).ok_or(TokenError::Forged)?;
        let key = self.keyring.verifying(&kid, now).await?.ok_or(TokenError::Forged)?;
        let claims =
            decode::<Claims>(token, &key.decoding, &self.validation).map_err(|_| TokenError::Forged)?.claims;
        let mut verified = self.verified.lock().unwrap_or_else(PoisonError::into_inner);
        if verified.len() >= VERIFIED_MAX {
            verified.clear();
        }
        verified.insert(fingerprint, Arc::new(Verified { kid, claims: claims.clone() }));
        Ok(claims)
    }

    /// Verifying a signature costs more than the rest of a small request, and a token is sent many times.
    fn remembered(&self, fingerprint: &TokenHash) -> Option<Arc<Verified>> {
        self.verified.lock().unwrap_or_else(PoisonError::into_inner).get(fingerprint).cloned()
    }

    /// Has a new key sign from now on.
    pub async fn replace_key(&self, now: Timestamp) -> Result<(), IdentityError> {
        Ok(self.keyring.replace(now).await?)
    }
}
