//! `GET /data/portfolios`

use axum::extract::State;
use events::position::AccountType;
use events::{Cash, PortfolioId};
use jiff::Timestamp;
use projections::Projection;
use projections::portfolios::{self, Portfolios};
use serde::Serialize;
use utoipa::ToSchema;

use crate::http::answer::{Answer, Envelope};
use crate::http::books::{AsOf, AsOfParameters, Reading};
use crate::http::caller::Caller;
use crate::http::error::ApiError;
use crate::http::page::LIMIT_MAX;
use crate::http::position::{AtLeast, PositionParameters};
use crate::http::query::Query;
use crate::http::state::Api;

/// A portfolio in figures.
#[derive(Debug, Serialize, ToSchema)]
pub struct PortfolioFigures {
    /// Its id.
    #[schema(value_type = String, format = Uuid)]
    id: PortfolioId,
    /// Name for people.
    name: String,
    /// Name of the account.
    account_name: String,
    /// What kind of account.
    #[schema(value_type = String, example = "taxable")]
    account_type: AccountType,
    /// Equity on the date; null where nobody said what it began with.
    #[schema(value_type = Option<String>, example = "50000")]
    equity_balance: Option<Cash>,
    /// Cash and all that is held, less what is owed: the equity.
    #[schema(value_type = Option<String>, example = "50000")]
    net_asset_value: Option<Cash>,
    /// All market values, signed; positions without a price do not count.
    #[schema(value_type = String, example = "11600")]
    total_market_value: Cash,
    /// Equity less all market values; negative where money is owed.
    #[schema(value_type = Option<String>, example = "38400")]
    cash_balance: Option<Cash>,
    /// Open positions.
    position_count: usize,
    /// Of them without a price.
    unpriced_count: usize,
    /// When it was opened.
    created_at: Timestamp,
    /// When it was last changed.
    updated_at: Timestamp,
}

impl PortfolioFigures {
    async fn of(reading: &Reading) -> Result<Option<Self>, ApiError> {
        let standing = reading.standing().await?;
        Ok(reading.portfolio().active().map(|settings| Self {
            id: reading.book.portfolio_id,
            name: settings.name.clone(),
            account_name: settings.account_name.clone(),
            account_type: settings.account_type,
            equity_balance: standing.equity,
            net_asset_value: standing.equity,
            total_market_value: standing.at_market.net(),
            cash_balance: standing.cash(),
            position_count: standing.position_count,
            unpriced_count: standing.unpriced_count,
            created_at: settings.created_at,
            updated_at: settings.updated_at,
        }))
    }
}

/// Lists the portfolios that the caller uses, in figures: at most 200, newest first.
#[utoipa::path(get, path = "/api/v1/data/portfolios", tag = "portfolios", operation_id = "list_portfolio_figures",
    extensions(("x-access" = json!("rows"))), params(AsOfParameters, PositionParameters),
    responses((status = 200, description = "Portfolios", body = Envelope<Vec<PortfolioFigures>>)))]
pub async fn list(
    State(api): State<Api>,
    caller: Caller,
    Query(as_of): Query<AsOf>,
    at_least: AtLeast,
) -> Result<Answer<Vec<PortfolioFigures>>, ApiError> {
    let position = at_least.shown_by(&api, &[Portfolios::NAME]).await?;
    let view = api.view(&caller).await?;
    let page = portfolios::list(&view, Some(&caller.principal), None, LIMIT_MAX).await?;
    let mut books = Vec::with_capacity(page.items.len());
    for row in &page.items {
        books.extend(api.reading_of(&view, row, as_of).await?);
    }
    drop(view);
    books.retain(|book| book.portfolio.active().is_some_and(|settings| settings.is_active));
    let mut figures = Vec::with_capacity(books.len());
    for book in books {
        figures.extend(PortfolioFigures::of(&api.priced(book, as_of).await?).await?);
    }
    Ok(Answer::ok(&caller, figures).at(position).as_of(as_of.date()))
}
