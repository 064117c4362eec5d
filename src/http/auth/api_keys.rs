//! `GET /auth/api-keys`, `POST /auth/api-keys`, `DELETE /auth/api-keys/{key}`

use axum::extract::State;
use axum::http::StatusCode;
use events::ApiKeyId;
use events::account::{Scope, Scopes};
use jiff::Timestamp;
use projections::PositionCursor;
use serde::Serialize;
use utoipa::ToSchema;

use super::ApiKeyView;
use crate::http::answer::{Answer, Envelope};
use crate::http::body::{Body, FromMembers, Members, NoBody};
use crate::http::caller::Caller;
use crate::http::entering::Managing;
use crate::http::error::ApiError;
use crate::http::idempotency::WriteParameters;
use crate::http::page::{PageParameters, Paging};
use crate::http::path::Path;
use crate::http::query::Query;
use crate::http::state::Api;
use crate::identity::{CreateApiKey, api_keys_of};

/// A key to be made.
#[derive(Debug, ToSchema)]
#[expect(dead_code, reason = "describes what FromMembers reads")]
pub struct CreateApiKeyBody {
    /// What to call it, up to 100 characters.
    #[schema(example = "nightly job")]
    name: String,
    /// What it may be used for: `read`, `trade`, `admin`; by default `read`.
    #[schema(example = json!(["read"]))]
    scopes: Option<Vec<String>>,
    /// When it ends; by default never.
    expires_at: Option<Timestamp>,
}

impl FromMembers for CreateApiKey {
    fn read(members: &mut Members) -> Option<Self> {
        let name = members.required("name");
        let scopes = members.optional::<Scopes>("scopes").unwrap_or_else(|| [Scope::Read].into());
        let expires_at = members.optional("expires_at");
        Some(Self { name: name?, scopes, expires_at })
    }
}

/// A key that was made.
#[derive(Debug, Serialize, ToSchema)]
pub struct CreatedApiKeyView {
    /// Its id.
    #[schema(value_type = String, format = Uuid)]
    key_id: ApiKeyId,
    /// The key itself, to be sent as `X-API-Key`. It is shown this once.
    key: String,
    /// How it begins, by which lists show it.
    prefix: String,
}

/// A key that was revoked.
#[derive(Debug, Serialize, ToSchema)]
pub struct RevokedApiKey {
    /// Its id.
    #[schema(value_type = String, format = Uuid)]
    key_id: ApiKeyId,
}

/// Lists the caller's API keys, newest first.
#[utoipa::path(get, path = "/api/v1/auth/api-keys", tag = "accounts", operation_id = "list_api_keys",
    extensions(("x-access" = json!("self"))), params(PageParameters),
    responses((status = 200, description = "Keys", body = Envelope<Vec<ApiKeyView>>)))]
pub async fn list(
    State(api): State<Api>,
    caller: Caller,
    Query(paging): Query<Paging<PositionCursor>>,
) -> Result<Answer<Vec<ApiKeyView>>, ApiError> {
    let view = api.view(&caller).await?;
    let page = api_keys_of(&view, caller.who.account_id, paging.cursor, paging.limit).await?;
    let views = page.items.into_iter().map(ApiKeyView::from).collect();
    Ok(Answer::ok(&caller, views).next(page.next_cursor))
}

/// Makes an API key. It is shown in this answer and never again.
#[utoipa::path(post, path = "/api/v1/auth/api-keys", tag = "accounts", operation_id = "create_api_key",
    extensions(("x-access" = json!("self"))), params(WriteParameters), request_body = CreateApiKeyBody,
    responses((status = 201, description = "The key", body = Envelope<CreatedApiKeyView>)))]
pub async fn create(
    State(api): State<Api>,
    managing: Managing,
    Body { value, hash }: Body<CreateApiKey>,
) -> Result<Answer<CreatedApiKeyView>, ApiError> {
    let owner = managing.caller.who.owner()?;
    let made = api.app().identity.create_api_key(&owner, value, &managing.asked(hash)).await?;
    let view =
        CreatedApiKeyView { key_id: made.key_id, key: made.key.expose().to_owned(), prefix: made.prefix };
    Ok(Answer::ok(&managing.caller, view).status(StatusCode::CREATED).at(made.position))
}

/// Revokes one of the caller's API keys.
#[utoipa::path(delete, path = "/api/v1/auth/api-keys/{key}", tag = "accounts", operation_id = "revoke_api_key",
    extensions(("x-access" = json!("self"))),
    params(("key" = Uuid, Path, description = "Its id"), WriteParameters),
    responses((status = 200, description = "It is accepted no longer", body = Envelope<RevokedApiKey>)))]
pub async fn revoke(
    State(api): State<Api>,
    managing: Managing,
    Path(key_id): Path<ApiKeyId>,
    Body { hash, .. }: Body<NoBody>,
) -> Result<Answer<RevokedApiKey>, ApiError> {
    let owner = managing.caller.who.owner()?;
    let position = api.app().identity.revoke_api_key(&owner, key_id, &managing.asked(hash)).await?;
    Ok(Answer::ok(&managing.caller, RevokedApiKey { key_id }).at(position))
}
