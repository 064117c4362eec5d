//! `GET /positions/check-duplicate`

use std::collections::BTreeMap;

use axum::extract::State;
use events::PortfolioId;
use events::position::PositionSymbol;
use projections::Projection;
use projections::portfolios::Portfolios;
use serde::Serialize;
use utoipa::{IntoParams, ToSchema};

use super::{PositionView, TagLabel, labels};
use crate::http::answer::{Answer, Envelope};
use crate::http::books::{AsOf, AsOfParameters};
use crate::http::caller::Caller;
use crate::http::error::ApiError;
use crate::http::position::{AtLeast, PositionParameters};
use crate::http::query::{FromParameters, Parameters, Query};
use crate::http::state::Api;

/// A symbol of a portfolio.
#[derive(Debug)]
pub struct SymbolOf {
    pub(super) portfolio_id: PortfolioId,
    pub(super) symbol: PositionSymbol,
    pub(super) as_of: AsOf,
}

/// The same for the documentation.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "describes what SymbolOf reads")]
pub struct SymbolOfParameters {
    /// The portfolio.
    #[param(format = Uuid)]
    portfolio_id: String,
    /// The symbol.
    #[param(example = "AAPL")]
    symbol: String,
}

impl FromParameters for SymbolOf {
    fn read(parameters: &mut Parameters) -> Option<Self> {
        let (portfolio_id, symbol) = (parameters.required("portfolio_id"), parameters.required("symbol"));
        let as_of = AsOf::read(parameters);
        Some(Self { portfolio_id: portfolio_id?, symbol: symbol?, as_of })
    }
}

/// What a portfolio has of a symbol.
#[derive(Debug, Serialize, ToSchema)]
pub struct Duplicates {
    /// Whether it has open positions of the symbol.
    has_duplicates: bool,
    /// Those positions.
    existing_positions: Vec<PositionView>,
    /// Their tags, which another lot would probably have, too.
    tags_to_inherit: Vec<TagLabel>,
}

/// Says what a portfolio has of a symbol already: another position of it is another lot.
#[utoipa::path(get, path = "/api/v1/positions/check-duplicate", tag = "positions",
    operation_id = "check_duplicate_position", extensions(("x-access" = json!("rows"))),
    params(SymbolOfParameters, AsOfParameters, PositionParameters),
    responses((status = 200, description = "Positions of the symbol", body = Envelope<Duplicates>),
        (status = 404, description = "The portfolio does not exist or is not the caller's",
            body = crate::http::problem::Problem, content_type = "application/problem+json")))]
pub async fn check(
    State(api): State<Api>,
    caller: Caller,
    Query(asked): Query<SymbolOf>,
    at_least: AtLeast,
) -> Result<Answer<Duplicates>, ApiError> {
    let position = at_least.shown_by(&api, &[Portfolios::NAME]).await?;
    let reading = api.reading(&caller, asked.portfolio_id, asked.as_of).await?;
    let labels = labels(&api, &caller).await?;
    let mut existing = PositionView::all(&reading, false, &labels);
    existing.retain(|position| position.symbol == asked.symbol);
    existing.sort_by_key(PositionView::key);
    let tags: BTreeMap<_, TagLabel> =
        existing.iter().flat_map(|position| &position.tags).map(|tag| (tag.id, tag.clone())).collect();
    let data = Duplicates {
        has_duplicates: !existing.is_empty(),
        tags_to_inherit: tags.into_values().collect(),
        existing_positions: existing,
    };
    Ok(Answer::ok(&caller, data).at(position).as_of(reading.date))
}
