//! Who is asking: the one place where requests get an identity.

use std::borrow::Borrow;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use events::account::Role;
use events::{Metadata, Principal, RequestId, Tenant};
use projections::Viewer;

use super::error::ApiError;
use super::state::Api;

/// The sender of a request. Holding one means that the request was authenticated.
#[derive(Debug, Clone)]
pub struct Caller {
    /// Whose data the caller sees.
    pub tenant: Tenant,
    /// Who the caller is, as recorded with events.
    pub principal: Principal,
    /// What the caller may do beyond its own affairs, as of this request.
    pub role: Role,
    /// The request.
    pub request_id: RequestId,
}

impl Caller {
    /// Finds out who sent `request`.
    pub(super) async fn of(_api: &Api, request: &Parts) -> Result<Self, ApiError> {
        Ok(Self {
            tenant: Tenant::LOCAL,
            principal: Principal::local_owner(),
            role: Role::Admin,
            request_id: request_id(&request.extensions),
        })
    }

    /// Refuses a write that the caller's credential does not cover.
    pub(super) fn may_write(&self, _request: &Parts) -> Result<(), ApiError> {
        Ok(())
    }

    /// What is recorded with the events that this request causes.
    pub fn metadata(&self) -> Metadata {
        Metadata { principal: self.principal.clone(), request_id: Some(self.request_id) }
    }

    /// How the database is to see the caller.
    pub fn viewer(&self) -> Viewer {
        Viewer { principal: self.principal.clone(), role: self.role }
    }
}

impl Borrow<RequestId> for Caller {
    fn borrow(&self) -> &RequestId {
        &self.request_id
    }
}

impl<S: Sync> FromRequestParts<S> for Caller {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, ApiError> {
        parts
            .extensions
            .get()
            .cloned()
            .ok_or_else(|| ApiError::Undeclared { path: parts.uri.path().to_owned() })
    }
}

/// The request's id, for answers that anybody gets.
#[derive(Debug, Clone, Copy)]
pub struct Asked(pub RequestId);

impl Borrow<RequestId> for Asked {
    fn borrow(&self) -> &RequestId {
        &self.0
    }
}

impl<S: Sync> FromRequestParts<S> for Asked {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Self::Rejection> {
        Ok(Self(request_id(&parts.extensions)))
    }
}

fn request_id(extensions: &axum::http::Extensions) -> RequestId {
    extensions.get().copied().unwrap_or_else(RequestId::generate)
}
