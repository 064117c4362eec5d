//! `POST /auth/logout`

use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;

use super::cookies::forgotten;
use crate::http::answer::{Answer, Envelope};
use crate::http::body::{Body, NoBody};
use crate::http::entering::Managing;
use crate::http::error::ApiError;
use crate::http::idempotency::WriteParameters;
use crate::http::state::Api;

/// The session is over.
#[derive(Debug, Serialize, ToSchema)]
pub struct SignedOut {
    /// Always true.
    signed_out: bool,
}

/// Ends the session at hand, on every node before this answers.
#[utoipa::path(post, path = "/api/v1/auth/logout", tag = "accounts", operation_id = "log_out",
    extensions(("x-access" = json!("self"))), params(WriteParameters),
    responses((status = 200, description = "The session is over", body = Envelope<SignedOut>)))]
pub async fn log_out(
    State(api): State<Api>,
    managing: Managing,
    Body { hash, .. }: Body<NoBody>,
) -> Result<Answer<SignedOut>, ApiError> {
    let position = api.app().identity.logout(&managing.caller.who, &managing.asked(hash)).await?;
    let answer =
        Answer::ok(&managing.caller, SignedOut { signed_out: true }).headers(forgotten(api.config()));
    Ok(match position {
        Some(position) => answer.at(position),
        None => answer,
    })
}
