//! `POST /auth/password`

use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;

use crate::config::SecretText;
use crate::http::answer::{Answer, Envelope};
use crate::http::body::{Body, FromMembers, Members};
use crate::http::entering::Managing;
use crate::http::error::ApiError;
use crate::http::idempotency::WriteParameters;
use crate::http::state::Api;
use crate::identity::ChangePassword;

/// The password in force and the one wanted.
#[derive(Debug, ToSchema)]
#[expect(dead_code, reason = "describes what FromMembers reads")]
pub struct ChangePasswordBody {
    /// The password in force.
    #[schema(format = Password)]
    current_password: String,
    /// The password wanted.
    #[schema(format = Password)]
    new_password: String,
}

impl FromMembers for ChangePassword {
    fn read(members: &mut Members) -> Option<Self> {
        let current = members.required::<SecretText>("current_password");
        let new = members.required::<SecretText>("new_password");
        Some(Self { current: current?, new: new? })
    }
}

/// The password is another.
#[derive(Debug, Serialize, ToSchema)]
pub struct PasswordChanged {
    /// Always true.
    password_changed: bool,
}

/// Changes the caller's password. Every other session of the account ends.
#[utoipa::path(post, path = "/api/v1/auth/password", tag = "accounts", operation_id = "change_password",
    extensions(("x-access" = json!("self"))), params(WriteParameters), request_body = ChangePasswordBody,
    responses((status = 200, description = "The password is another", body = Envelope<PasswordChanged>)))]
pub async fn change(
    State(api): State<Api>,
    managing: Managing,
    Body { value, hash }: Body<ChangePassword>,
) -> Result<Answer<PasswordChanged>, ApiError> {
    let owner = managing.caller.who.owner()?;
    let position = api.app().identity.change_password(&owner, value, &managing.asked(hash)).await?;
    Ok(Answer::ok(&managing.caller, PasswordChanged { password_changed: true }).at(position))
}
