//! `GET /auth/me`

use axum::extract::State;
use events::Principal;
use events::account::Scope;
use projections::accounts;
use serde::Serialize;
use utoipa::ToSchema;

use super::AccountView;
use crate::http::answer::{Answer, Envelope};
use crate::http::caller::Caller;
use crate::http::error::ApiError;
use crate::http::query::{NoParameters, Query};
use crate::http::state::Api;

/// The caller's account, and what the credential at hand is for.
#[derive(Debug, Serialize, ToSchema)]
pub struct Me {
    /// The account.
    #[serde(flatten)]
    account: AccountView,
    /// What the credential may be used for: `read`, `trade`, `admin`.
    #[schema(value_type = Vec<String>, example = json!(["read", "trade"]))]
    scopes: Vec<Scope>,
    /// The administrator who acts as the account, where one does.
    #[schema(value_type = Option<String>)]
    impersonated_by: Option<Principal>,
}

/// Shows the caller's account.
#[utoipa::path(get, path = "/api/v1/auth/me", tag = "accounts", operation_id = "show_me",
    extensions(("x-access" = json!("self"))),
    responses((status = 200, description = "The account", body = Envelope<Me>)))]
pub async fn show(
    State(api): State<Api>,
    caller: Caller,
    Query(NoParameters): Query<NoParameters>,
) -> Result<Answer<Me>, ApiError> {
    let found = accounts::find(&api.view(&caller).await?, caller.who.account_id).await?;
    let account = found.ok_or_else(|| ApiError::not_found("account", caller.who.account_id))?;
    let version = account.version;
    let me = Me {
        account: account.into(),
        scopes: caller.who.scopes.iter().copied().collect(),
        impersonated_by: caller.who.impersonated_by.as_ref().map(|admin| admin.principal.clone()),
    };
    Ok(Answer::ok(&caller, me).version(version))
}
