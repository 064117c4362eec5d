//! Everything that can go wrong with a request, and the one function that says what it is to the caller.

mod identity;
mod refusal;

use std::time::Duration;

use actors::CommandError;
use axum::http::StatusCode;
use deadpool_postgres::PoolError;
use events::DecodeError;
use events::account::Scope;
use events::log::{LoadError, ReadError};
use projections::bars::BarsStoreError;
use projections::closes::ClosesError;
use projections::performance::PerformanceError;
use projections::risk::RiskError;
use projections::{QueryError, WaitError};

use super::problem::FieldProblem;
use super::rate::Exceeded;
use crate::identity::IdentityError;
use crate::market::MarketError;
pub use refusal::Refusal;

/// Why a request failed.
#[derive(Debug, thiserror::Error)]
pub enum ApiError {
    /// There is no such thing, or it is not the caller's.
    #[error("there is no {what} {id}")]
    NotFound {
        /// The kind of thing.
        what: &'static str,
        /// What it was called.
        id: String,
    },
    /// Nobody is signed in, or not validly.
    #[error("{0}")]
    Unauthenticated(&'static str),
    /// A page wrote by cookie without showing that it is of the own origin.
    #[error("a write by cookie must repeat the cookie csrf_token in the header X-CSRF-Token")]
    CsrfMissing,
    /// The credential is not for this.
    #[error("this credential is not for: {}", .0.name())]
    ScopeNeeded(Scope),
    /// Identity refused or failed.
    #[error(transparent)]
    Identity(IdentityError),
    /// The caller's role is not enough.
    #[error("this is for the role {wanted}")]
    RoleNeeded {
        /// The role that is.
        wanted: &'static str,
    },
    /// An operation that does not say who may call it.
    #[error("{path} does not declare who may call it")]
    Undeclared {
        /// Its path.
        path: String,
    },
    /// The body, the parameters or the headers break rules.
    #[error("{}", count(.0))]
    Invalid(Vec<FieldProblem>),
    /// The body is not JSON.
    #[error("the body is not JSON: {0}")]
    Malformed(#[from] serde_json::Error),
    /// The caller accepts no answer in the form in which there is one.
    #[error("this is answered as {offered}, which Accept does not name")]
    NotAcceptable {
        /// The media type that there is.
        offered: &'static str,
    },
    /// The body is not declared as JSON.
    #[error("the body must be sent as application/json")]
    NotJson,
    /// The body is larger than the limit.
    #[error("the body is larger than {limit} bytes")]
    TooLarge {
        /// The limit.
        limit: usize,
    },
    /// The body did not arrive in time.
    #[error("the body did not arrive within {} ms", .0.as_millis())]
    SlowBody(Duration),
    /// The query is longer than the limit.
    #[error("the query is longer than {limit} bytes")]
    QueryTooLong {
        /// The limit.
        limit: usize,
    },
    /// There are more headers than the limit.
    #[error("the request has more than {limit} headers")]
    TooManyHeaders {
        /// The limit.
        limit: usize,
    },
    /// The headers are larger than the limit.
    #[error("the headers are larger than {limit} bytes")]
    HeadersTooLarge {
        /// The limit.
        limit: usize,
    },
    /// The client asks more than it may.
    #[error(transparent)]
    RateLimited(Exceeded),
    /// The body ended early.
    #[error("the body could not be read")]
    Body(#[source] axum::Error),
    /// The caller believed in another version.
    #[error("it is at version {current}, not {expected}")]
    OtherVersion {
        /// What `If-Match` said.
        expected: i64,
        /// What it is.
        current: i64,
    },
    /// A rule of the domain.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// A model or run has something that must end first.
    #[error("{0}")]
    InUse(String),
    /// An actor did not carry a command out.
    #[error("{0}")]
    Command(CommandFailure),
    /// A read model has not yet seen what the caller has.
    #[error(transparent)]
    Behind(#[from] WaitError),
    /// The log could not be read.
    #[error("the event log cannot be read")]
    Log(#[from] ReadError),
    /// A stream could not be folded.
    #[error("a stream cannot be folded")]
    Load(#[from] LoadError),
    /// A read model could not be read.
    #[error("the read models cannot be read")]
    Query(#[from] QueryError),
    /// The market store could not be read.
    #[error("the market store cannot be read")]
    Market(#[from] BarsStoreError),
    /// The figures of a run could not be computed.
    #[error("the figures of the run cannot be computed")]
    Performance(#[from] PerformanceError),
    /// No connection to the database in time.
    #[error("no connection to the database")]
    Pool(#[from] PoolError),
    /// A stored event cannot be read.
    #[error("a stored event cannot be read")]
    Decode(#[from] DecodeError),
    /// As many event streams are open as this process serves.
    #[error("{limit} event streams are open, which is as many as are served")]
    StreamsFull {
        /// The limit.
        limit: usize,
    },
    /// No answer in time.
    #[error("there was no answer within {} ms", .0.as_millis())]
    Timeout(Duration),
    /// A handler panicked.
    #[error("the handler panicked: {0}")]
    Panicked(String),
    /// Something else failed that should not.
    #[error("{operation} failed")]
    Internal {
        /// What was attempted.
        operation: &'static str,
        /// What went wrong.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The router or a library answered with a bare status.
    #[error("{}", .0.canonical_reason().unwrap_or("the request failed"))]
    Status(StatusCode),
}

/// A command that was not refused by a rule and yet not carried out: [`CommandError`] without its rule.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CommandFailure {
    /// Too much is waiting.
    #[error("too many commands are waiting")]
    Overloaded {
        /// Milliseconds.
        retry_after_ms: u64,
    },
    /// Nothing was done.
    #[error("the event log is not available: {0}")]
    Unavailable(String),
    /// It may have been done.
    #[error("whether the command was carried out is not known; repeat it with the same Idempotency-Key: {0}")]
    Unknown(String),
    /// An operator must release the stream.
    #[error("its actor kept failing and is out of service: {0}")]
    Quarantined(String),
    /// Deciding it failed.
    #[error("the command could not be carried out: {0}")]
    Failed(String),
    /// Same key, other request.
    #[error("this Idempotency-Key was used before for another request")]
    IdempotencyMismatch,
    /// Others kept changing it.
    #[error("it kept changing while the command was being decided; it is at version {0}")]
    Conflict(i64),
    /// It may still be done.
    #[error(
        "no answer within {0} ms; the command may still be carried out, repeat it with the same Idempotency-Key"
    )]
    DeadlineExceeded(u64),
}

impl<E> From<CommandError<E>> for ApiError
where
    E: std::error::Error + Into<Refusal> + 'static,
{
    fn from(error: CommandError<E>) -> Self {
        Self::Command(match error {
            CommandError::Refused(rule) => return Self::Refused(rule.into()),
            CommandError::OtherVersion { expected, current } => {
                return Self::OtherVersion { expected: expected.0, current: current.0 };
            }
            CommandError::Overloaded { retry_after_ms } => CommandFailure::Overloaded { retry_after_ms },
            CommandError::Unavailable { reason } => CommandFailure::Unavailable(reason),
            CommandError::Unknown { reason } => CommandFailure::Unknown(reason),
            CommandError::Quarantined { reason } => CommandFailure::Quarantined(reason),
            CommandError::Failed { reason } => CommandFailure::Failed(reason),
            CommandError::IdempotencyMismatch => CommandFailure::IdempotencyMismatch,
            CommandError::Conflict { current } => CommandFailure::Conflict(current.0),
            CommandError::DeadlineExceeded { waited_ms } => CommandFailure::DeadlineExceeded(waited_ms),
        })
    }
}

impl From<RiskError> for ApiError {
    fn from(error: RiskError) -> Self {
        match error {
            RiskError::Closes(error) => error.into(),
            RiskError::Reference(error) => error.into(),
        }
    }
}

impl From<ClosesError> for ApiError {
    fn from(error: ClosesError) -> Self {
        match error {
            ClosesError::Store(error) => Self::Market(error),
            ClosesError::Pool(error) => Self::Pool(error),
        }
    }
}

impl From<MarketError> for ApiError {
    fn from(error: MarketError) -> Self {
        match error {
            MarketError::Store(error) => Self::Market(error),
            MarketError::Pool(error) => Self::Pool(error),
        }
    }
}

/// What a failure is to the caller.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Description {
    /// The HTTP status.
    pub status: StatusCode,
    /// The stable name.
    pub code: &'static str,
    /// The kind of failure in words.
    pub title: &'static str,
}

impl ApiError {
    /// There is no such thing, or it is not the caller's.
    pub fn not_found(what: &'static str, id: impl ToString) -> Self {
        Self::NotFound { what, id: id.to_string() }
    }

    /// One thing that is wrong with the request.
    pub fn invalid(field: &str, code: &str, message: impl ToString) -> Self {
        Self::Invalid(vec![FieldProblem::new(field, code, message)])
    }

    /// What the failure is to the caller. Whatever failed because the database is not there passes by itself.
    pub fn description(&self) -> Description {
        match self.kind() {
            Description { status: StatusCode::INTERNAL_SERVER_ERROR, .. } if is_outage(self) => UNAVAILABLE,
            kind => kind,
        }
    }

    /// The one function that says what each failure is.
    fn kind(&self) -> Description {
        use CommandFailure as Failure;
        let (status, code, title) = match self {
            Self::NotFound { .. } => (StatusCode::NOT_FOUND, "not_found", "There is no such thing"),
            Self::Unauthenticated(_) => (StatusCode::UNAUTHORIZED, "not_signed_in", "You are not signed in"),
            Self::CsrfMissing => (StatusCode::FORBIDDEN, "csrf_token_missing", "The CSRF token is missing"),
            Self::ScopeNeeded(_) => (StatusCode::FORBIDDEN, "scope_needed", "The credential is not for this"),
            Self::Identity(error) => return identity::description(error),
            Self::RoleNeeded { .. } => (StatusCode::FORBIDDEN, "role_needed", "Your role is not enough"),
            Self::Invalid(_) => {
                (StatusCode::UNPROCESSABLE_ENTITY, "validation_failed", "The request is not valid")
            }
            Self::Malformed(_) => (StatusCode::BAD_REQUEST, "malformed_json", "The body is not JSON"),
            Self::NotAcceptable { .. } => {
                (StatusCode::NOT_ACCEPTABLE, "not_acceptable", "There is no answer in that form")
            }
            Self::NotJson => {
                (StatusCode::UNSUPPORTED_MEDIA_TYPE, "unsupported_media_type", "The body must be JSON")
            }
            Self::TooLarge { .. } => {
                (StatusCode::PAYLOAD_TOO_LARGE, "body_too_large", "The body is too large")
            }
            Self::SlowBody(_) => (StatusCode::REQUEST_TIMEOUT, "body_too_slow", "The body came too slowly"),
            Self::QueryTooLong { .. } => {
                (StatusCode::URI_TOO_LONG, "query_too_long", "The query is too long")
            }
            Self::TooManyHeaders { .. } | Self::HeadersTooLarge { .. } => (
                StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE,
                "headers_too_large",
                "The headers are too large",
            ),
            Self::RateLimited(_) => {
                (StatusCode::TOO_MANY_REQUESTS, "rate_limited", "Too many requests in too short a time")
            }
            Self::Body(_) => (StatusCode::BAD_REQUEST, "body_incomplete", "The body ended early"),
            Self::OtherVersion { .. } => {
                (StatusCode::PRECONDITION_FAILED, "version_mismatch", "It has changed since you read it")
            }
            Self::Refused(refusal) => return refusal.description(),
            Self::InUse(_) => (StatusCode::CONFLICT, "in_use", "It is in use"),
            Self::Command(Failure::Overloaded { .. }) => {
                (StatusCode::TOO_MANY_REQUESTS, "overloaded", "Too much is waiting")
            }
            Self::Command(Failure::Unavailable(_)) => return UNAVAILABLE,
            Self::Command(Failure::Unknown(_)) => {
                (StatusCode::SERVICE_UNAVAILABLE, "outcome_unknown", "The outcome is not known yet")
            }
            Self::Command(Failure::Quarantined(_)) => {
                (StatusCode::SERVICE_UNAVAILABLE, "quarantined", "It is out of service")
            }
            Self::Command(Failure::IdempotencyMismatch) => (
                StatusCode::UNPROCESSABLE_ENTITY,
                "idempotency_key_reused",
                "The Idempotency-Key belongs to another request",
            ),
            Self::Command(Failure::Conflict(_)) => {
                (StatusCode::CONFLICT, "conflict", "It changed at the same time")
            }
            Self::Command(Failure::DeadlineExceeded(_)) | Self::Timeout(_) => {
                (StatusCode::GATEWAY_TIMEOUT, "timeout", "There was no answer in time")
            }
            Self::Behind(_) => {
                (StatusCode::SERVICE_UNAVAILABLE, "read_model_behind", "The read model is not there yet")
            }
            Self::StreamsFull { .. } => {
                (StatusCode::SERVICE_UNAVAILABLE, "too_many_streams", "Too many event streams are open")
            }
            Self::Undeclared { .. }
            | Self::Command(Failure::Failed(_))
            | Self::Pool(_)
            | Self::Log(_)
            | Self::Load(_)
            | Self::Query(_)
            | Self::Market(_)
            | Self::Performance(_)
            | Self::Decode(_)
            | Self::Panicked(_)
            | Self::Internal { .. } => {
                (StatusCode::INTERNAL_SERVER_ERROR, "internal", "Something failed on our side")
            }
            Self::Status(status) => return of_status(*status),
        };
        Description { status, code, title }
    }

    /// What went wrong this time, for the caller: what is our fault is told to the log, not to strangers.
    pub fn detail(&self) -> String {
        match self.description().status {
            StatusCode::INTERNAL_SERVER_ERROR => {
                "It is recorded in the log under the request_id of this answer.".to_owned()
            }
            _ => self.to_string(),
        }
    }

    /// Every field that is wrong.
    pub fn fields(&self) -> Vec<FieldProblem> {
        match self {
            Self::Invalid(fields) => fields.clone(),
            Self::Refused(refusal) => refusal.fields(),
            Self::Malformed(error) => {
                let place = format!("line {}, column {}: {error}", error.line(), error.column());
                vec![FieldProblem::new("body", "malformed", place)]
            }
            _ => Vec::new(),
        }
    }

    /// After how many seconds trying again makes sense, where it does.
    pub fn retry_after_s(&self) -> Option<u64> {
        const OPERATOR: u64 = 60;
        match self {
            Self::Command(CommandFailure::Overloaded { retry_after_ms }) => {
                Some(retry_after_ms.div_ceil(1_000).max(1))
            }
            Self::Command(CommandFailure::Quarantined(_)) => Some(OPERATOR),
            Self::RateLimited(exceeded) => Some(exceeded.retry_after_s),
            Self::Identity(error) if let Some(seconds) = identity::retry_after_s(error) => Some(seconds),
            _ => match self.description().status {
                StatusCode::SERVICE_UNAVAILABLE | StatusCode::GATEWAY_TIMEOUT => Some(1),
                _ => None,
            },
        }
    }
}

fn count(fields: &[FieldProblem]) -> String {
    match fields {
        [only] => format!("{}: {}", only.field, only.message),
        several => format!("{} fields are not valid", several.len()),
    }
}

const UNAVAILABLE: Description = Description {
    status: StatusCode::SERVICE_UNAVAILABLE,
    code: "unavailable",
    title: "The database is not available",
};

/// Whether somewhere below the failure the database was not there, or had no room or time.
fn is_outage(error: &(dyn std::error::Error + 'static)) -> bool {
    std::iter::successors(Some(error), |error| error.source()).any(|cause| {
        cause.is::<PoolError>()
            || cause.downcast_ref::<tokio_postgres::Error>().is_some_and(projections::database::is_transient)
    })
}

/// Statuses that no handler chose.
fn of_status(status: StatusCode) -> Description {
    let (code, title) = match status {
        StatusCode::NOT_FOUND => ("no_such_route", "There is no such address"),
        StatusCode::METHOD_NOT_ALLOWED => ("method_not_allowed", "This address does not take that method"),
        StatusCode::PAYLOAD_TOO_LARGE => ("body_too_large", "The body is too large"),
        status if status.is_client_error() => ("bad_request", "The request cannot be understood"),
        _ => ("internal", "Something failed on our side"),
    };
    Description { status, code, title }
}
