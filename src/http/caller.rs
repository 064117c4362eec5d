//! Who is asking: the one place where requests get an identity.

use std::borrow::Borrow;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};

use axum::extract::{ConnectInfo, FromRequestParts};
use axum::http::header;
use axum::http::request::Parts;
use deadpool_postgres::Pool;
use events::account::{Origin, Role};
use events::{Metadata, Principal, RequestId, Tenant};
use projections::{QueryError, View, Viewer};

use super::client_address::ClientAddress;
use super::credential::{Shown, check_csrf};
use super::error::ApiError;
use super::rate::RateKey;
use super::state::Api;
use crate::identity::{Authenticated, Belief, Credential};

/// The mark of a request that a command at the machine of the installation makes, within its own process. What comes over a
/// connection cannot carry it.
#[derive(Debug, Clone, Copy)]
pub struct AtTheMachine(());

impl AtTheMachine {
    /// Marks a request.
    pub fn mark<B>(request: &mut axum::http::Request<B>) {
        let extensions = request.extensions_mut();
        extensions.insert(Self(()));
        extensions.insert(ConnectInfo(SocketAddr::from((Ipv4Addr::LOCALHOST, 0))));
    }
}

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
    /// The account, and what its credential may be used for.
    pub who: Authenticated,
    /// The read models, where they were opened together with the session; the first who looks takes them.
    opened: Arc<Mutex<Option<View>>>,
    /// What is only believed of the caller so far.
    belief: Option<Arc<Belief>>,
}

impl Caller {
    /// Finds out who sent a request; a write by cookie must prove that a page of the own origin sent it.
    /// Where the handler will only read rows, the read models are opened in the same round trip.
    pub(super) async fn of(
        api: &Api,
        parts: &mut Parts,
        is_stream: bool,
        reads_rows: bool,
    ) -> Result<Self, ApiError> {
        if parts.extensions.get::<AtTheMachine>().is_some() {
            let who = Authenticated::at_the_machine();
            return Ok(Self::new(who, request_id(parts), None, None));
        }
        let identity = &api.app().identity;
        let shown = Shown::of(parts, is_stream)?;
        let shown = shown.ok_or(ApiError::Unauthenticated("sign in, or send an API key"))?;
        let (mut opened, mut belief) = (None, None);
        let who = match &shown {
            Shown::Bearer(token) | Shown::Cookie(token) if reads_rows => {
                let entered = identity.enter(token).await?;
                opened = Some(entered.view);
                belief = entered.belief.map(Arc::new);
                entered.who
            }
            Shown::ApiKey(key) => identity.authenticate(Credential::ApiKey(key)).await?,
            Shown::Bearer(token) | Shown::Cookie(token) => {
                identity.authenticate(Credential::Bearer(token)).await?
            }
            Shown::Ticket(ticket) => identity.use_ticket(ticket).await?,
        };
        if let Some(wanted) = shown.csrf().filter(|_| !parts.method.is_safe()) {
            check_csrf(&parts.headers, &wanted)?;
        }
        Ok(Self::new(who, request_id(parts), opened, belief))
    }

    fn new(
        who: Authenticated,
        request_id: RequestId,
        opened: Option<View>,
        belief: Option<Arc<Belief>>,
    ) -> Self {
        Self {
            tenant: Tenant::LOCAL,
            principal: who.principal.clone(),
            role: who.role,
            request_id,
            who,
            opened: Arc::new(Mutex::new(opened)),
            belief,
        }
    }

    /// What is recorded with the events that this request causes.
    pub fn metadata(&self) -> Metadata {
        let impersonated_by = self.who.impersonated_by.as_ref().map(|admin| admin.principal.clone());
        Metadata { impersonated_by, ..Metadata::new(self.principal.clone(), Some(self.request_id)) }
    }

    /// The read models as the caller may see them.
    pub(super) async fn look(&self, reads: &Pool) -> Result<View, QueryError> {
        let opened = self.opened.lock().unwrap_or_else(PoisonError::into_inner).take();
        match opened {
            Some(view) => Ok(view),
            None => Viewer { principal: self.principal.clone(), role: self.role }.look(reads).await,
        }
    }

    /// What must be found to hold before the request is answered.
    pub(super) fn belief(&self) -> Option<Arc<Belief>> {
        self.belief.clone()
    }

    /// Whom the request counts against.
    pub(super) fn rate_key(&self) -> RateKey {
        if self.principal == Principal::local_owner() {
            RateKey::Owner
        } else {
            RateKey::User(Arc::from(self.principal.0.as_str()))
        }
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
        Ok(Self(request_id(parts)))
    }
}

/// From where a request comes, as it is kept with sessions and administrators' acts.
pub fn origin_of(parts: &Parts) -> Origin {
    let address = parts.extensions.get::<ClientAddress>();
    let agent = parts.headers.get(header::USER_AGENT).and_then(|value| value.to_str().ok());
    Origin::of(address.map(|address| address.ip), agent)
}

pub(super) fn request_id(parts: &Parts) -> RequestId {
    parts.extensions.get().copied().unwrap_or_else(RequestId::generate)
}
