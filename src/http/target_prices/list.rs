//! `GET /target-prices/{portfolio_id}`

use axum::extract::State;
use events::PortfolioId;
use events::position::{PositionSymbol, PositionType};
use projections::Projection;
use projections::portfolios::Portfolios;
use utoipa::IntoParams;

use super::TargetPriceView;
use super::outlook::Outlook;
use crate::http::answer::{Answer, Envelope};
use crate::http::books::{AsOf, AsOfParameters};
use crate::http::caller::Caller;
use crate::http::error::ApiError;
use crate::http::page::{Direction, KeyCursor, PageParameters, Paging};
use crate::http::path::Path;
use crate::http::position::{AtLeast, PositionParameters};
use crate::http::query::{FromParameters, Parameters, Query};
use crate::http::state::Api;

/// Which target prices.
#[derive(Debug)]
pub struct Which {
    symbol: Option<PositionSymbol>,
    position_type: Option<PositionType>,
    as_of: AsOf,
    paging: Paging<KeyCursor<'g'>>,
}

/// The same for the documentation.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "describes what Which reads")]
pub struct WhichParameters {
    /// Only those of this symbol.
    #[param(example = "AAPL")]
    symbol: Option<String>,
    /// Only those of this type.
    #[param(example = "LONG")]
    position_type: Option<String>,
}

impl FromParameters for Which {
    fn read(parameters: &mut Parameters) -> Option<Self> {
        Some(Self {
            symbol: parameters.optional("symbol"),
            position_type: parameters.optional("position_type"),
            as_of: AsOf::read(parameters),
            paging: parameters.paging(),
        })
    }
}

/// Lists the target prices of a portfolio on a date, by symbol and type.
#[utoipa::path(get, path = "/api/v1/target-prices/{portfolio_id}", tag = "target prices",
    operation_id = "list_target_prices", extensions(("x-access" = json!("rows"))),
    params(("portfolio_id" = Uuid, Path, description = "The portfolio"), WhichParameters, AsOfParameters,
        PageParameters, PositionParameters),
    responses((status = 200, description = "Target prices", body = Envelope<Vec<TargetPriceView>>)))]
pub async fn list(
    State(api): State<Api>,
    caller: Caller,
    Path(portfolio_id): Path<PortfolioId>,
    Query(which): Query<Which>,
    at_least: AtLeast,
) -> Result<Answer<Vec<TargetPriceView>>, ApiError> {
    let position = at_least.shown_by(&api, &[Portfolios::NAME]).await?;
    let reading = api.reading(&caller, portfolio_id, which.as_of).await?;
    let date = reading.date;
    let mut found = Outlook::of(&api, reading).await?.all();
    found.retain(|target| {
        which.symbol.as_ref().is_none_or(|symbol| target.symbol == *symbol)
            && which.position_type.is_none_or(|wanted| target.position_type == wanted)
    });
    let total = i64::try_from(found.len()).unwrap_or(i64::MAX);
    let keyed = found.into_iter().map(|target| (target.key(), target)).collect();
    let (page, next) = which.paging.page_of(keyed, Direction::Rising);
    Ok(Answer::ok(&caller, page).at(position).as_of(date).total(total).next(next))
}
