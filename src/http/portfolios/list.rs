//! `GET /portfolios`

use axum::extract::State;
use events::Cash;
use projections::portfolios::{self, Portfolios};
use projections::{PositionCursor, Projection};
use utoipa::IntoParams;

use super::{PortfolioView, PortfoliosView};
use crate::http::answer::{Answer, Envelope};
use crate::http::books::{AsOf, AsOfParameters};
use crate::http::caller::Caller;
use crate::http::error::ApiError;
use crate::http::page::{PageParameters, Paging};
use crate::http::position::{AtLeast, PositionParameters};
use crate::http::query::{FromParameters, Parameters, Query};
use crate::http::state::Api;

/// Which of the caller's portfolios.
#[derive(Debug)]
pub struct Which {
    include_inactive: bool,
    as_of: AsOf,
    paging: Paging<PositionCursor>,
}

/// The same for the documentation.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "describes what Which reads")]
pub struct WhichParameters {
    /// Whether those that their owner does not use are shown, too; by default no.
    #[param(value_type = Option<bool>)]
    include_inactive: Option<bool>,
}

impl FromParameters for Which {
    fn read(parameters: &mut Parameters) -> Option<Self> {
        Some(Self {
            include_inactive: parameters.optional("include_inactive").unwrap_or(false),
            as_of: AsOf::read(parameters),
            paging: parameters.paging(),
        })
    }
}

/// Lists the caller's portfolios, newest first; deleted ones never appear.
#[utoipa::path(get, path = "/api/v1/portfolios", tag = "portfolios", operation_id = "list_portfolios",
    extensions(("x-access" = json!("rows"))),
    params(WhichParameters, AsOfParameters, PageParameters, PositionParameters),
    responses((status = 200, description = "Portfolios", body = Envelope<PortfoliosView>)))]
pub async fn list(
    State(api): State<Api>,
    caller: Caller,
    Query(which): Query<Which>,
    at_least: AtLeast,
) -> Result<Answer<PortfoliosView>, ApiError> {
    let position = at_least.shown_by(&api, &[Portfolios::NAME]).await?;
    let paging = which.paging;
    let view = api.view(&caller).await?;
    let page = portfolios::list(&view, Some(&caller.principal), paging.cursor, paging.limit).await?;
    let mut books = Vec::with_capacity(page.items.len());
    for row in &page.items {
        books.extend(api.reading_of(&view, row, which.as_of).await?);
    }
    drop(view);
    let mut shown = Vec::with_capacity(books.len());
    for book in books {
        shown.push(PortfolioView::of(&api.priced(book, which.as_of).await?).await?);
    }
    shown.retain(|portfolio| portfolio.is_active || which.include_inactive);
    let data = PortfoliosView {
        total_count: shown.len(),
        active_count: shown.iter().filter(|portfolio| portfolio.is_active).count(),
        net_asset_value: shown.iter().map(|portfolio| portfolio.equity_balance).sum::<Option<Cash>>(),
        portfolios: shown,
    };
    Ok(Answer::ok(&caller, data).at(position).as_of(which.as_of.date()).next(page.next_cursor))
}
