//! `GET /positions/{position_id}/history`

use axum::extract::State;
use events::{Position, PositionId};
use projections::Projection;
use projections::portfolios::{self, HistoryCursor, HistoryOf, Portfolios};

use crate::http::answer::{Answer, Envelope};
use crate::http::caller::Caller;
use crate::http::error::ApiError;
use crate::http::page::{PageParameters, Paging};
use crate::http::path::Path;
use crate::http::portfolios::HistoryEntryView;
use crate::http::position::{AtLeast, PositionParameters};
use crate::http::query::Query;
use crate::http::state::Api;

/// Lists what happened to a position, newest first. Deleted positions keep their history.
#[utoipa::path(get, path = "/api/v1/positions/{position_id}/history", tag = "positions",
    operation_id = "list_position_history", extensions(("x-access" = json!("rows"))),
    params(("position_id" = Uuid, Path, description = "Its id"), PageParameters, PositionParameters),
    responses((status = 200, description = "Events", body = Envelope<Vec<HistoryEntryView>>)))]
pub async fn list(
    State(api): State<Api>,
    caller: Caller,
    Path(position_id): Path<PositionId>,
    Query(paging): Query<Paging<HistoryCursor>>,
    at_least: AtLeast,
) -> Result<Answer<Vec<HistoryEntryView>>, ApiError> {
    let position = at_least.shown_by(&api, &[Portfolios::NAME]).await?;
    let of = HistoryOf::Lot(api.portfolio_of(&caller, position_id).await?, position_id);
    let view = api.view(&caller).await?;
    let page = portfolios::history(&view, of, Position(i64::MAX), paging.cursor, paging.limit).await?;
    let events = page.items.into_iter().map(HistoryEntryView::from).collect();
    Ok(Answer::ok(&caller, events).at(position).next(page.next_cursor))
}
