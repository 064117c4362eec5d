//! `GET /portfolios/{portfolio_id}/equity-changes`

use axum::extract::State;
use events::PortfolioId;
use projections::Projection;
use projections::portfolios::Portfolios;
use utoipa::IntoParams;

use super::{Dates, EquityChangeView};
use crate::http::answer::{Answer, Envelope};
use crate::http::books::{AsOf, AsOfParameters};
use crate::http::caller::Caller;
use crate::http::error::ApiError;
use crate::http::page::{Direction, KeyCursor, PageParameters, Paging};
use crate::http::path::Path;
use crate::http::position::{AtLeast, PositionParameters};
use crate::http::query::{FromParameters, Parameters, Query};
use crate::http::state::Api;

/// Which flows.
#[derive(Debug)]
pub struct Which {
    dates: Dates,
    include_deleted: bool,
    as_of: AsOf,
    paging: Paging<KeyCursor<'e'>>,
}

/// The same for the documentation.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "describes what Which reads")]
pub struct WhichParameters {
    /// The first date.
    #[param(format = Date)]
    start_date: Option<String>,
    /// The last date, included.
    #[param(format = Date)]
    end_date: Option<String>,
    /// Whether deleted ones are shown, too; by default no.
    include_deleted: Option<bool>,
}

impl FromParameters for Which {
    fn read(parameters: &mut Parameters) -> Option<Self> {
        Some(Self {
            dates: Dates::read(parameters),
            include_deleted: parameters.optional("include_deleted").unwrap_or(false),
            as_of: AsOf::read(parameters),
            paging: parameters.paging(),
        })
    }
}

/// Lists the contributions and withdrawals of a portfolio until a date, newest first.
#[utoipa::path(get, path = "/api/v1/portfolios/{portfolio_id}/equity-changes", tag = "equity changes",
    operation_id = "list_equity_changes", extensions(("x-access" = json!("rows"))),
    params(("portfolio_id" = Uuid, Path, description = "The portfolio"), WhichParameters, AsOfParameters,
        PageParameters, PositionParameters),
    responses((status = 200, description = "Flows", body = Envelope<Vec<EquityChangeView>>)))]
pub async fn list(
    State(api): State<Api>,
    caller: Caller,
    Path(portfolio_id): Path<PortfolioId>,
    Query(which): Query<Which>,
    at_least: AtLeast,
) -> Result<Answer<Vec<EquityChangeView>>, ApiError> {
    let position = at_least.shown_by(&api, &[Portfolios::NAME]).await?;
    let reading = api.reading(&caller, portfolio_id, which.as_of).await?;
    let mut changes = EquityChangeView::all(&reading);
    changes.retain(|(_, change)| {
        let is_wanted = which.include_deleted || change.deleted_at.is_none();
        is_wanted && which.dates.hold(change.change_date) && change.change_date <= reading.date
    });
    let total = i64::try_from(changes.len()).unwrap_or(i64::MAX);
    let (page, next) = which.paging.page_of(changes, Direction::Falling);
    Ok(Answer::ok(&caller, page).at(position).as_of(reading.date).total(total).next(next))
}
