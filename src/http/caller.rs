//! Who is asking: the one place where requests get an identity.

use std::convert::Infallible;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use events::{Metadata, Principal, RequestId, Tenant};

/// The sender of a request. Holding one means that the request was authenticated.
///
/// An installation without accounts serves one person, so today everybody is its owner.
#[derive(Debug, Clone)]
pub struct Caller {
    /// Whose data the caller sees.
    pub tenant: Tenant,
    /// Who the caller is, as recorded with events.
    pub principal: Principal,
    /// The request.
    pub request_id: RequestId,
}

impl Caller {
    /// What is recorded with the events that this request causes.
    pub fn metadata(&self) -> Metadata {
        Metadata { principal: self.principal.clone(), request_id: Some(self.request_id) }
    }
}

impl<S: Sync> FromRequestParts<S> for Caller {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Infallible> {
        let request_id = parts.extensions.get().copied().unwrap_or_else(RequestId::generate);
        Ok(Self { tenant: Tenant::LOCAL, principal: Principal::local_owner(), request_id })
    }
}
