//! `GET /portfolios/{portfolio_id}/history`

use axum::extract::State;
use events::{PortfolioId, Position};
use projections::Projection;
use projections::portfolios::{self, HistoryCursor, HistoryOf, Portfolios};

use super::HistoryEntryView;
use crate::http::answer::{Answer, Envelope};
use crate::http::caller::Caller;
use crate::http::error::ApiError;
use crate::http::page::{PageParameters, Paging};
use crate::http::path::Path;
use crate::http::position::{AtLeast, PositionParameters};
use crate::http::query::Query;
use crate::http::state::Api;

/// Lists what happened to a portfolio, newest first: what, when, by whom and in which request. Deleted portfolios keep
/// their history.
#[utoipa::path(get, path = "/api/v1/portfolios/{portfolio_id}/history", tag = "portfolios",
    operation_id = "list_portfolio_history", extensions(("x-access" = json!("rows"))),
    params(("portfolio_id" = Uuid, Path, description = "Its id"), PageParameters, PositionParameters),
    responses((status = 200, description = "Events", body = Envelope<Vec<HistoryEntryView>>)))]
pub async fn list(
    State(api): State<Api>,
    caller: Caller,
    Path(portfolio_id): Path<PortfolioId>,
    Query(paging): Query<Paging<HistoryCursor>>,
    at_least: AtLeast,
) -> Result<Answer<Vec<HistoryEntryView>>, ApiError> {
    let position = at_least.shown_by(&api, &[Portfolios::NAME]).await?;
    let view = api.view(&caller).await?;
    let found = portfolios::find(&view, portfolio_id).await?;
    found.ok_or_else(|| ApiError::not_found("portfolio", portfolio_id))?;
    let of = HistoryOf::Portfolio(portfolio_id);
    let page = portfolios::history(&view, of, Position(i64::MAX), paging.cursor, paging.limit).await?;
    let events = page.items.into_iter().map(HistoryEntryView::from).collect();
    Ok(Answer::ok(&caller, events).at(position).next(page.next_cursor))
}
