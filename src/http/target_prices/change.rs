//! `PUT /target-prices/target/{target_price_id}`

use axum::extract::State;
use events::TargetId;
use events::portfolio::{PortfolioAct, TargetEdit, TargetName};
use utoipa::ToSchema;

use super::draft::read_edit;
use super::{TargetPriceView, written};
use crate::http::answer::{Answer, Envelope};
use crate::http::body::{Body, FromMembers, Members};
use crate::http::books::command;
use crate::http::error::ApiError;
use crate::http::idempotency::{ConditionParameters, WriteParameters, Writing};
use crate::http::path::Path;
use crate::http::state::Api;

/// What is to change. What is left out stays; null clears.
#[derive(Debug, ToSchema)]
#[expect(dead_code, reason = "describes what read_edit reads")]
pub struct ChangeTargetPrice {
    /// At the end of the year.
    #[schema(example = "235")]
    target_price_eoy: Option<String>,
    /// At the end of the next year.
    target_price_next_year: Option<String>,
    /// If it goes badly.
    downside_target_price: Option<String>,
    /// The price now, above zero.
    current_price: Option<String>,
}

/// What is asked, of a target that the path names.
#[derive(Debug)]
pub struct Wish(TargetEdit);

impl FromMembers for Wish {
    fn read(members: &mut Members) -> Option<Self> {
        // The path says which.
        Some(Self(read_edit(members, TargetName::Id(TargetId::from_uuid(uuid::Uuid::nil())))))
    }
}

/// Changes target prices from today on: what was expected before stays what it was.
#[utoipa::path(put, path = "/api/v1/target-prices/target/{target_price_id}", tag = "target prices",
    operation_id = "change_target_price", extensions(("x-access" = json!("rows"))),
    params(("target_price_id" = Uuid, Path, description = "Their id"), WriteParameters, ConditionParameters),
    request_body = ChangeTargetPrice,
    responses((status = 200, description = "The target prices after the change", body = Envelope<TargetPriceView>),
        (status = 412, description = "The portfolio has another version than `If-Match` says",
            body = crate::http::problem::Problem, content_type = "application/problem+json")))]
pub async fn change(
    State(api): State<Api>,
    Path(target_id): Path<TargetId>,
    writing: Writing,
    body: Body<Wish>,
) -> Result<Answer<TargetPriceView>, ApiError> {
    let caller = &writing.caller;
    let portfolio_id = api.portfolio_of_target(caller, target_id).await?;
    let edit = TargetEdit { target: TargetName::Id(target_id), ..body.value.0 };
    let envelope = writing.envelope(command(PortfolioAct::ChangeTargets(vec![edit])), body.hash);
    let receipt = api.app().portfolios.execute(portfolio_id, envelope).await?;
    let mut views = written(&api, caller, portfolio_id, &receipt, &[target_id]).await?;
    let view = views.pop().ok_or_else(|| ApiError::not_found("target price", target_id))?;
    Ok(Answer::written(caller, &receipt, view))
}
