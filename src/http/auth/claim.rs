//! `POST /auth/claim`

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
use crate::identity::{Claim, SignUp};

/// The one-time token of a fresh installation, and the account of its first administrator.
#[derive(Debug, ToSchema)]
#[expect(dead_code, reason = "describes what FromMembers reads")]
pub struct ClaimBody {
    /// The token that `tapedeck serve` printed.
    token: String,
    /// The e-mail address.
    #[schema(example = "ann@example.com")]
    email: String,
    /// 8 to 128 characters, with upper and lower case letters and a digit.
    #[schema(format = Password)]
    password: String,
    /// The person's name, up to 100 characters.
    #[schema(example = "Ann Example")]
    full_name: String,
}

impl FromMembers for Claim {
    fn read(members: &mut Members) -> Option<Self> {
        let token = members.required::<SecretText>("token");
        let sign_up = SignUp::read(members);
        Some(Self { token: token?, sign_up: sign_up? })
    }
}

/// Makes the first administrator of an installation, who owns what was made on its machine before there were accounts.
#[utoipa::path(post, path = "/api/v1/auth/claim", tag = "accounts", operation_id = "claim_installation",
    extensions(("x-access" = json!("public"))),
    params(WriteParameters), request_body = ClaimBody,
    responses((status = 201, description = "The administrator and a session", body = Envelope<SignedInView>)))]
pub async fn claim(
    State(api): State<Api>,
    asked: Asked,
    entering: Entering,
    Body { value, .. }: Body<Claim>,
) -> Result<Answer<SignedInView>, ApiError> {
    api.rates().check_login(entering.address, "claim").map_err(ApiError::RateLimited)?;
    let signed_in = api.app().identity.claim(value, &entering.asked).await?;
    Ok(entered(&api, asked, signed_in).status(StatusCode::CREATED))
}
