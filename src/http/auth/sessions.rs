//! `GET /auth/sessions`, `DELETE /auth/sessions`, `DELETE /auth/sessions/{session}`

use axum::extract::State;
use events::SessionId;
use projections::{PositionCursor, accounts};
use serde::Serialize;
use utoipa::{IntoParams, ToSchema};

use super::SessionView;
use crate::http::answer::{Answer, Envelope};
use crate::http::body::{Body, NoBody};
use crate::http::caller::Caller;
use crate::http::entering::Managing;
use crate::http::error::ApiError;
use crate::http::idempotency::WriteParameters;
use crate::http::page::{PageParameters, Paging};
use crate::http::path::Path;
use crate::http::query::{FromParameters, Parameters, Query};
use crate::http::state::Api;

/// Which sessions.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Which {
    /// Whether to show ended ones, too; default `false`.
    #[param(value_type = Option<bool>)]
    pub(in crate::http) ended: bool,
    #[param(ignore)]
    pub(in crate::http) paging: Paging<PositionCursor>,
}

impl FromParameters for Which {
    fn read(parameters: &mut Parameters) -> Option<Self> {
        Some(Self { ended: parameters.optional("ended").unwrap_or(false), paging: parameters.paging() })
    }
}

/// Sessions that were ended.
#[derive(Debug, Serialize, ToSchema)]
pub struct SessionsEnded {
    /// Always true.
    ended: bool,
}

/// Lists the caller's sessions, newest first, with those of administrators who act as the caller.
#[utoipa::path(get, path = "/api/v1/auth/sessions", tag = "accounts", operation_id = "list_sessions",
    extensions(("x-access" = json!("self"))), params(Which, PageParameters),
    responses((status = 200, description = "Sessions", body = Envelope<Vec<SessionView>>)))]
pub async fn list(
    State(api): State<Api>,
    caller: Caller,
    Query(Which { ended, paging }): Query<Which>,
) -> Result<Answer<Vec<SessionView>>, ApiError> {
    let live_at = (!ended).then(events::time::now);
    let view = api.view(&caller).await?;
    let page = accounts::sessions(&view, caller.who.account_id, live_at, paging.cursor, paging.limit).await?;
    let current = caller.who.session_id();
    let views = page.items.into_iter().map(|row| SessionView::of(row, current)).collect();
    Ok(Answer::ok(&caller, views).next(page.next_cursor))
}

/// Ends every session of the caller but the one at hand.
#[utoipa::path(delete, path = "/api/v1/auth/sessions", tag = "accounts", operation_id = "end_other_sessions",
    extensions(("x-access" = json!("self"))), params(WriteParameters),
    responses((status = 200, description = "They are over", body = Envelope<SessionsEnded>)))]
pub async fn end_others(
    State(api): State<Api>,
    managing: Managing,
    Body { hash, .. }: Body<NoBody>,
) -> Result<Answer<SessionsEnded>, ApiError> {
    let owner = managing.caller.who.owner()?;
    let position = api.app().identity.revoke_other_sessions(&owner, &managing.asked(hash)).await?;
    Ok(Answer::ok(&managing.caller, SessionsEnded { ended: true }).at(position))
}

/// Ends one of the caller's sessions.
#[utoipa::path(delete, path = "/api/v1/auth/sessions/{session}", tag = "accounts", operation_id = "end_session",
    extensions(("x-access" = json!("self"))),
    params(("session" = Uuid, Path, description = "Its id"), WriteParameters),
    responses((status = 200, description = "It is over", body = Envelope<SessionsEnded>)))]
pub async fn end(
    State(api): State<Api>,
    managing: Managing,
    Path(session_id): Path<SessionId>,
    Body { hash, .. }: Body<NoBody>,
) -> Result<Answer<SessionsEnded>, ApiError> {
    let owner = managing.caller.who.owner()?;
    let position = api.app().identity.revoke_session(&owner, session_id, &managing.asked(hash)).await?;
    Ok(Answer::ok(&managing.caller, SessionsEnded { ended: true }).at(position))
}
