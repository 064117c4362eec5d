//! Writes: who asks, under which identity of command, and believing in which version.

use actors::CommandEnvelope;
use axum::extract::{FromRequestParts, MatchedPath};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, header};
use events::{CommandId, Tenant, Version};
use sha2::{Digest, Sha256};
use utoipa::IntoParams;

use super::caller::Caller;
use super::error::ApiError;
use crate::start_run::CommandContext;

/// The header that makes repeating a write harmless.
pub const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");
/// Longest key.
const KEY_BYTES_MAX: usize = 200;

/// A write: the same key sent twice has one effect and one answer.
#[derive(Debug, Clone)]
pub struct Writing {
    /// Who asks.
    pub caller: Caller,
    /// The command; derived from the key where there is one.
    pub command_id: CommandId,
    /// What `If-Match` said; the actor compares it when it decides.
    expected: Option<Version>,
    /// Method and path, as part of the request's fingerprint; only with a key.
    fingerprint: Option<Sha256>,
}

/// The headers of a write, for the documentation.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Header)]
#[expect(dead_code, reason = "describes what Writing reads")]
pub struct WriteParameters {
    /// Up to 200 visible characters of your choice: repeating the request with the same key has no second effect.
    #[param(rename = "Idempotency-Key", example = "rebalance-2025-11-03")]
    idempotency_key: Option<String>,
}

/// The header of a conditional write, for the documentation.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Header)]
#[expect(dead_code, reason = "describes what Writing reads")]
pub struct ConditionParameters {
    /// The version that you have read, as in its `ETag`; another one is answered with 412.
    #[param(rename = "If-Match", example = "\"3\"")]
    if_match: Option<String>,
}

impl<S: Send + Sync> FromRequestParts<S> for Writing {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        let caller = Caller::from_request_parts(parts, state).await?;
        let expected = if_match(&parts.headers)?;
        let (command_id, is_chosen) = command_of(parts, Some(&caller))?;
        let fingerprint = is_chosen.then(|| fingerprint_of(parts));
        Ok(Self { caller, command_id, expected, fingerprint })
    }
}

/// The beginning of a request's fingerprint: method and path, to which its body is added.
pub fn fingerprint_of(parts: &Parts) -> Sha256 {
    Sha256::new_with_prefix(format!("{} {}\n", parts.method, parts.uri.path()))
}

/// The command that a request is, and whether its sender chose it: derived from the key and who sends it, or else new.
pub fn command_of(parts: &Parts, caller: Option<&Caller>) -> Result<(CommandId, bool), ApiError> {
    let Some(key) = idempotency_key(&parts.headers)? else { return Ok((CommandId::generate(), false)) };
    let route = parts.extensions.get::<MatchedPath>().map_or(parts.uri.path(), MatchedPath::as_str);
    let tenant = caller.map_or(Tenant::LOCAL, |caller| caller.tenant).0.to_be_bytes();
    let principal = caller.map_or("", |caller| caller.principal.0.as_str());
    let command_id = CommandId::derived(&[
        &tenant,
        principal.as_bytes(),
        parts.method.as_str().as_bytes(),
        route.as_bytes(),
        key.as_bytes(),
    ]);
    Ok((command_id, true))
}

impl Writing {
    /// A command of this write, whose body has fingerprint `body`.
    pub fn envelope<C>(&self, command: C, body: [u8; 32]) -> CommandEnvelope<C> {
        CommandEnvelope {
            request_hash: self.request_hash(body),
            expected: self.expected,
            correlation_id: Some(self.caller.request_id.uuid()),
            ..CommandEnvelope::new(command, self.command_id).with_metadata(self.caller.metadata())
        }
    }

    /// The same for services that send the command themselves.
    pub fn context(&self, body: [u8; 32]) -> CommandContext {
        CommandContext {
            command_id: self.command_id,
            request_hash: self.request_hash(body),
            metadata: self.caller.metadata(),
        }
    }

    fn request_hash(&self, body: [u8; 32]) -> Option<[u8; 32]> {
        self.fingerprint.clone().map(|asked| asked.chain_update(body).finalize().into())
    }
}

fn idempotency_key(headers: &HeaderMap) -> Result<Option<String>, ApiError> {
    let Some(value) = headers.get(IDEMPOTENCY_KEY) else { return Ok(None) };
    let key = value.to_str().ok().filter(|key| (1..=KEY_BYTES_MAX).contains(&key.len()));
    let message = "must be 1 to 200 visible ASCII characters";
    key.map(|key| Some(key.to_owned()))
        .ok_or_else(|| ApiError::invalid("Idempotency-Key", "invalid", message))
}

fn if_match(headers: &HeaderMap) -> Result<Option<Version>, ApiError> {
    let Some(value) = headers.get(header::IF_MATCH) else { return Ok(None) };
    let quoted = value.to_str().ok().and_then(|text| text.strip_prefix('"')?.strip_suffix('"'));
    let version = quoted.and_then(|text| text.parse().ok()).map(Version);
    let message = "must be a version in quotes, such as \"3\"";
    version.map(Some).ok_or_else(|| ApiError::invalid("If-Match", "invalid", message))
}
