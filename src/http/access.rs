//! Who may do what: each operation declares it in the API's own document (`x-access`), and this guard enforces it before
//! the handler runs. An operation that declares nothing is served to nobody.

use std::collections::HashMap;
use std::str::FromStr;
use std::sync::Arc;

use axum::extract::{MatchedPath, RawPathParams, Request, State};
use axum::http::Method;
use axum::http::request::Parts;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use events::account::{Role, Scope};
use events::{StreamName, Tenant};
use serde_json::Value;

use super::accept::accepts;
use super::caller::Caller;
use super::error::ApiError;
use super::position::AtLeast;
use super::rate;
use super::state::Api;
use crate::owners::owner_of;

/// The member of an operation that says who may call it.
pub const DECLARATION: &str = "x-access";
/// What this guard watches; everything else is documentation and the way to it.
const GUARDED: &str = "/api/v1/";

/// Who may call an operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Access {
    /// Anybody, also without an account.
    Public,
    /// Everybody who is signed in, about nothing but the own account; a credential for reading is enough.
    Myself,
    /// Everybody who is signed in; nothing in the answer belongs to anybody else.
    SignedIn,
    /// Everybody who is signed in; the rows of others are hidden by the database.
    Rows,
    /// The owner of the stream that the path names, by its category and key: `own-run`.
    Own(&'static str),
    /// The owner of the stream whose name the path holds, and whoever oversees the log.
    OwnStream,
    /// The same for what changes nothing, however it is asked for.
    ExamineStream,
    /// The owner of the stream that the path names, by its category and key, and whoever oversees the log:
    /// `examine-run`. What is asked for changes nothing, however it is asked for: a credential for reading is enough.
    Examine(&'static str),
    /// Auditors, operators and admins. What is asked for changes nothing, however it is asked for: a credential for reading
    /// is enough.
    ExamineLog,
    /// Auditors, operators and admins.
    Oversight,
    /// Operators and admins.
    Operation,
    /// Admins.
    Admin,
}

/// The text declares no access that there is.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no access")]
pub struct UnknownAccess(String);

impl FromStr for Access {
    type Err = UnknownAccess;

    fn from_str(text: &str) -> Result<Self, UnknownAccess> {
        Ok(match text {
            "public" => Self::Public,
            "self" => Self::Myself,
            "signed-in" => Self::SignedIn,
            "rows" => Self::Rows,
            "own-model" => Self::Own("model"),
            "own-run" => Self::Own("run"),
            "own-portfolio" => Self::Own("portfolio"),
            "own-stream" => Self::OwnStream,
            "examine-run" => Self::Examine("run"),
            "examine-stream" => Self::ExamineStream,
            "examine-log" => Self::ExamineLog,
            "oversight" => Self::Oversight,
            "operation" => Self::Operation,
            "admin" => Self::Admin,
            other => return Err(UnknownAccess(other.to_owned())),
        })
    }
}

impl Access {
    /// Whether `role` is enough, apart from what the path names.
    fn admits(self, role: Role) -> bool {
        match self {
            Self::Public
            | Self::Myself
            | Self::SignedIn
            | Self::Rows
            | Self::Own(_)
            | Self::OwnStream
            | Self::Examine(_)
            | Self::ExamineStream => true,
            Self::ExamineLog | Self::Oversight => role.oversees(),
            Self::Operation => matches!(role, Role::Operator | Role::Admin),
            Self::Admin => role == Role::Admin,
        }
    }

    /// What the credential must be for.
    fn scope(self, method: &Method) -> Option<Scope> {
        match self {
            Self::Public | Self::Myself => None,
            Self::Admin | Self::Operation => Some(Scope::Admin),
            Self::Examine(_) | Self::ExamineStream | Self::ExamineLog => Some(Scope::Read),
            _ if method.is_safe() => Some(Scope::Read),
            _ => Some(Scope::Trade),
        }
    }

    /// The role that would be enough, for people.
    const fn wanted(self) -> &'static str {
        match self {
            Self::ExamineLog | Self::Oversight => "auditor, operator or admin",
            Self::Operation => "operator or admin",
            _ => "admin",
        }
    }
}

/// What one operation declares.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Rule {
    access: Access,
    /// Whether it answers with an event stream, which browsers cannot open with headers.
    is_stream: bool,
}

/// What every operation declares.
#[derive(Debug, Clone, Default)]
pub struct AccessRules {
    by_path: Arc<HashMap<String, HashMap<Method, Rule>>>,
}

impl AccessRules {
    /// From the API's document. An operation whose declaration is missing or unknown has no rule.
    pub fn of(document: &Value) -> Self {
        let members = |value: &Value| value.as_object().cloned().unwrap_or_default();
        let mut by_path: HashMap<String, HashMap<Method, Rule>> = HashMap::new();
        for (path, operations) in document.get("paths").map(members).unwrap_or_default() {
            let rules = by_path.entry(path).or_default();
            for (method, operation) in members(&operations) {
                let declared = operation.get(DECLARATION).and_then(Value::as_str);
                let access = declared.and_then(|text| text.parse().ok());
                let method = Method::from_bytes(method.to_ascii_uppercase().as_bytes());
                let is_stream = operation.pointer("/responses/200/content/text~1event-stream").is_some();
                if let (Some(access), Ok(method)) = (access, method) {
                    rules.insert(method, Rule { access, is_stream });
                }
            }
        }
        Self { by_path: Arc::new(by_path) }
    }

