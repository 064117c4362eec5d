//! `POST /auth/login`

use axum::extract::State;
use utoipa::ToSchema;

use super::{SignedInView, entered};
use crate::config::SecretText;
use crate::http::answer::{Answer, Envelope};
use crate::http::body::{Body, FromMembers, Members};
use crate::http::caller::Asked;
use crate::http::entering::Entering;
use crate::http::error::ApiError;
use crate::http::idempotency::WriteParameters;
use crate::http::state::Api;
use crate::identity::LogIn;

/// Who signs in.
#[derive(Debug, ToSchema)]
#[expect(dead_code, reason = "describes what FromMembers reads")]
pub struct LogInBody {
    /// The e-mail address.
    #[schema(example = "ann@example.com")]
    email: String,
    /// The password.
    #[schema(format = Password)]
    password: String,
}

impl FromMembers for LogIn {
    fn read(members: &mut Members) -> Option<Self> {
        let (email, password) = (members.required("email"), members.required::<SecretText>("password"));
        Some(Self { email: email?, password: password? })
    }
}

/// Signs in with e-mail address and password.
///
/// Failures slow down further ones: of the account, and from the network address. The tokens come in the body, and as
/// cookies for browsers.
#[utoipa::path(post, path = "/api/v1/auth/login", tag = "accounts", operation_id = "log_in",
    extensions(("x-access" = json!("public"))),
    params(WriteParameters), request_body = LogInBody,
    responses((status = 200, description = "A session", body = Envelope<SignedInView>)))]
pub async fn log_in(
    State(api): State<Api>,
    asked: Asked,
    entering: Entering,
    Body { value, .. }: Body<LogIn>,
) -> Result<Answer<SignedInView>, ApiError> {
    api.rates().check_login(entering.address, &value.email).map_err(ApiError::RateLimited)?;
    let signed_in = api.app().identity.login(value, &entering.asked).await?;
    Ok(entered(&api, asked, signed_in))
}
