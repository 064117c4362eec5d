//! `GET /admin/invitations`, `PUT /admin/invitations/{email}`, `DELETE /admin/invitations/{email}`

use std::convert::Infallible;
use std::str::FromStr;

use axum::extract::State;
use events::Principal;
use events::account::Role;
use jiff::Timestamp;
use projections::PositionCursor;
use projections::Projection;
use projections::invitations::{self, InvitationRow, Invitations};
use serde::Serialize;
use utoipa::ToSchema;

use super::{Reason, ReasonBody};
use crate::http::answer::{Answer, Envelope};
use crate::http::body::{Body, FromMembers, Members};
use crate::http::caller::Caller;
use crate::http::entering::Managing;
use crate::http::error::ApiError;
use crate::http::idempotency::WriteParameters;
use crate::http::page::{PageParameters, Paging};
use crate::http::path::{Named, Path};
use crate::http::position::{AtLeast, PositionParameters};
use crate::http::query::Query;
use crate::http::state::Api;

/// An address as it stands in the path; identity says whether it is one.
#[derive(Debug, Clone)]
pub struct Address(String);

impl FromStr for Address {
    type Err = Infallible;

    fn from_str(text: &str) -> Result<Self, Infallible> {
        Ok(Self(text.to_owned()))
    }
}

impl Named for Address {
    const WHAT: &'static str = "address";
}

/// An address that may sign up.
#[derive(Debug, Serialize, ToSchema)]
pub struct InvitationView {
    /// The address.
    #[schema(example = "ann@example.com")]
    email: String,
    /// The role that its account gets.
    #[schema(value_type = String, example = "user")]
    role: Role,
    /// Who invited it, or last changed its role.
    #[schema(value_type = String)]
    invited_by: Principal,
    /// Why.
    reason: String,
    /// When.
    changed_at: Timestamp,
}

impl From<InvitationRow> for InvitationView {
    fn from(row: InvitationRow) -> Self {
        let InvitationRow { email, role, invited_by, reason, changed_at, changed_position: _ } = row;
        Self { email, role, invited_by, reason, changed_at }
    }
}

/// The role of an invitation.
#[derive(Debug, ToSchema)]
#[expect(dead_code, reason = "describes what FromMembers reads")]
pub struct InviteBody {
    /// `user` (the default), `auditor`, `operator` or `admin`.
    #[schema(example = "user")]
    role: Option<String>,
    /// Why, for the record; up to 500 characters.
    reason: Option<String>,
}

/// What is read of it.
#[derive(Debug)]
pub struct Invite {
    role: Role,
    reason: String,
}

impl FromMembers for Invite {
    const MAY_BE_EMPTY: bool = true;

    fn read(members: &mut Members) -> Option<Self> {
        let role = members.optional("role").unwrap_or(Role::User);
        Some(Self { role, reason: members.optional("reason").unwrap_or_default() })
    }
}

/// An invitation that was given or taken back.
#[derive(Debug, Serialize, ToSchema)]
pub struct Invited {
    /// The address.
    #[schema(example = "ann@example.com")]
    email: String,
}

/// Lists the addresses that may sign up, last changed first.
#[utoipa::path(get, path = "/api/v1/admin/invitations", tag = "administration", operation_id = "list_invitations",
    extensions(("x-access" = json!("admin"))), params(PageParameters, PositionParameters),
    responses((status = 200, description = "Invitations", body = Envelope<Vec<InvitationView>>)))]
pub async fn list(
    State(api): State<Api>,
    caller: Caller,
    Query(paging): Query<Paging<PositionCursor>>,
    at_least: AtLeast,
) -> Result<Answer<Vec<InvitationView>>, ApiError> {
    let position = at_least.shown_by(&api, &[Invitations::NAME]).await?;
    let view = api.view(&caller).await?;
    let page = invitations::list(&view, paging.cursor, paging.limit).await?;
    let views = page.items.into_iter().map(InvitationView::from).collect();
    Ok(Answer::ok(&caller, views).at(position).next(page.next_cursor))
}

/// Lets an address sign up, with a role. Repeated with another role, that one counts.
#[utoipa::path(put, path = "/api/v1/admin/invitations/{email}", tag = "administration", operation_id = "invite",
    extensions(("x-access" = json!("admin"))),
    params(("email" = String, Path, description = "The address", example = "ann@example.com"), WriteParameters),
    request_body(content = Option<InviteBody>),
    responses((status = 200, description = "It may sign up", body = Envelope<Invited>)))]
pub async fn invite(
    State(api): State<Api>,
    managing: Managing,
    Path(Address(email)): Path<Address>,
    Body { value: Invite { role, reason }, hash }: Body<Invite>,
) -> Result<Answer<Invited>, ApiError> {
    let (identity, admin) = (&api.app().identity, managing.admin()?);
    let position = identity.invite(&admin, &email, role, &reason, &managing.asked(hash)).await?;
    Ok(Answer::ok(&managing.caller, Invited { email }).at(position))
}

/// Takes an invitation back. An account that it led to stays.
#[utoipa::path(delete, path = "/api/v1/admin/invitations/{email}", tag = "administration",
    operation_id = "uninvite", extensions(("x-access" = json!("admin"))),
    params(("email" = String, Path, description = "The address", example = "ann@example.com"), WriteParameters),
    request_body(content = Option<ReasonBody>),
    responses((status = 200, description = "It may not sign up any more", body = Envelope<Invited>)))]
pub async fn uninvite(
    State(api): State<Api>,
    managing: Managing,
    Path(Address(email)): Path<Address>,
    Body { value: Reason(reason), hash }: Body<Reason>,
) -> Result<Answer<Invited>, ApiError> {
    let (identity, admin) = (&api.app().identity, managing.admin()?);
    let position = identity.uninvite(&admin, &email, &reason, &managing.asked(hash)).await?;
    Ok(Answer::ok(&managing.caller, Invited { email }).at(position))
}
