//! Conditional reads: every answer to a read has an `ETag`, and one that the caller has already is not sent again.

use axum::body::Body;
use axum::extract::Request;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::Response;
use sha2::{Digest, Sha256};

/// The tag of what an answer says, for answers about things without a version. Two answers with one tag have the same
/// data; their `meta` differs, so the tag is a weak one.
#[derive(Debug, Clone)]
pub(super) struct ContentTag(HeaderValue);

impl ContentTag {
    /// Of data as it is sent.
    pub(super) fn of(data: &[u8]) -> Option<Self> {
        let digest = Sha256::digest(data);
        let text: String = digest.iter().take(16).map(|byte| format!("{byte:02x}")).collect();
        HeaderValue::from_str(&format!("W/\"{text}\"")).ok().map(Self)
    }
}

/// Gives reads their tag and answers 304 to callers who have it.
pub(super) async fn answer(request: Request, next: Next) -> Response {
    if !matches!(*request.method(), Method::GET | Method::HEAD) {
        return next.run(request).await;
    }
    let known = request.headers().get_all(header::IF_NONE_MATCH).iter().cloned().collect::<Vec<_>>();
    let mut response = next.run(request).await;
    if response.status() != StatusCode::OK {
        return response;
    }
    if let Some(ContentTag(tag)) = response.extensions_mut().remove::<ContentTag>() {
        response.headers_mut().entry(header::ETAG).or_insert(tag);
    }
    let is_known = response.headers().get(header::ETAG).is_some_and(|tag| matches(&known, tag));
    if is_known { not_modified(response) } else { response }
}

/// Weakly, as reads compare: `W/` makes no difference.
fn matches(known: &[HeaderValue], tag: &HeaderValue) -> bool {
    let opaque = |text: &str| text.trim().trim_start_matches("W/").to_owned();
    let Ok(tag) = tag.to_str().map(opaque) else { return false };
    let listed = known.iter().filter_map(|value| value.to_str().ok()).flat_map(|value| value.split(','));
    listed.map(opaque).any(|one| one == tag || one == "*")
}

fn not_modified(response: Response) -> Response {
    let (mut parts, _) = response.into_parts();
    parts.status = StatusCode::NOT_MODIFIED;
    without_body(&mut parts.headers);
    Response::from_parts(parts, Body::empty())
}

fn without_body(headers: &mut HeaderMap) {
    headers.remove(header::CONTENT_LENGTH);
    headers.remove(header::CONTENT_TYPE);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_of_the_tags_that_a_caller_names_may_match() {
        let tag = HeaderValue::from_static("\"3\"");
        let named = |text: &'static str| matches(&[HeaderValue::from_static(text)], &tag);
        assert!(named("\"3\"") && named("W/\"3\"") && named("\"1\", W/\"3\"") && named("*"));
        assert!(!named("\"4\"") && !named("3") && !named(""));
    }
}
