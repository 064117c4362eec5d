//! `GET /data/portfolio/{portfolio_id}/snapshot`

use axum::extract::State;
use events::PortfolioId;
use projections::Projection;
use projections::portfolios::Portfolios;
use projections::snapshots::{self, Lots, Snapshots};
use serde::Serialize;
use utoipa::ToSchema;

use super::PortfolioSnapshotView;
use crate::http::answer::{Answer, Envelope};
use crate::http::books::{AsOf, AsOfParameters};
use crate::http::caller::Caller;
use crate::http::error::ApiError;
use crate::http::path::Path;
use crate::http::position::{AtLeast, PositionParameters};
use crate::http::query::Query;
use crate::http::state::Api;

/// The last snapshot, if there is one.
#[derive(Debug, Serialize, ToSchema)]
pub struct LastSnapshot {
    /// Whether there is one.
    available: bool,
    /// Why not: `no_snapshots`.
    reason: Option<&'static str>,
    /// The snapshot.
    snapshot: Option<PortfolioSnapshotView>,
}

/// Shows the last snapshot of a portfolio until a date.
#[utoipa::path(get, path = "/api/v1/data/portfolio/{portfolio_id}/snapshot", tag = "portfolios",
    operation_id = "show_snapshot", extensions(("x-access" = json!("rows"))),
    params(("portfolio_id" = Uuid, Path, description = "The portfolio"), AsOfParameters, PositionParameters),
    responses((status = 200, description = "The snapshot, or why there is none", body = Envelope<LastSnapshot>)))]
pub async fn show(
    State(api): State<Api>,
    caller: Caller,
    Path(portfolio_id): Path<PortfolioId>,
    Query(as_of): Query<AsOf>,
    at_least: AtLeast,
) -> Result<Answer<LastSnapshot>, ApiError> {
    let position = at_least.shown_by(&api, &[Portfolios::NAME, Snapshots::NAME]).await?;
    let view = api.view(&caller).await?;
    api.book(&view, portfolio_id, as_of.known_at()).await?;
    let session = snapshots::latest_session(&view, portfolio_id, as_of.date(), as_of.known_at()).await?;
    let rows = match session {
        Some(session) => {
            let only = (session, session);
            snapshots::range(&view, portfolio_id, only, as_of.known_at(), Lots::LeftOut).await?
        }
        None => Vec::new(),
    };
    let snapshot = rows.first().map(PortfolioSnapshotView::from);
    let reason = snapshot.is_none().then_some("no_snapshots");
    let last = LastSnapshot { available: snapshot.is_some(), reason, snapshot };
    Ok(Answer::ok(&caller, last).at(position).as_of(as_of.date()))
}
