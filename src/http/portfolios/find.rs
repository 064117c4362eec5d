//! `GET /portfolios/{portfolio_id}`

use axum::extract::State;
use events::PortfolioId;
use projections::Projection;
use projections::portfolios::Portfolios;

use super::PortfolioView;
use crate::http::answer::{Answer, Envelope};
use crate::http::books::{AsOf, AsOfParameters};
use crate::http::caller::Caller;
use crate::http::error::ApiError;
use crate::http::path::Path;
use crate::http::position::{AtLeast, PositionParameters};
use crate::http::query::Query;
use crate::http::state::Api;

/// Shows one portfolio.
#[utoipa::path(get, path = "/api/v1/portfolios/{portfolio_id}", tag = "portfolios", operation_id = "find_portfolio",
    extensions(("x-access" = json!("rows"))),
    params(("portfolio_id" = Uuid, Path, description = "Its id"), AsOfParameters, PositionParameters),
    responses((status = 200, description = "The portfolio", body = Envelope<PortfolioView>)))]
pub async fn find(
    State(api): State<Api>,
    caller: Caller,
    Path(portfolio_id): Path<PortfolioId>,
    Query(as_of): Query<AsOf>,
    at_least: AtLeast,
) -> Result<Answer<PortfolioView>, ApiError> {
    let position = at_least.shown_by(&api, &[Portfolios::NAME]).await?;
    let reading = api.reading(&caller, portfolio_id, as_of).await?;
    let view = PortfolioView::of(&reading).await?;
    Ok(Answer::ok(&caller, view).at(position).as_of(reading.date))
}
