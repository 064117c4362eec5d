//! `GET /positions/tags-for-symbol`

use std::collections::BTreeSet;

use axum::extract::State;
use events::TagId;
use projections::Projection;
use projections::portfolios::Portfolios;
use serde::Serialize;
use utoipa::ToSchema;

use super::check_duplicate::{SymbolOf, SymbolOfParameters};
use super::{TagLabel, labels};
use crate::http::answer::{Answer, Envelope};
use crate::http::books::AsOfParameters;
use crate::http::caller::Caller;
use crate::http::error::ApiError;
use crate::http::position::{AtLeast, PositionParameters};
use crate::http::query::Query;
use crate::http::state::Api;

/// The tags of a symbol.
#[derive(Debug, Serialize, ToSchema)]
pub struct SymbolTags {
    /// Their ids.
    #[schema(value_type = Vec<uuid::Uuid>)]
    tag_ids: Vec<TagId>,
    /// The same with names and colours.
    tags: Vec<TagLabel>,
}

/// Lists the tags that positions of a symbol have in a portfolio, closed positions included.
#[utoipa::path(get, path = "/api/v1/positions/tags-for-symbol", tag = "positions",
    operation_id = "list_tags_of_symbol", extensions(("x-access" = json!("rows"))),
    params(SymbolOfParameters, AsOfParameters, PositionParameters),
    responses((status = 200, description = "Tags", body = Envelope<SymbolTags>),
        (status = 404, description = "The portfolio does not exist or is not the caller's",
            body = crate::http::problem::Problem, content_type = "application/problem+json")))]
pub async fn list(
    State(api): State<Api>,
    caller: Caller,
    Query(asked): Query<SymbolOf>,
    at_least: AtLeast,
) -> Result<Answer<SymbolTags>, ApiError> {
    let position = at_least.shown_by(&api, &[Portfolios::NAME]).await?;
    let view = api.view(&caller).await?;
    let book = api.book(&view, asked.portfolio_id, asked.as_of.known_at()).await?;
    drop(view);
    let lots = book.portfolio.existing_lots().filter(|(_, lot)| lot.terms.symbol == asked.symbol);
    let used: BTreeSet<TagId> = lots.flat_map(|(_, lot)| lot.tags.iter().copied()).collect();
    let tags = labels(&api, &caller).await?.of(&used);
    let data = SymbolTags { tag_ids: tags.iter().map(|tag| tag.id).collect(), tags };
    Ok(Answer::ok(&caller, data).at(position))
}
