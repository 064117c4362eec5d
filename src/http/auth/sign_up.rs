//! `POST /auth/signup`

use axum::extract::State;
use axum::http::StatusCode;
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
use crate::identity::SignUp;

/// An account to be made.
#[derive(Debug, ToSchema)]
#[expect(dead_code, reason = "describes what FromMembers reads")]
pub struct SignUpBody {
    /// The e-mail address; upper and lower case are the same.
    #[schema(example = "ann@example.com")]
    email: String,
    /// 8 to 128 characters, with upper and lower case letters and a digit.
    #[schema(format = Password)]
    password: String,
    /// The person's name, up to 100 characters.
    #[schema(example = "Ann Example")]
    full_name: String,
}

impl FromMembers for SignUp {
    fn read(members: &mut Members) -> Option<Self> {
        let email = members.required("email");
        let password = members.required::<SecretText>("password");
        let full_name = members.required("full_name");
        Some(Self { email: email?, password: password?, full_name: full_name? })
    }
}

/// Makes an account and signs it in. Whether that takes an invitation is up to the installation.
///
/// The tokens come in the body, and as cookies for browsers.
#[utoipa::path(post, path = "/api/v1/auth/signup", tag = "accounts", operation_id = "sign_up",
    extensions(("x-access" = json!("public"))),
    params(WriteParameters), request_body = SignUpBody,
    responses((status = 201, description = "The account and its first session", body = Envelope<SignedInView>)))]
pub async fn sign_up(
    State(api): State<Api>,
    asked: Asked,
    entering: Entering,
    Body { value, .. }: Body<SignUp>,
) -> Result<Answer<SignedInView>, ApiError> {
    api.rates().check_login(entering.address, &value.email).map_err(ApiError::RateLimited)?;
    let signed_in = api.app().identity.sign_up(value, &entering.asked).await?;
    Ok(entered(&api, asked, signed_in).status(StatusCode::CREATED))
}
