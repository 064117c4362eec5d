//! `GET /positions/{position_id}`

use axum::extract::State;
use events::PositionId;
use projections::Projection;
use projections::portfolios::Portfolios;
use projections::tags::Tags;
use serde::Serialize;
use utoipa::ToSchema;

use super::{PositionView, labels};
use crate::http::answer::{Answer, Envelope};
use crate::http::books::{AsOf, AsOfParameters};
use crate::http::caller::Caller;
use crate::http::error::ApiError;
use crate::http::path::Path;
use crate::http::position::{AtLeast, PositionParameters};
use crate::http::query::Query;
use crate::http::state::Api;

/// A position, and the other lots of its symbol.
#[derive(Debug, Serialize, ToSchema)]
pub struct PositionWithLots {
    #[serde(flatten)]
    position: PositionView,
    /// The other lots of the same symbol that are open on the date.
    related_lots: Vec<PositionView>,
}

/// Shows one position with the other lots of its symbol.
#[utoipa::path(get, path = "/api/v1/positions/{position_id}", tag = "positions", operation_id = "find_position",
    extensions(("x-access" = json!("rows"))),
    params(("position_id" = Uuid, Path, description = "Its id"), AsOfParameters, PositionParameters),
    responses((status = 200, description = "The position", body = Envelope<PositionWithLots>)))]
pub async fn find(
    State(api): State<Api>,
    caller: Caller,
    Path(position_id): Path<PositionId>,
    Query(as_of): Query<AsOf>,
    at_least: AtLeast,
) -> Result<Answer<PositionWithLots>, ApiError> {
    let position = at_least.shown_by(&api, &[Portfolios::NAME, Tags::NAME]).await?;
    let portfolio_id = api.portfolio_of(&caller, position_id).await?;
    let reading = api.reading(&caller, portfolio_id, as_of).await?;
    let labels = labels(&api, &caller).await?;
    let found = PositionView::find(&reading, position_id, &labels)?;
    let mut related_lots = PositionView::all(&reading, false, &labels);
    related_lots.retain(|other| other.symbol == found.symbol && other.id != position_id);
    related_lots.sort_by_key(PositionView::key);
    let data = PositionWithLots { position: found, related_lots };
    Ok(Answer::ok(&caller, data).at(position).as_of(reading.date))
}
