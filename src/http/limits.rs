//! Bounds of what a request may look like, before anything reads it.

use axum::extract::{Request, State};
use axum::http::HeaderMap;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::error::ApiError;
use super::state::Api;
use crate::config::HttpConfig;

/// Refuses requests whose head is larger than the limits.
pub(super) async fn check(State(api): State<Api>, request: Request, next: Next) -> Response {
    let query = request.uri().query().map_or(0, str::len);
    match within(api.config(), request.headers(), query) {
        Ok(()) => next.run(request).await,
        Err(error) => error.into_response(),
    }
}

fn within(config: &HttpConfig, headers: &HeaderMap, query: usize) -> Result<(), ApiError> {
    if query > config.query_bytes_max {
        return Err(ApiError::QueryTooLong { limit: config.query_bytes_max });
    }
    if headers.len() > config.headers_max {
        return Err(ApiError::TooManyHeaders { limit: config.headers_max });
    }
    let bytes: usize = headers.iter().map(|(name, value)| name.as_str().len() + value.len()).sum();
    match bytes > config.header_bytes_max {
        true => Err(ApiError::HeadersTooLarge { limit: config.header_bytes_max }),
        false => Ok(()),
    }
}

/// Whether JSON nests objects and lists deeper than `limit`, seen without reading it: a reader that recurses must not be
/// handed what would exhaust its stack.
pub(super) fn nests_deeper(json: &[u8], limit: usize) -> bool {
    let (mut depth, mut in_text, mut escaped) = (0_usize, false, false);
    for byte in json {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_text => escaped = true,
            b'"' => in_text = !in_text,
            b'{' | b'[' if !in_text => {
                depth += 1;
                if depth > limit {
                    return true;
                }
            }
            b'}' | b']' if !in_text => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_not_text_nests() {
        assert!(!nests_deeper(br#"{"a": [{}, [], "[[[[{{{{", "\"[[[[\\"]}"#, 3));
        assert!(nests_deeper(br#"{"a": [{}, [[]]]}"#, 3));
        assert!(nests_deeper("[".repeat(100_000).as_bytes(), 32));
        assert!(!nests_deeper(b"]]]]", 0));
    }
}