    /// The rule of an operation; `None` when the path does not take the method.
    fn rule(&self, method: &Method, path: &str) -> Result<Option<Rule>, ApiError> {
        let undeclared = || ApiError::Undeclared { path: path.to_owned() };
        let rules = self.by_path.get(path).filter(|rules| !rules.is_empty()).ok_or_else(undeclared)?;
        let method = if method == Method::HEAD { &Method::GET } else { method };
        Ok(rules.get(method).copied())
    }
}

/// Lets a request through to its handler, with its [`Caller`], if the operation's declaration admits it.
pub async fn guard(
    State((api, rules)): State<(Api, AccessRules)>,
    path: Option<MatchedPath>,
    parameters: RawPathParams,
    request: Request,
    next: Next,
) -> Response {
    let path = path.as_ref().map_or("", MatchedPath::as_str);
    if !path.starts_with(GUARDED) || path == super::openapi::PATH {
        return next.run(request).await;
    }
    let named = parameters.iter().next().map(|(_, value)| value.to_owned());
    let (mut parts, mut body) = request.into_parts();
    let mut memory = Memory::Asked;
    loop {
        let caller = match admit(&api, &rules, path, named.as_deref(), &mut parts, memory).await {
            Ok(None) => return next.run(Request::from_parts(parts, body)).await,
            Ok(Some(caller)) => caller,
            Err(error) => return error.into_response(),
        };
        let (key, belief) = (caller.rate_key(), caller.belief());
        let Some(belief) = belief else {
            parts.extensions.insert(caller);
            return rate::limit_user(&api, &key, Request::from_parts(parts, body), next).await;
        };
        let mut first = parts.clone();
        first.extensions.insert(caller);
        let request = Request::from_parts(first, std::mem::take(&mut body));
        let response = rate::limit_user(&api, &key, request, next.clone()).await;
        match api.app().identity.holds(&belief).await {
            Ok(true) => return response,
            // A read, so it can be done again: as whoever that is now, if they may.
            Ok(false) => memory = Memory::Ignored,
            Err(error) => return ApiError::from(error).into_response(),
        }
    }
}

/// Whether what is remembered of a session is enough to begin with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Memory {
    Asked,
    Ignored,
}

async fn admit(
    api: &Api,
    rules: &AccessRules,
    path: &str,
    named: Option<&str>,
    parts: &mut Parts,
    memory: Memory,
) -> Result<Option<Caller>, ApiError> {
    let Some(Rule { access, is_stream }) = rules.rule(&parts.method, path)? else { return Ok(None) };
    // Before anything is done that the caller would then not be told.
    let offered = if is_stream { "text/event-stream" } else { "application/json" };
    if !accepts(&parts.headers, offered) {
        return Err(ApiError::NotAcceptable { offered });
    }
    if access == Access::Public {
        return Ok(None);
    }
    // Whoever waits for a position must not hold a connection meanwhile.
    let reads_rows = access == Access::Rows
        && memory == Memory::Asked
        && parts.method.is_safe()
        && !AtLeast::is_named(parts);
    let caller = Caller::of(api, parts, is_stream, reads_rows).await?;
    if !access.admits(caller.role) {
        return Err(ApiError::RoleNeeded { wanted: access.wanted() });
    }
    if let Some(scope) = access.scope(&parts.method)
        && !caller.who.may(scope)
    {
        return Err(ApiError::ScopeNeeded(scope));
    }
    match access {
        Access::Own(category) => owns(api, &caller, category, named).await?,
        Access::Examine(category) if !caller.role.oversees() => owns(api, &caller, category, named).await?,
        Access::OwnStream | Access::ExamineStream if !caller.role.oversees() => {
            owns_stream(api, &caller, named).await?
        }
        _ => {}
    }
    Ok(Some(caller))
}

/// The first event of a stream says whose it is, before anybody wakes its actor. What does not exist and what is not the
/// caller's take the same way to the same answer.
pub(super) async fn owns(
    api: &Api,
    caller: &Caller,
    what: &'static str,
    named: Option<&str>,
) -> Result<(), ApiError> {
    let key = named.unwrap_or_default();
    let none = || ApiError::not_found(what, key);
    let id: uuid::Uuid = key.parse().map_err(|_| none())?;
    let owner = owner_of(api.log(), &StreamName::new(Tenant::LOCAL, what, id)).await?;
    if owner.as_ref() == Some(&caller.principal) { Ok(()) } else { Err(none()) }
}

async fn owns_stream(api: &Api, caller: &Caller, named: Option<&str>) -> Result<(), ApiError> {
    let name = named.unwrap_or_default();
    let none = || ApiError::not_found("stream", name);
    let stream: StreamName = name.parse().map_err(|_| none())?;
    let owner = owner_of(api.log(), &stream).await?;
    if owner.as_ref() == Some(&caller.principal) { Ok(()) } else { Err(none()) }
}
