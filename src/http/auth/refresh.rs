//! `POST /auth/refresh`

use axum::extract::State;
use axum::http::HeaderMap;
use utoipa::ToSchema;

use super::{SignedInView, entered};
use crate::config::SecretText;
use crate::http::answer::{Answer, Envelope};
use crate::http::body::{Body, FromMembers, Members};
use crate::http::caller::Asked;
use crate::http::credential::{ACCESS_COOKIE, CSRF_COOKIE, REFRESH_COOKIE, check_csrf, cookie, csrf_of};
use crate::http::entering::Entering;
use crate::http::error::ApiError;
use crate::http::idempotency::WriteParameters;
use crate::http::state::Api;

/// The token to be exchanged.
#[derive(Debug, ToSchema)]
#[expect(dead_code, reason = "describes what FromMembers reads")]
pub struct RefreshBody {
    /// The refresh token; by default the one of the cookie.
    refresh_token: Option<String>,
}

/// What is read of it.
#[derive(Debug)]
pub struct Refresh(Option<SecretText>);

impl FromMembers for Refresh {
    const MAY_BE_EMPTY: bool = true;

    fn read(members: &mut Members) -> Option<Self> {
        Some(Self(members.optional("refresh_token")))
    }
}

/// Exchanges a refresh token for the next pair of tokens.
///
/// A refresh token counts once. Presenting one again ends its session: it was stolen, or its thief was faster.
#[utoipa::path(post, path = "/api/v1/auth/refresh", tag = "accounts", operation_id = "refresh_session",
    extensions(("x-access" = json!("public"))),
    params(WriteParameters), request_body(content = Option<RefreshBody>),
    responses((status = 200, description = "The next pair of tokens", body = Envelope<SignedInView>)))]
pub async fn refresh(
    State(api): State<Api>,
    asked: Asked,
    entering: Entering,
    headers: HeaderMap,
    Body { value: Refresh(told), .. }: Body<Refresh>,
) -> Result<Answer<SignedInView>, ApiError> {
    let token = match told {
        Some(token) => token,
        None => of_cookie(&headers)?,
    };
    let signed_in = api.app().identity.refresh(token.expose(), &entering.asked).await?;
    Ok(entered(&api, asked, signed_in))
}

/// The token of the cookie, which browsers send by themselves: the page must show that it is of the own origin. The access
/// token may have expired with its cookie, and the CSRF cookie with it; then no page can, and signing in is the way.
fn of_cookie(headers: &HeaderMap) -> Result<SecretText, ApiError> {
    let nothing = ApiError::Unauthenticated("send a refresh token");
    let token = cookie(headers, REFRESH_COOKIE).ok_or(nothing)?;
    let wanted = match cookie(headers, ACCESS_COOKIE) {
        Some(access) => csrf_of(access),
        None => cookie(headers, CSRF_COOKIE).ok_or(ApiError::CsrfMissing)?.to_owned(),
    };
    check_csrf(headers, &wanted)?;
    Ok(SecretText::new(token))
}
