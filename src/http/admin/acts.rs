//! `GET /admin/acts`

use axum::extract::State;
use events::{AccountId, Position, Principal};
use jiff::Timestamp;
use projections::Projection;
use projections::admin_acts::{self, AdminActRow, AdminActs, AdminActsCursor};
use serde::Serialize;
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};

use crate::http::answer::{Answer, Envelope};
use crate::http::caller::Caller;
use crate::http::error::ApiError;
use crate::http::page::{PageParameters, Paging};
use crate::http::position::{AtLeast, PositionParameters};
use crate::http::query::{FromParameters, Parameters, Query};
use crate::http::state::Api;

/// Which acts.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Which {
    /// Only acts on this account.
    #[param(value_type = Option<String>, format = Uuid)]
    user: Option<AccountId>,
    /// Only acts of this person, by principal.
    by: Option<String>,
    #[param(ignore)]
    paging: Paging<AdminActsCursor>,
}

impl FromParameters for Which {
    fn read(parameters: &mut Parameters) -> Option<Self> {
        let (user, by) = (parameters.optional("user"), parameters.optional("by"));
        Some(Self { user, by, paging: parameters.paging() })
    }
}

/// Something that an administrator or operator did.
#[derive(Debug, Serialize, ToSchema)]
pub struct AdminActView {
    /// The event that it is.
    #[schema(value_type = i64, example = 1042)]
    position: Position,
    /// What: `role_changed`, `account_deactivated`, `invitation_added`, `impersonation_started`, `read_model_rebuilt`,
    /// `prices_imported`, `parked_events_discarded`, …
    #[schema(example = "role_changed")]
    act: String,
    /// Who.
    #[schema(value_type = String)]
    by: Principal,
    /// Whom, where it is an account.
    #[schema(value_type = Option<String>, format = Uuid)]
    account_id: Option<AccountId>,
    /// Whom, where it is an address.
    email: Option<String>,
    /// Why.
    reason: String,
    /// From which network address.
    ip: Option<String>,
    /// What the client called itself.
    user_agent: Option<String>,
    /// What exactly, such as the role.
    #[schema(value_type = Object)]
    details: Value,
    /// What came of it: `status` is `done`, with `counts`, or `failed`, with its `reason`. Null while it is under way, and of
    /// what is done at once.
    #[schema(value_type = Option<Object>)]
    outcome: Option<Value>,
    /// When.
    at: Timestamp,
}

impl From<AdminActRow> for AdminActView {
    fn from(row: AdminActRow) -> Self {
        Self {
            position: row.position,
            act: row.act,
            by: row.by,
            account_id: row.account_id,
            email: row.email,
            reason: row.reason,
            ip: row.ip,
            user_agent: row.user_agent,
            details: row.details,
            outcome: row.outcome,
            at: row.at,
        }
    }
}

/// Lists what administrators and operators did, newest first.
#[utoipa::path(get, path = "/api/v1/admin/acts", tag = "administration", operation_id = "list_acts",
    extensions(("x-access" = json!("admin"))), params(Which, PageParameters, PositionParameters),
    responses((status = 200, description = "Acts", body = Envelope<Vec<AdminActView>>)))]
pub async fn list(
    State(api): State<Api>,
    caller: Caller,
    Query(Which { user, by, paging }): Query<Which>,
    at_least: AtLeast,
) -> Result<Answer<Vec<AdminActView>>, ApiError> {
    let position = at_least.shown_by(&api, &[AdminActs::NAME]).await?;
    let by = by.map(Principal);
    let view = api.view(&caller).await?;
    let page = admin_acts::list(&view, user, by.as_ref(), paging.cursor, paging.limit).await?;
    let views = page.items.into_iter().map(AdminActView::from).collect();
    Ok(Answer::ok(&caller, views).at(position).next(page.next_cursor))
}
