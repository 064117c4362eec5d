//! `GET /tags/{tag_id}/positions`

use axum::extract::State;
use events::position::{PositionSymbol, PositionType};
use events::{PortfolioId, PositionId, Quantity, TagId};
use projections::Projection;
use projections::portfolios::Portfolios;
use projections::tags::{self, Tags};
use serde::Serialize;
use utoipa::{IntoParams, ToSchema};

use super::view::each_lot;
use crate::http::answer::{Answer, Envelope};
use crate::http::books::today;
use crate::http::caller::Caller;
use crate::http::error::ApiError;
use crate::http::path::Path;
use crate::http::position::{AtLeast, PositionParameters};
use crate::http::query::{FromParameters, Parameters, Query};
use crate::http::state::Api;

/// Of which portfolio.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Which {
    /// Only positions of this portfolio; by default of all.
    #[param(value_type = Option<String>, format = Uuid)]
    portfolio_id: Option<PortfolioId>,
}

impl FromParameters for Which {
    fn read(parameters: &mut Parameters) -> Option<Self> {
        Some(Self { portfolio_id: parameters.optional("portfolio_id") })
    }
}

/// A position that has a tag.
#[derive(Debug, Serialize, ToSchema)]
pub struct TaggedPosition {
    /// Its id.
    #[schema(value_type = String, format = Uuid)]
    id: PositionId,
    /// The portfolio.
    #[schema(value_type = String, format = Uuid)]
    portfolio_id: PortfolioId,
    /// What it is called.
    #[schema(value_type = String, example = "AAPL")]
    symbol: PositionSymbol,
    /// Which way it looks.
    #[schema(value_type = String, example = "LONG")]
    position_type: PositionType,
    /// Units that are open today; 0 once closed.
    #[schema(value_type = String, example = "60")]
    quantity: Quantity,
}

/// Lists the positions that have a tag, closed ones too.
#[utoipa::path(get, path = "/api/v1/tags/{tag_id}/positions", tag = "tags", operation_id = "list_positions_of_tag",
    extensions(("x-access" = json!("rows"))),
    params(("tag_id" = Uuid, Path, description = "The tag"), Which, PositionParameters),
    responses((status = 200, description = "Positions", body = Envelope<Vec<TaggedPosition>>)))]
pub async fn list(
    State(api): State<Api>,
    caller: Caller,
    Path(tag_id): Path<TagId>,
    Query(which): Query<Which>,
    at_least: AtLeast,
) -> Result<Answer<Vec<TaggedPosition>>, ApiError> {
    let position = at_least.shown_by(&api, &[Tags::NAME, Portfolios::NAME]).await?;
    let row = tags::find(&api.view(&caller).await?, tag_id).await?;
    row.filter(|row| row.owner == caller.principal).ok_or_else(|| ApiError::not_found("tag", tag_id))?;
    let (mut found, today) = (Vec::new(), today());
    each_lot(&api, &caller, which.portfolio_id, |portfolio_id, id, lot| {
        if lot.tags.contains(&tag_id) {
            let (symbol, position_type) = (lot.terms.symbol.clone(), lot.terms.position_type);
            let quantity = lot.open_quantity_on(today);
            found.push(TaggedPosition { id, portfolio_id, symbol, position_type, quantity });
        }
    })
    .await?;
    found.sort_by(|left, right| (&left.symbol, left.id).cmp(&(&right.symbol, right.id)));
    Ok(Answer::ok(&caller, found).at(position))
}
