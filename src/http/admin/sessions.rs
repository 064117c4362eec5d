//! `GET /admin/users/{user}/sessions`, `DELETE /admin/users/{user}/sessions`

use axum::extract::State;
use events::AccountId;
use projections::accounts;
use serde::Serialize;
use utoipa::ToSchema;

use super::{Reason, ReasonBody};
use crate::http::answer::{Answer, Envelope};
use crate::http::auth::SessionView;
use crate::http::auth::sessions::Which;
use crate::http::body::Body;
use crate::http::caller::Caller;
use crate::http::entering::Managing;
use crate::http::error::ApiError;
use crate::http::idempotency::WriteParameters;
use crate::http::page::PageParameters;
use crate::http::path::Path;
use crate::http::query::Query;
use crate::http::state::Api;

/// The account is signed out everywhere.
#[derive(Debug, Serialize, ToSchema)]
pub struct SignedOutEverywhere {
    /// The account.
    #[schema(value_type = String, format = Uuid)]
    account_id: AccountId,
}

/// Lists the sessions of an account, newest first.
#[utoipa::path(get, path = "/api/v1/admin/users/{user}/sessions", tag = "administration",
    operation_id = "list_sessions_of_user", extensions(("x-access" = json!("admin"))),
    params(("user" = Uuid, Path, description = "Its id"), Which, PageParameters),
    responses((status = 200, description = "Sessions", body = Envelope<Vec<SessionView>>)))]
pub async fn list(
    State(api): State<Api>,
    caller: Caller,
    Path(account_id): Path<AccountId>,
    Query(Which { ended, paging }): Query<Which>,
) -> Result<Answer<Vec<SessionView>>, ApiError> {
    let live_at = (!ended).then(events::time::now);
    let view = api.view(&caller).await?;
    if accounts::find(&view, account_id).await?.is_none() {
        return Err(ApiError::not_found("account", account_id));
    }
    let page = accounts::sessions(&view, account_id, live_at, paging.cursor, paging.limit).await?;
    let current = caller.who.session_id();
    let views = page.items.into_iter().map(|row| SessionView::of(row, current)).collect();
    Ok(Answer::ok(&caller, views).next(page.next_cursor))
}

/// Ends every session of an account, on every node before this answers.
#[utoipa::path(delete, path = "/api/v1/admin/users/{user}/sessions", tag = "administration",
    operation_id = "end_sessions_of_user", extensions(("x-access" = json!("admin"))),
    params(("user" = Uuid, Path, description = "Its id"), WriteParameters),
    request_body(content = Option<ReasonBody>),
    responses((status = 200, description = "They are over", body = Envelope<SignedOutEverywhere>)))]
pub async fn end(
    State(api): State<Api>,
    managing: Managing,
    Path(account_id): Path<AccountId>,
    Body { value: Reason(reason), hash }: Body<Reason>,
) -> Result<Answer<SignedOutEverywhere>, ApiError> {
    let (identity, admin) = (&api.app().identity, managing.admin()?);
    let position =
        identity.revoke_sessions_of(&admin, account_id, None, &reason, &managing.asked(hash)).await?;
    Ok(Answer::ok(&managing.caller, SignedOutEverywhere { account_id }).at(position))
}
