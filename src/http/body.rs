//! Bodies: strict JSON that reports everything that is wrong with it.

use axum::body::Body as RawBody;
use axum::extract::{FromRequest, Request};
use axum::http::{HeaderMap, header};
use bytes::{Bytes, BytesMut};
use futures_util::StreamExt;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

use super::error::ApiError;
use super::limits::nests_deeper;
use super::problem::FieldProblem;
use super::state::Api;

/// Bytes beyond the limit that are taken in before the connection is given up.
const DISCARDED_BYTES_MAX: usize = 4 << 20;

/// A type that is read member by member from a JSON object.
pub trait FromMembers: Sized {
    /// Whether a request without a body stands for an empty object.
    const MAY_BE_EMPTY: bool = false;

    /// Reads the members; `None` after one was reported.
    fn read(members: &mut Members) -> Option<Self>;
}

/// A body that was read, and the fingerprint of its bytes.
#[derive(Debug, Clone)]
pub struct Body<T> {
    /// What it says.
    pub value: T,
    /// SHA-256 of its bytes.
    pub hash: [u8; 32],
}

impl<T: FromMembers> FromRequest<Api> for Body<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, api: &Api) -> Result<Self, ApiError> {
        let (parts, body) = request.into_parts();
        let (limit, patience) = (api.config().body_limit_bytes, api.config().body_timeout());
        let bytes = tokio::time::timeout(patience, read_all(&parts.headers, body, limit))
            .await
            .map_err(|_| ApiError::SlowBody(patience))??;
        let hash = Sha256::digest(&bytes).into();
        if bytes.is_empty() && T::MAY_BE_EMPTY {
            return Ok(Self { value: Members::of(Map::new()).finish(T::read)?, hash });
        }
        if !is_json(&parts.headers) {
            return Err(ApiError::NotJson);
        }
        let depth = api.config().json_depth_max;
        if nests_deeper(&bytes, depth) {
            let message = format!("nests objects and lists deeper than {depth}");
            return Err(ApiError::invalid("body", "too_deep", message));
        }
        match serde_json::from_slice(&bytes)? {
            Value::Object(members) => Ok(Self { value: Members::of(members).finish(T::read)?, hash }),
            _ => Err(ApiError::invalid("body", "invalid", "must be a JSON object")),
        }
    }
}

/// Reads the body whole. One that is too large is still taken in for a while, because a client that is cut off while
/// it sends never reads why.
async fn read_all(headers: &HeaderMap, body: RawBody, limit: usize) -> Result<Bytes, ApiError> {
    let declared = headers.get(header::CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse().ok());
    let mut read = BytesMut::with_capacity(declared.unwrap_or(0_usize).min(limit));
    let mut chunks = body.into_data_stream();
    let mut length = 0_usize;
    while let Some(chunk) = chunks.next().await {
        let chunk = chunk.map_err(ApiError::Body)?;
        length = length.saturating_add(chunk.len());
        if length <= limit {
            read.extend_from_slice(&chunk);
        } else if length > limit.saturating_add(DISCARDED_BYTES_MAX) {
            break;
        }
    }
    if length > limit { Err(ApiError::TooLarge { limit }) } else { Ok(read.freeze()) }
}

fn is_json(headers: &HeaderMap) -> bool {
    let Some(kind) = headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()) else {
        return false;
    };
    let essence = kind.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    essence == "application/json" || (essence.starts_with("application/") && essence.ends_with("+json"))
}

/// The members of a JSON object that are still to be read, and what was wrong with those that were.
#[derive(Debug)]
pub struct Members {
    rest: Map<String, Value>,
    known: Vec<&'static str>,
    errors: Vec<FieldProblem>,
}

impl Members {
    fn of(rest: Map<String, Value>) -> Self {
        Self { rest, known: Vec::new(), errors: Vec::new() }
    }

    /// A member that must be there.
    pub fn required<T: DeserializeOwned>(&mut self, name: &'static str) -> Option<T> {
        match self.take(name) {
            Some(Value::Null) | None => {
                self.errors.push(FieldProblem::new(name, "required", "must be given"));
                None
            }
            Some(value) => self.parsed(name, value),
        }
    }

    /// A member that may be absent or null.
    pub fn optional<T: DeserializeOwned>(&mut self, name: &'static str) -> Option<T> {
        match self.take(name) {
            Some(Value::Null) | None => None,
            Some(value) => self.parsed(name, value),
        }
    }

    /// A member of a partial change that may be absent (leave it) but not null.
    pub fn change<T: DeserializeOwned>(&mut self, name: &'static str) -> Option<T> {
        let value = self.take(name)?;
        if value.is_null() {
            self.errors.push(FieldProblem::new(name, "required", "cannot be cleared"));
            return None;
        }
        self.parsed(name, value)
    }

    /// A member of a partial change: absent leaves it, null clears it.
    pub fn clearable<T: DeserializeOwned>(&mut self, name: &'static str) -> Option<Option<T>> {
        match self.take(name)? {
            Value::Null => Some(None),
            value => self.parsed(name, value).map(Some),
        }
    }

    /// A list of objects that must be there; what is wrong in one of them is reported with its row.
    pub fn rows<T>(
        &mut self,
        name: &'static str,
        mut read: impl FnMut(&mut Self) -> Option<T>,
    ) -> Option<Vec<T>> {
        let rows: Vec<Map<String, Value>> = self.required(name)?;
        let mut all = Vec::with_capacity(rows.len());
        for (row, members) in (1..).zip(rows) {
            match Self::of(members).finish(&mut read) {
                Ok(value) => all.push(Some(value)),
                Err(ApiError::Invalid(errors)) => {
                    all.push(None);
                    let placed = errors.into_iter().map(|error| FieldProblem { row: Some(row), ..error });
                    self.errors.extend(placed);
                }
                // Reading members reports nothing else.
                Err(_) => all.push(None),
            }
        }
        all.into_iter().collect()
    }

    /// Reports a broken rule between members.
    pub fn report(&mut self, name: &'static str, code: &str, message: impl ToString) {
        self.errors.push(FieldProblem::new(name, code, message));
    }

    fn take(&mut self, name: &'static str) -> Option<Value> {
        self.known.push(name);
        self.rest.remove(name)
    }

    fn parsed<T: DeserializeOwned>(&mut self, name: &'static str, value: Value) -> Option<T> {
        match serde_path_to_error::deserialize(value) {
            Ok(parsed) => Some(parsed),
            Err(error) => {
                let path = error.path().to_string();
                let field = if path == "." { name.to_owned() } else { format!("{name}.{path}") };
                self.errors.push(FieldProblem::new(field, "invalid", error.inner()));
                None
            }
        }
    }

    fn finish<T>(mut self, read: impl FnOnce(&mut Self) -> Option<T>) -> Result<T, ApiError> {
        let value = read(&mut self);
        let Self { rest, known, mut errors } = self;
        errors.extend(rest.keys().map(|name| {
            let message = format!("is not a field; there are {}", known.join(", "));
            FieldProblem::new(name, "unknown", message)
        }));
        match value {
            Some(value) if errors.is_empty() => Ok(value),
            Some(_) | None => Err(ApiError::Invalid(errors)),
        }
    }
}

/// No members: for requests that say all in their path.
#[derive(Debug, Clone, Copy)]
pub struct NoBody;

impl FromMembers for NoBody {
    const MAY_BE_EMPTY: bool = true;

    fn read(_members: &mut Members) -> Option<Self> {
        Some(Self)
    }
}
