//! `DELETE /target-prices/target/{target_price_id}`

use axum::extract::State;
use events::TargetId;
use events::portfolio::PortfolioAct;
use events::position::{PositionSymbol, PositionType};
use events::time::TradingDay;
use serde::Serialize;
use utoipa::ToSchema;

use crate::http::answer::{Answer, Envelope};
use crate::http::body::{Body, NoBody};
use crate::http::books::command;
use crate::http::error::ApiError;
use crate::http::idempotency::{ConditionParameters, WriteParameters, Writing};
use crate::http::path::Path;
use crate::http::state::Api;

/// Target prices that are gone.
#[derive(Debug, Serialize, ToSchema)]
pub struct DeletedTargetPrice {
    /// Their id.
    #[schema(value_type = String, format = Uuid)]
    id: TargetId,
    /// What they were of.
    #[schema(value_type = String, example = "AAPL")]
    symbol: PositionSymbol,
    /// Which way the positions look.
    #[schema(value_type = String, example = "LONG")]
    position_type: PositionType,
    /// The New York date from which on they are no more.
    #[schema(value_type = Option<String>, format = Date)]
    removed_date: Option<TradingDay>,
}

/// Removes target prices from today on; twice is once. What was expected before stays what it was.
#[utoipa::path(delete, path = "/api/v1/target-prices/target/{target_price_id}", tag = "target prices",
    operation_id = "delete_target_price", extensions(("x-access" = json!("rows"))),
    params(("target_price_id" = Uuid, Path, description = "Their id"), WriteParameters, ConditionParameters),
    responses((status = 200, description = "They are gone", body = Envelope<DeletedTargetPrice>),
        (status = 412, description = "The portfolio has another version than `If-Match` says",
            body = crate::http::problem::Problem, content_type = "application/problem+json")))]
pub async fn delete(
    State(api): State<Api>,
    Path(id): Path<TargetId>,
    writing: Writing,
    Body { hash, .. }: Body<NoBody>,
) -> Result<Answer<DeletedTargetPrice>, ApiError> {
    let portfolio_id = api.portfolio_of_target(&writing.caller, id).await?;
    let act = PortfolioAct::RemoveTargets(vec![id]);
    let receipt = api.app().portfolios.execute(portfolio_id, writing.envelope(command(act), hash)).await?;
    let removed = api.portfolio_in_log(portfolio_id).await?.targets.remove(&id);
    let removed = removed.ok_or_else(|| ApiError::not_found("target price", id))?;
    let data = DeletedTargetPrice {
        id,
        symbol: removed.symbol,
        position_type: removed.position_type,
        removed_date: removed.removed_date,
    };
    Ok(Answer::written(&writing.caller, &receipt, data))
}
