//! `GET /portfolios/{portfolio_id}/equity-changes/{change_id}`

use axum::extract::State;
use events::{EquityChangeId, PortfolioId};
use projections::Projection;
use projections::portfolios::Portfolios;

use super::EquityChangeView;
use crate::http::answer::{Answer, Envelope};
use crate::http::books::{AsOf, AsOfParameters};
use crate::http::caller::Caller;
use crate::http::error::ApiError;
use crate::http::path::PathWithin;
use crate::http::position::{AtLeast, PositionParameters};
use crate::http::query::Query;
use crate::http::state::Api;

/// Shows one contribution or withdrawal, deleted or not; an unknown one answers `EQUITY_008`.
#[utoipa::path(get, path = "/api/v1/portfolios/{portfolio_id}/equity-changes/{change_id}", tag = "equity changes",
    operation_id = "find_equity_change", extensions(("x-access" = json!("rows"))),
    params(("portfolio_id" = Uuid, Path, description = "The portfolio"),
        ("change_id" = Uuid, Path, description = "The flow"), AsOfParameters, PositionParameters),
    responses((status = 200, description = "The flow", body = Envelope<EquityChangeView>)))]
pub async fn find(
    State(api): State<Api>,
    caller: Caller,
    PathWithin(portfolio_id, id): PathWithin<PortfolioId, EquityChangeId>,
    Query(as_of): Query<AsOf>,
    at_least: AtLeast,
) -> Result<Answer<EquityChangeView>, ApiError> {
    let position = at_least.shown_by(&api, &[Portfolios::NAME]).await?;
    let reading = api.reading(&caller, portfolio_id, as_of).await?;
    Ok(Answer::ok(&caller, EquityChangeView::find(&reading, id)?).at(position).as_of(reading.date))
}
