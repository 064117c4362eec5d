//! What a request to enter carries besides its body: which command it is, and where it came from.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use sha2::{Digest, Sha256};

use super::caller::{Caller, origin_of, request_id};
use super::client_address::ClientAddress;
use super::error::ApiError;
use super::idempotency::{command_of, fingerprint_of};
use super::state::Api;
use crate::identity::{Admin, Asked, Operator};

/// A request of somebody who need not be signed in.
#[derive(Debug, Clone)]
pub struct Entering {
    /// The request as identity sees it.
    pub asked: Asked,
    /// Where it came from.
    pub address: ClientAddress,
}

impl FromRequestParts<Api> for Entering {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, api: &Api) -> Result<Self, ApiError> {
        let Ok(address) = ClientAddress::from_request_parts(parts, api).await;
        let (command_id, _) = command_of(parts, None)?;
        let asked = Asked {
            command_id,
            request_hash: None,
            request_id: Some(request_id(parts)),
            from: origin_of(parts),
        };
        Ok(Self { asked, address })
    }
}

/// A request of somebody who is signed in, about accounts or the installation.
#[derive(Debug, Clone)]
pub struct Managing {
    /// Who asks.
    pub caller: Caller,
    asked: Asked,
    /// Method and path, as part of the request's fingerprint; only where the sender chose the command's id.
    fingerprint: Option<Sha256>,
}

impl FromRequestParts<Api> for Managing {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, api: &Api) -> Result<Self, ApiError> {
        let caller = Caller::from_request_parts(parts, api).await?;
        let (command_id, is_chosen) = command_of(parts, Some(&caller))?;
        let fingerprint = is_chosen.then(|| fingerprint_of(parts));
        let request_id = Some(caller.request_id);
        let asked = Asked { command_id, request_hash: None, request_id, from: origin_of(parts) };
        Ok(Self { caller, asked, fingerprint })
    }
}

impl Managing {
    /// The request as identity sees it, with the fingerprint of its body.
    pub fn asked(&self, body: [u8; 32]) -> Asked {
        let request_hash = self.fingerprint.clone().map(|asked| asked.chain_update(body).finalize().into());
        Asked { request_hash, ..self.asked.clone() }
    }

    /// Proof that the caller is an administrator.
    pub fn admin(&self) -> Result<Admin, ApiError> {
        Ok(self.caller.who.admin(self.asked.from.clone())?)
    }

    /// Proof that the caller is an operator.
    pub fn operator(&self) -> Result<Operator, ApiError> {
        Ok(self.caller.who.operator(self.asked.from.clone())?)
    }
}
