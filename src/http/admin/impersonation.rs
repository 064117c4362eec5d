//! `POST /admin/impersonations`, `POST /auth/stop-impersonation`

use axum::extract::State;
use axum::http::StatusCode;
use events::AccountId;
use events::account::Access;
use serde::Serialize;
use utoipa::ToSchema;

use crate::http::answer::{Answer, Envelope};
use crate::http::auth::SignedInView;
use crate::http::body::{Body, FromMembers, Members, NoBody};
use crate::http::entering::Managing;
use crate::http::error::ApiError;
use crate::http::idempotency::WriteParameters;
use crate::http::state::Api;
use crate::identity::Impersonate;

/// As whom to act, and why.
#[derive(Debug, ToSchema)]
#[expect(dead_code, reason = "describes what FromMembers reads")]
pub struct ImpersonateBody {
    /// The account.
    #[schema(format = Uuid)]
    account_id: String,
    /// Why; the account's owner can read it.
    #[schema(example = "support case 4711")]
    reason: String,
    /// Whether to change things, too; by default looking only.
    write: Option<bool>,
}

impl FromMembers for Impersonate {
    fn read(members: &mut Members) -> Option<Self> {
        let account_id = members.required::<AccountId>("account_id");
        let reason = members.required("reason");
        let write = members.optional("write").unwrap_or(false);
        let access = if write { Access::ReadWrite } else { Access::ReadOnly };
        Some(Self { account_id: account_id?, reason: reason?, access })
    }
}

/// The administrator is themselves again.
#[derive(Debug, Serialize, ToSchema)]
pub struct Stopped {
    /// Always true.
    stopped: bool,
}

/// Lets an administrator act as an account for a while. Its owner sees that among the sessions, with the reason.
#[utoipa::path(post, path = "/api/v1/admin/impersonations", tag = "administration", operation_id = "impersonate",
    extensions(("x-access" = json!("admin"))), params(WriteParameters), request_body = ImpersonateBody,
    responses((status = 201, description = "An access token to act with", body = Envelope<SignedInView>)))]
pub async fn start(
    State(api): State<Api>,
    managing: Managing,
    Body { value, hash }: Body<Impersonate>,
) -> Result<Answer<SignedInView>, ApiError> {
    let (identity, admin) = (&api.app().identity, managing.admin()?);
    let begun = identity.impersonate(&admin, value, &managing.asked(hash)).await?;
    let view = SignedInView::of(&begun.tokens, None);
    Ok(Answer::ok(&managing.caller, view).status(StatusCode::CREATED).at(begun.position))
}

/// Ends an impersonation: to be sent with its own access token.
#[utoipa::path(post, path = "/api/v1/auth/stop-impersonation", tag = "accounts",
    operation_id = "stop_impersonation", extensions(("x-access" = json!("self"))), params(WriteParameters),
    responses((status = 200, description = "It is over", body = Envelope<Stopped>)))]
pub async fn stop(
    State(api): State<Api>,
    managing: Managing,
    Body { hash, .. }: Body<NoBody>,
) -> Result<Answer<Stopped>, ApiError> {
    let position = api.app().identity.stop_impersonation(&managing.caller.who, &managing.asked(hash)).await?;
    Ok(Answer::ok(&managing.caller, Stopped { stopped: true }).at(position))
}
