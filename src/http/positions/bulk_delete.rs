//! `DELETE /positions/bulk`

use std::collections::BTreeSet;

use axum::extract::State;
use events::PositionId;
use events::portfolio::{BULK_MAX, PortfolioAct};
use serde::Serialize;
use utoipa::ToSchema;

use super::delete::{DeletedPosition, deletion};
use crate::http::answer::{Answer, Envelope};
use crate::http::body::{Body, FromMembers, Members};
use crate::http::books::command;
use crate::http::error::ApiError;
use crate::http::idempotency::{ConditionParameters, WriteParameters, Writing};
use crate::http::state::Api;

/// Positions to be deleted.
#[derive(Debug, ToSchema)]
#[expect(dead_code, reason = "describes what FromMembers reads")]
pub struct DeletePositions {
    /// 1 to 500 positions of one portfolio: all of them are deleted, or none.
    #[schema(value_type = Vec<uuid::Uuid>)]
    position_ids: Vec<String>,
    /// Whether nothing but their events is to remain: only within 5 minutes of their recording. By default no.
    force_hard_delete: Option<bool>,
}

/// What is asked.
#[derive(Debug)]
pub struct Wish {
    position_ids: Vec<PositionId>,
    is_hard: bool,
}

impl FromMembers for Wish {
    fn read(members: &mut Members) -> Option<Self> {
        let position_ids: Option<Vec<PositionId>> = members.required("position_ids");
        let is_hard = members.optional("force_hard_delete").unwrap_or(false);
        if position_ids.as_ref().is_some_and(|ids| ids.is_empty() || ids.len() > BULK_MAX) {
            members.report("position_ids", "out_of_range", format!("must be 1 to {BULK_MAX}"));
        }
        Some(Self { position_ids: position_ids?, is_hard })
    }
}

/// Positions that are gone.
#[derive(Debug, Serialize, ToSchema)]
pub struct DeletedPositions {
    /// How many.
    count: usize,
    /// Which.
    positions: Vec<DeletedPosition>,
}

/// Deletes several positions of one portfolio, all of them or none. One that is not the caller's answers 404 for all.
#[utoipa::path(delete, path = "/api/v1/positions/bulk", tag = "positions", operation_id = "delete_positions",
    extensions(("x-access" = json!("rows"))),
    params(WriteParameters, ConditionParameters), request_body = DeletePositions,
    responses((status = 200, description = "They are gone", body = Envelope<DeletedPositions>),
        (status = 404, description = "One of them does not exist or is not the caller's",
            body = crate::http::problem::Problem, content_type = "application/problem+json"),
        (status = 412, description = "The portfolio has another version than `If-Match` says",
            body = crate::http::problem::Problem, content_type = "application/problem+json")))]
pub async fn delete(
    State(api): State<Api>,
    writing: Writing,
    body: Body<Wish>,
) -> Result<Answer<DeletedPositions>, ApiError> {
    let Wish { position_ids, is_hard } = body.value;
    let how = deletion(is_hard);
    let found = api.portfolios_of(&writing.caller, &position_ids).await?;
    let portfolios: BTreeSet<_> = found.values().copied().collect();
    let mut portfolios = portfolios.into_iter();
    let (Some(portfolio_id), None) = (portfolios.next(), portfolios.next()) else {
        let message = "must be of one portfolio";
        return Err(ApiError::invalid("position_ids", "several_portfolios", message));
    };
    let before = api.portfolio_in_log(portfolio_id).await?;
    let act = PortfolioAct::DeleteLots { position_ids: position_ids.clone(), how };
    let envelope = writing.envelope(command(act), body.hash);
    let receipt = api.app().portfolios.execute(portfolio_id, envelope).await?;
    let after = api.portfolio_in_log(portfolio_id).await?;
    let deleted = position_ids.iter().map(|id| DeletedPosition::of(*id, how, &before, &after));
    let positions: Vec<DeletedPosition> = deleted.collect();
    let data = DeletedPositions { count: positions.len(), positions };
    Ok(Answer::written(&writing.caller, &receipt, data))
}
