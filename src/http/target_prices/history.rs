//! `GET /target-prices/{portfolio_id}/aggregate/history`

use axum::extract::State;
use events::PortfolioId;
use jiff::civil::Date;
use projections::snapshots::SnapshotRow;
use serde::Serialize;
use utoipa::ToSchema;

use super::aggregate::{AggregatedTargets, HorizonParameters, Horizons};
use crate::http::answer::{Answer, Envelope};
use crate::http::books::AsOfParameters;
use crate::http::caller::Caller;
use crate::http::data::snapshots::{Which, WhichParameters};
use crate::http::error::ApiError;
use crate::http::page::PageParameters;
use crate::http::path::Path;
use crate::http::position::{AtLeast, PositionParameters};
use crate::http::query::{FromParameters, Parameters, Query};
use crate::http::state::Api;

/// What is asked.
#[derive(Debug)]
pub struct Asked {
    horizons: Horizons,
    which: Which,
}

impl FromParameters for Asked {
    fn read(parameters: &mut Parameters) -> Option<Self> {
        let horizons = parameters.optional("horizon").unwrap_or_default();
        Some(Self { horizons, which: Which::read(parameters)? })
    }
}

/// What a portfolio would have earned by the target prices of a session, as its snapshot says.
#[derive(Debug, Serialize, ToSchema)]
pub struct TargetReturnsOfSession {
    /// The session.
    #[schema(value_type = String, format = Date)]
    snapshot_date: Date,
    #[serde(flatten)]
    aggregated: AggregatedTargets,
}

impl TargetReturnsOfSession {
    fn of(row: &SnapshotRow, horizons: Horizons) -> Self {
        let snapshot = &row.snapshot;
        let returns = snapshot.target_returns.as_deref();
        Self {
            snapshot_date: snapshot.snapshot_date,
            aggregated: AggregatedTargets::of(returns, snapshot.standing.equity, horizons),
        }
    }
}

/// Lists what a portfolio would have earned by the target prices of each session, as its snapshots recorded it, oldest
/// first. Snapshots value options at their intrinsic value, and count which these are.
#[utoipa::path(get, path = "/api/v1/target-prices/{portfolio_id}/aggregate/history", tag = "target prices",
    operation_id = "list_target_returns", extensions(("x-access" = json!("rows"))),
    params(("portfolio_id" = Uuid, Path, description = "The portfolio"), HorizonParameters, WhichParameters,
        AsOfParameters, PageParameters, PositionParameters),
    responses((status = 200, description = "One a session", body = Envelope<Vec<TargetReturnsOfSession>>)))]
pub async fn list(
    State(api): State<Api>,
    caller: Caller,
    Path(portfolio_id): Path<PortfolioId>,
    Query(Asked { horizons, which }): Query<Asked>,
    at_least: AtLeast,
) -> Result<Answer<Vec<TargetReturnsOfSession>>, ApiError> {
    let page = which.page(&api, &caller, portfolio_id, at_least).await?;
    Ok(page.answer(&caller, |row| TargetReturnsOfSession::of(row, horizons)))
}
