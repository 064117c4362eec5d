//! `GET /analytics/portfolio/{portfolio_id}/positions/factor-exposures`

use axum::extract::State;
use events::position::PositionSymbol;
use events::{PortfolioId, PositionId};
use projections::risk::{Analytic, PositionExposures};
use utoipa::IntoParams;

use crate::http::analytics::question::{Answered, Listed, Subject, Whose};
use crate::http::answer::{Answer, Envelope};
use crate::http::books::{AsOf, AsOfParameters};
use crate::http::caller::Caller;
use crate::http::error::ApiError;
use crate::http::page::{PageParameters, Paging};
use crate::http::path::Path;
use crate::http::position::{AtLeast, PositionParameters};
use crate::http::query::{FromParameters, Parameters, Query};
use crate::http::state::Api;

/// Which positions.
#[derive(Debug)]
pub struct Which {
    symbols: Option<Vec<PositionSymbol>>,
    paging: Paging<PositionId>,
    as_of: AsOf,
}

/// The same for the documentation.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "describes what Which reads")]
pub struct WhichParameters {
    /// Only these symbols, separated by commas.
    #[param(example = "AAPL,MSFT")]
    symbols: Option<String>,
}

impl FromParameters for Which {
    fn read(parameters: &mut Parameters) -> Option<Self> {
        let symbols = parameters.list("symbols");
        Some(Self { symbols, paging: parameters.paging(), as_of: AsOf::read(parameters) })
    }
}

/// Lists the joint betas of positions on the factors of the registry, by the ids of the positions.
#[utoipa::path(get, path = "/api/v1/analytics/portfolio/{portfolio_id}/positions/factor-exposures", tag = "analytics",
    operation_id = "list_position_factor_exposures", extensions(("x-access" = json!("rows"))),
    params(("portfolio_id" = Uuid, Path, description = "The portfolio"), WhichParameters, PageParameters,
        AsOfParameters, PositionParameters),
    responses((status = 200, description = "Betas", body = Envelope<Analytic<PositionExposures>>)))]
pub async fn list(
    State(api): State<Api>,
    caller: Caller,
    Path(portfolio_id): Path<PortfolioId>,
    Query(Which { symbols, paging, as_of }): Query<Which>,
    at_least: AtLeast,
) -> Result<Answer<Answered>, ApiError> {
    let subject = Subject::find(&api, &caller, at_least, Whose::One(portfolio_id), as_of).await?;
    let kind = format!("positions/factor-exposures;{symbols:?};{paging:?}");
    subject.answer_page(&kind, move |inputs| page(inputs.position_exposures(), symbols, &paging)).await
}

fn page(
    mut page: Analytic<PositionExposures>,
    symbols: Option<Vec<PositionSymbol>>,
    paging: &Paging<PositionId>,
) -> Listed<Analytic<PositionExposures>> {
    let positions = &mut page.figures.positions;
    if let Some(symbols) = symbols {
        positions.retain(|position| symbols.contains(&position.symbol));
    }
    let total = positions.len();
    positions.retain(|position| paging.cursor.is_none_or(|after| position.position_id > after));
    let is_more = positions.len() > usize::from(paging.limit);
    positions.truncate(paging.limit.into());
    let next = positions.last().filter(|_| is_more).map(|position| position.position_id.to_string());
    Listed { page, total, next }
}
