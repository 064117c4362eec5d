//! `DELETE /positions/{position_id}`

use axum::extract::State;
use events::PositionId;
use events::portfolio::{Deletion, Portfolio, PortfolioAct};
use events::position::PositionSymbol;
use jiff::Timestamp;
use serde::Serialize;
use utoipa::{IntoParams, ToSchema};

use crate::http::answer::{Answer, Envelope};
use crate::http::body::{Body, NoBody};
use crate::http::books::command;
use crate::http::error::ApiError;
use crate::http::idempotency::{ConditionParameters, WriteParameters, Writing};
use crate::http::path::Path;
use crate::http::query::{FromParameters, Parameters, Query};
use crate::http::state::Api;

/// How a position is deleted.
#[derive(Debug, Clone, Copy)]
pub struct How(Deletion);

/// The same for the documentation.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "describes what How reads")]
pub struct HowParameters {
    /// Whether nothing but its events is to remain: only within 5 minutes of its recording. By default no.
    force_hard_delete: Option<bool>,
}

impl FromParameters for How {
    fn read(parameters: &mut Parameters) -> Option<Self> {
        Some(Self(deletion(parameters.optional("force_hard_delete").unwrap_or(false))))
    }
}

/// What `force_hard_delete` means.
pub(super) const fn deletion(is_hard: bool) -> Deletion {
    if is_hard { Deletion::Hard } else { Deletion::Soft }
}

/// A position that is gone.
#[derive(Debug, Serialize, ToSchema)]
pub struct DeletedPosition {
    /// Its id.
    #[schema(value_type = String, format = Uuid)]
    position_id: PositionId,
    /// What it was called.
    #[schema(value_type = Option<String>)]
    symbol: Option<PositionSymbol>,
    /// `soft_delete` or `hard_delete`.
    #[serde(rename = "type")]
    #[schema(value_type = String, example = "soft_delete")]
    how: Deletion,
    /// When; null where nothing but its events remains.
    deleted_at: Option<Timestamp>,
}

impl DeletedPosition {
    /// What became of a position that was one `before`.
    pub(super) fn of(position_id: PositionId, how: Deletion, before: &Portfolio, after: &Portfolio) -> Self {
        let lot = after.lots.get(&position_id);
        let known = lot.or_else(|| before.lots.get(&position_id));
        Self {
            position_id,
            symbol: known.map(|lot| lot.terms.symbol.clone()),
            how,
            deleted_at: lot.and_then(|lot| lot.deleted_at),
        }
    }
}

/// Deletes a position as if it had never been; its tags go, its history stays.
#[utoipa::path(delete, path = "/api/v1/positions/{position_id}", tag = "positions", operation_id = "delete_position",
    extensions(("x-access" = json!("rows"))),
    params(("position_id" = Uuid, Path, description = "Its id"), HowParameters, WriteParameters,
        ConditionParameters),
    responses((status = 200, description = "It is gone", body = Envelope<DeletedPosition>),
        (status = 412, description = "The portfolio has another version than `If-Match` says",
            body = crate::http::problem::Problem, content_type = "application/problem+json")))]
pub async fn delete(
    State(api): State<Api>,
    Path(position_id): Path<PositionId>,
    Query(How(how)): Query<How>,
    writing: Writing,
    Body { hash, .. }: Body<NoBody>,
) -> Result<Answer<DeletedPosition>, ApiError> {
    let portfolio_id = api.portfolio_of(&writing.caller, position_id).await?;
    let before = api.portfolio_in_log(portfolio_id).await?;
    let act = PortfolioAct::DeleteLots { position_ids: vec![position_id], how };
    let receipt = api.app().portfolios.execute(portfolio_id, writing.envelope(command(act), hash)).await?;
    let after = api.portfolio_in_log(portfolio_id).await?;
    let deleted = DeletedPosition::of(position_id, how, &before, &after);
    Ok(Answer::written(&writing.caller, &receipt, deleted))
}
