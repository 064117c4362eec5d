//! The cookies of a session: two that scripts cannot read, and one that they repeat in their writes.

use axum::http::{HeaderMap, HeaderValue, header};
use jiff::Timestamp;

use crate::config::HttpConfig;
use crate::http::credential::{ACCESS_COOKIE, CSRF_COOKIE, REFRESH_COOKIE, csrf_of};
use crate::identity::Tokens;

/// Where the refresh token is sent, and nowhere else.
const REFRESH_PATH: &str = "/api/v1/auth";

/// Headers that give a browser the tokens of a session.
pub fn given(config: &HttpConfig, tokens: &Tokens) -> HeaderMap {
    let now = events::time::now();
    let seconds = |at: Timestamp| at.duration_since(now).as_secs().max(0);
    let access = tokens.access_token.expose();
    let mut headers = HeaderMap::new();
    set(&mut headers, config, ACCESS_COOKIE, access, "/", seconds(tokens.access_expires_at), true);
    set(&mut headers, config, CSRF_COOKIE, &csrf_of(access), "/", seconds(tokens.access_expires_at), false);
    if let Some(refresh) = &tokens.refresh_token {
        let lifetime = seconds(tokens.session_expires_at);
        set(&mut headers, config, REFRESH_COOKIE, refresh.expose(), REFRESH_PATH, lifetime, true);
    }
    headers
}

/// Headers that have a browser forget them.
pub fn forgotten(config: &HttpConfig) -> HeaderMap {
    let mut headers = HeaderMap::new();
    set(&mut headers, config, ACCESS_COOKIE, "", "/", 0, true);
    set(&mut headers, config, CSRF_COOKIE, "", "/", 0, false);
    set(&mut headers, config, REFRESH_COOKIE, "", REFRESH_PATH, 0, true);
    headers
}

fn set(
    headers: &mut HeaderMap,
    config: &HttpConfig,
    name: &str,
    value: &str,
    path: &str,
    seconds: i64,
    http_only: bool,
) {
    // Pages of other origins need the cookie sent across sites, which browsers do over TLS only.
    let site = match (config.behind_tls, config.cors_origins.is_empty()) {
        (true, false) => "None; Secure",
        (true, true) => "Lax; Secure",
        (false, _) => "Lax",
    };
    let http_only = if http_only { "; HttpOnly" } else { "" };
    let cookie = format!("{name}={value}; Path={path}; Max-Age={seconds}; SameSite={site}{http_only}");
    // Tokens are made of letters, digits, dots, hyphens and underscores.
    if let Ok(mut cookie) = HeaderValue::from_str(&cookie) {
        cookie.set_sensitive(true);
        headers.append(header::SET_COOKIE, cookie);
    }
}
