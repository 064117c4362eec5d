//! `GET /admin/users`, `GET /admin/users/{user}`, `PUT /admin/users/{user}/role`, `POST /admin/users/{user}/deactivate`
//! and `/reactivate`

use axum::extract::State;
use events::AccountId;
use events::account::Role;
use projections::PositionCursor;
use projections::accounts::{self, AccountFilter};
use utoipa::{IntoParams, ToSchema};

use super::{Reason, ReasonBody};
use crate::http::answer::{Answer, Envelope};
use crate::http::auth::AccountView;
use crate::http::body::{Body, FromMembers, Members};
use crate::http::caller::Caller;
use crate::http::entering::Managing;
use crate::http::error::ApiError;
use crate::http::idempotency::WriteParameters;
use crate::http::page::{PageParameters, Paging};
use crate::http::path::Path;
use crate::http::query::{FromParameters, NoParameters, Parameters, Query};
use crate::http::state::Api;

/// Which accounts.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Which {
    /// Only with this in the address or the name, in any case.
    query: Option<String>,
    /// Only of this role: `user`, `auditor`, `operator` or `admin`.
    #[param(value_type = Option<String>)]
    role: Option<Role>,
    /// Only active ones (`true`), or only deactivated ones (`false`).
    active: Option<bool>,
    #[param(ignore)]
    paging: Paging<PositionCursor>,
}

impl FromParameters for Which {
    fn read(parameters: &mut Parameters) -> Option<Self> {
        let (query, role) = (parameters.optional("query"), parameters.optional("role"));
        Some(Self { query, role, active: parameters.optional("active"), paging: parameters.paging() })
    }
}

/// A role to be given.
#[derive(Debug, ToSchema)]
#[expect(dead_code, reason = "describes what FromMembers reads")]
pub struct ChangeRoleBody {
    /// `user`, `auditor`, `operator` or `admin`.
    #[schema(example = "auditor")]
    role: String,
    /// Why, for the record; up to 500 characters.
    reason: Option<String>,
}

/// What is read of it.
#[derive(Debug)]
pub struct ChangeRole {
    role: Role,
    reason: String,
}

impl FromMembers for ChangeRole {
    fn read(members: &mut Members) -> Option<Self> {
        let role = members.required("role");
        let reason = members.optional("reason").unwrap_or_default();
        Some(Self { role: role?, reason })
    }
}

/// Lists accounts, newest first.
#[utoipa::path(get, path = "/api/v1/admin/users", tag = "administration", operation_id = "list_users",
    extensions(("x-access" = json!("admin"))), params(Which, PageParameters),
    responses((status = 200, description = "Accounts", body = Envelope<Vec<AccountView>>)))]
pub async fn list(
    State(api): State<Api>,
    caller: Caller,
    Query(Which { query, role, active, paging }): Query<Which>,
) -> Result<Answer<Vec<AccountView>>, ApiError> {
    let filter = AccountFilter { role, active, text: query };
    let view = api.view(&caller).await?;
    let page = accounts::list(&view, &filter, paging.cursor, paging.limit).await?;
    let views = page.items.into_iter().map(AccountView::from).collect();
    Ok(Answer::ok(&caller, views).next(page.next_cursor))
}

/// Shows one account.
#[utoipa::path(get, path = "/api/v1/admin/users/{user}", tag = "administration", operation_id = "find_user",
    extensions(("x-access" = json!("admin"))), params(("user" = Uuid, Path, description = "Its id")),
    responses((status = 200, description = "The account", body = Envelope<AccountView>)))]
pub async fn find(
    State(api): State<Api>,
    caller: Caller,
    Path(account_id): Path<AccountId>,
    Query(NoParameters): Query<NoParameters>,
) -> Result<Answer<AccountView>, ApiError> {
    let found = accounts::find(&api.view(&caller).await?, account_id).await?;
    let account = found.ok_or_else(|| ApiError::not_found("account", account_id))?;
    let version = account.version;
    Ok(Answer::ok(&caller, account.into()).version(version))
}

/// Gives an account another role, from its next request on.
#[utoipa::path(put, path = "/api/v1/admin/users/{user}/role", tag = "administration", operation_id = "change_role",
    extensions(("x-access" = json!("admin"))),
    params(("user" = Uuid, Path, description = "Its id"), WriteParameters), request_body = ChangeRoleBody,
    responses((status = 200, description = "The account", body = Envelope<AccountView>)))]
pub async fn change_role(
    State(api): State<Api>,
    managing: Managing,
    Path(account_id): Path<AccountId>,
    Body { value: ChangeRole { role, reason }, hash }: Body<ChangeRole>,
) -> Result<Answer<AccountView>, ApiError> {
    let (identity, admin) = (&api.app().identity, managing.admin()?);
    let position = identity.change_role(&admin, account_id, role, &reason, &managing.asked(hash)).await?;
    let account = shown(&api, &managing.caller, account_id).await?;
    Ok(Answer::ok(&managing.caller, account).at(position))
}

/// Keeps an account from signing in. Its sessions end at once, on every node.
#[utoipa::path(post, path = "/api/v1/admin/users/{user}/deactivate", tag = "administration",
    operation_id = "deactivate_user", extensions(("x-access" = json!("admin"))),
    params(("user" = Uuid, Path, description = "Its id"), WriteParameters),
    request_body(content = Option<ReasonBody>),
    responses((status = 200, description = "The account", body = Envelope<AccountView>)))]
pub async fn deactivate(
    State(api): State<Api>,
    managing: Managing,
    Path(account_id): Path<AccountId>,
    Body { value: Reason(reason), hash }: Body<Reason>,
) -> Result<Answer<AccountView>, ApiError> {
    let (identity, admin) = (&api.app().identity, managing.admin()?);
    let position = identity.deactivate(&admin, account_id, &reason, &managing.asked(hash)).await?;
    let account = shown(&api, &managing.caller, account_id).await?;
    Ok(Answer::ok(&managing.caller, account).at(position))
}

/// Lets an account sign in again.
#[utoipa::path(post, path = "/api/v1/admin/users/{user}/reactivate", tag = "administration",
    operation_id = "reactivate_user", extensions(("x-access" = json!("admin"))),
    params(("user" = Uuid, Path, description = "Its id"), WriteParameters),
    request_body(content = Option<ReasonBody>),
    responses((status = 200, description = "The account", body = Envelope<AccountView>)))]
pub async fn reactivate(
    State(api): State<Api>,
    managing: Managing,
    Path(account_id): Path<AccountId>,
    Body { value: Reason(reason), hash }: Body<Reason>,
) -> Result<Answer<AccountView>, ApiError> {
    let (identity, admin) = (&api.app().identity, managing.admin()?);
    let position = identity.reactivate(&admin, account_id, &reason, &managing.asked(hash)).await?;
    let account = shown(&api, &managing.caller, account_id).await?;
    Ok(Answer::ok(&managing.caller, account).at(position))
}

/// The account after a change, which the read model shows already. Whoever deactivated the own account, or gave the own
/// role away, still sees what became of it.
async fn shown(api: &Api, caller: &Caller, account_id: AccountId) -> Result<AccountView, ApiError> {
    let found = accounts::find(&api.view(caller).await?, account_id).await?;
    found.map(AccountView::from).ok_or_else(|| ApiError::not_found("account", account_id))
}
