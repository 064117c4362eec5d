//! What a request brings to show who sends it: a key, a token in a header or cookie, or a ticket for an event stream.

use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, Uri, header};
use sha2::{Digest, Sha256};

use super::error::ApiError;

/// The header of an API key.
pub const API_KEY: HeaderName = HeaderName::from_static("x-api-key");
/// The header that a page repeats its CSRF cookie in.
pub const CSRF_TOKEN: HeaderName = HeaderName::from_static("x-csrf-token");
/// The cookie of the access token; scripts cannot read it.
pub const ACCESS_COOKIE: &str = "auth_token";
/// The cookie of the refresh token; scripts cannot read it, and only `/auth` gets it.
pub const REFRESH_COOKIE: &str = "refresh_token";
/// The cookie that scripts of the own origin read and repeat in [`CSRF_TOKEN`].
pub const CSRF_COOKIE: &str = "csrf_token";
/// The query parameter of a ticket.
const TICKET: &str = "ticket";

/// What shows who sends a request. Where several come together, the first of this list counts.
#[derive(Clone, PartialEq, Eq)]
pub enum Shown {
    /// `X-API-Key`.
    ApiKey(String),
    /// `Authorization: Bearer`.
    Bearer(String),
    /// The cookie of the access token.
    Cookie(String),
    /// A ticket; for event streams only.
    Ticket(String),
}

impl std::fmt::Debug for Shown {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(match self {
            Self::ApiKey(_) => "ApiKey(***)",
            Self::Bearer(_) => "Bearer(***)",
            Self::Cookie(_) => "Cookie(***)",
            Self::Ticket(_) => "Ticket(***)",
        })
    }
}

impl Shown {
    /// What `parts` show, if they show anything. A ticket is taken out of the address, so that nobody behind sees it.
    pub fn of(parts: &mut Parts, is_stream: bool) -> Result<Option<Self>, ApiError> {
        if let Some(key) = parts.headers.get(API_KEY) {
            let key = key.to_str().map_err(|_| ApiError::Unauthenticated("X-API-Key is not text"))?;
            return Ok(Some(Self::ApiKey(key.to_owned())));
        }
        if let Some(value) = parts.headers.get(header::AUTHORIZATION) {
            let text = value.to_str().ok().and_then(|text| text.split_once(' '));
            let token = text.filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"));
            let token = token.ok_or(ApiError::Unauthenticated("Authorization must be Bearer and a token"))?.1;
            return Ok(Some(Self::Bearer(token.trim().to_owned())));
        }
        let ticket = if is_stream { take_ticket(&mut parts.uri) } else { None };
        if let Some(token) = cookie(&parts.headers, ACCESS_COOKIE) {
            return Ok(Some(Self::Cookie(token.to_owned())));
        }
        Ok(ticket.map(Self::Ticket))
    }

    /// The text that pages must repeat in their writes, where the credential comes by itself: in a cookie.
    pub fn csrf(&self) -> Option<String> {
        match self {
            Self::Cookie(token) => Some(csrf_of(token)),
            Self::ApiKey(_) | Self::Bearer(_) | Self::Ticket(_) => None,
        }
    }
}

/// The CSRF token that belongs to a token in a cookie: who cannot read the cookie cannot make it.
pub fn csrf_of(token: &str) -> String {
    let digest = Sha256::new_with_prefix(b"tapedeck csrf\n").chain_update(token).finalize();
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Refuses a write whose credential came in a cookie unless the page that sent it could read the other cookie.
pub fn check_csrf(headers: &HeaderMap, wanted: &str) -> Result<(), ApiError> {
    let told = headers.get(CSRF_TOKEN).map(|value| value.as_bytes());
    if told == Some(wanted.as_bytes()) { Ok(()) } else { Err(ApiError::CsrfMissing) }
}

/// The value of a cookie.
pub fn cookie<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    let all = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    all.flat_map(|value| value.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find_map(|(key, value)| (key == name && !value.is_empty()).then_some(value))
}

/// Takes the ticket out of the query.
fn take_ticket(uri: &mut Uri) -> Option<String> {
    let query = uri.query()?;
    let is_ticket = |pair: &&str| pair.split_once('=').is_some_and(|(name, _)| name == TICKET);
    let ticket = query.split('&').find(is_ticket)?.split_once('=')?.1.to_owned();
    let rest: Vec<&str> = query.split('&').filter(|pair| !is_ticket(pair)).collect();
    let path =
        if rest.is_empty() { uri.path().to_owned() } else { format!("{}?{}", uri.path(), rest.join("&")) };
    if let Ok(without) = path.parse() {
        *uri = without;
    }
    Some(ticket)
}

#[cfg(test)]
mod tests {
    use axum::http::Request;

    use super::*;

    fn shown(
        headers: &[(&'static str, &'static str)],
        address: &str,
        is_stream: bool,
    ) -> (Option<Shown>, String) {
        let mut request = Request::get(address);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let (mut parts, ()) = request.body(()).unwrap().into_parts();
        let shown = Shown::of(&mut parts, is_stream).unwrap();
        (shown, parts.uri.to_string())
    }

    #[test]
    fn keys_come_before_tokens_and_headers_before_cookies() {
        let all = [
            ("x-api-key", "k"),
            ("authorization", "bearer t"),
            ("cookie", "a=b; auth_token=c; csrf_token=d"),
        ];
        assert_eq!(shown(&all, "/", false).0, Some(Shown::ApiKey("k".to_owned())));
        assert_eq!(shown(&all[1..], "/", false).0, Some(Shown::Bearer("t".to_owned())));
        assert_eq!(shown(&all[2..], "/", false).0, Some(Shown::Cookie("c".to_owned())));
        assert_eq!(shown(&[], "/", false).0, None);
    }

    #[test]
    fn a_ticket_opens_streams_only_and_leaves_the_address() {
        let address = "/events/tail?after=3&ticket=abc&payload=true";
        let (ticket, rest) = shown(&[], address, true);
        assert_eq!(ticket, Some(Shown::Ticket("abc".to_owned())));
        assert_eq!(rest, "/events/tail?after=3&payload=true");
        assert_eq!(shown(&[], address, false), (None, address.to_owned()));
        assert_eq!(shown(&[], "/events/tail?ticket=abc", true).1, "/events/tail");
    }

    #[test]
    fn nothing_shown_is_printed() {
        assert_eq!(format!("{:?}", Shown::Bearer("secret".to_owned())), "Bearer(***)");
    }

    #[test]
    fn writes_by_cookie_repeat_what_only_the_own_origin_can_read() {
        let mut headers = HeaderMap::new();
        let wanted = csrf_of("token");
        assert!(check_csrf(&headers, &wanted).is_err());
        headers.insert(CSRF_TOKEN, csrf_of("other").parse().unwrap());
        assert!(check_csrf(&headers, &wanted).is_err());
        headers.insert(CSRF_TOKEN, wanted.parse().unwrap());
        assert!(check_csrf(&headers, &wanted).is_ok());
    }
}
