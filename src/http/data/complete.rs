//! `GET /data/portfolio/{portfolio_id}/complete`

use axum::extract::State;
use events::portfolio::Lot;
use events::portfolio::valuation::{LotValue, Standing};
use events::position::{InvestmentClass, PositionSymbol, PositionType};
use events::{Cash, PortfolioId, PositionId, Price, Quantity, calendar};
use projections::Projection;
use projections::portfolios::Portfolios;
use projections::tags::Tags;
use serde::Serialize;
use utoipa::{IntoParams, ToSchema};

use crate::http::answer::{Answer, Envelope};
use crate::http::books::{AsOf, AsOfParameters, Reading};
use crate::http::caller::Caller;
use crate::http::error::ApiError;
use crate::http::path::Path;
use crate::http::position::{AtLeast, PositionParameters};
use crate::http::positions::{Labels, TagLabel, labels};
use crate::http::query::{FromParameters, Parameters, Query};
use crate::http::state::Api;

/// Most holdings of a package.
const POSITIONS_MAX: usize = 2_000;
/// Sessions with closes that make a history complete.
const COMPLETE_SESSIONS: i32 = 150;

/// What the package holds.
#[derive(Debug)]
pub struct Which {
    include_holdings: bool,
    include_position_tags: bool,
    as_of: AsOf,
}

/// The same for the documentation.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "describes what Which reads")]
pub struct WhichParameters {
    /// Whether it holds the positions; by default yes.
    include_holdings: Option<bool>,
    /// Whether they come with their tags; by default no.
    include_position_tags: Option<bool>,
}

impl FromParameters for Which {
    fn read(parameters: &mut Parameters) -> Option<Self> {
        Some(Self {
            include_holdings: parameters.optional("include_holdings").unwrap_or(true),
            include_position_tags: parameters.optional("include_position_tags").unwrap_or(false),
            as_of: AsOf::read(parameters),
        })
    }
}

/// A portfolio in one package.
#[derive(Debug, Serialize, ToSchema)]
pub struct CompletePortfolio {
    /// The version of this package's shape.
    #[schema(example = "1")]
    schema_version: &'static str,
    /// The portfolio.
    portfolio: PackagePortfolio,
    /// Its positions, counted.
    positions_summary: PackageSums,
    /// Its open positions, the largest first; absent where they were not asked for.
    holdings: Option<Vec<PackageHolding>>,
    /// How many positions the package holds.
    rows_returned: usize,
    /// Whether there are more than fit.
    truncated: bool,
    /// Most positions of a package.
    #[schema(example = 2000)]
    max_positions: usize,
    /// What weights are of: `gross`, what is held and what is owed together.
    #[schema(example = "gross")]
    weight_denominator: &'static str,
    /// How complete the prices are.
    data_quality: PackageQuality,
}

/// The portfolio of a package.
#[derive(Debug, Serialize, ToSchema)]
pub struct PackagePortfolio {
    /// Its id.
    #[schema(value_type = String, format = Uuid)]
    id: PortfolioId,
    /// Name for people.
    name: String,
    /// Cash and all that is held, less what is owed.
    #[schema(value_type = Option<String>)]
    net_asset_value: Option<Cash>,
    /// Equity on the date; null where nobody said what it began with.
    #[schema(value_type = Option<String>)]
    equity_balance: Option<Cash>,
    /// Equity less all market values.
    #[schema(value_type = Option<String>)]
    cash_balance: Option<Cash>,
    /// Open positions.
    position_count: usize,
}

/// Positions of a package, counted.
#[derive(Debug, Serialize, ToSchema)]
pub struct PackageSums {
    /// Held, options too.
    long_count: usize,
    /// Owed, options too.
    short_count: usize,
    /// Options.
    option_count: usize,
    /// All market values, signed.
    #[schema(value_type = String)]
    total_market_value: Cash,
}

/// A position of a package.
#[derive(Debug, Serialize, ToSchema)]
pub struct PackageHolding {
    /// Its id.
    #[schema(value_type = String, format = Uuid)]
    id: PositionId,
    /// What it is called.
    #[schema(value_type = String, example = "AAPL")]
    symbol: PositionSymbol,
    /// Open units, signed.
    #[schema(value_type = String, example = "100")]
    quantity: Quantity,
    /// Which way it looks.
    #[schema(value_type = String, example = "LONG")]
    position_type: PositionType,
    /// How it is priced.
    #[schema(value_type = String, example = "PUBLIC")]
    investment_class: InvestmentClass,
    /// What it is worth, signed; null without a price.
    #[schema(value_type = Option<String>)]
    market_value: Option<Cash>,
    /// Its market value as a fraction of gross exposure, signed.
    weight: Option<f64>,
    /// The latest price until the date.
    #[schema(value_type = Option<String>)]
    last_price: Option<Price>,
    /// Whether each of the last 150 sessions has a close.
    has_complete_history: bool,
    /// Its tags, where they were asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    tags: Option<Vec<TagLabel>>,
}

/// How complete the prices of a package are.
#[derive(Debug, Serialize, ToSchema)]
pub struct PackageQuality {
    /// Positions with a complete history.
    complete_data_positions: usize,
    /// Positions without.
    partial_data_positions: usize,
    /// Positions without any price.
    unpriced_positions: usize,
}

/// Shows a portfolio with its positions in one package, for readers who cannot ask twice.
#[utoipa::path(get, path = "/api/v1/data/portfolio/{portfolio_id}/complete", tag = "portfolios",
    operation_id = "show_complete_portfolio", extensions(("x-access" = json!("rows"))),
    params(("portfolio_id" = Uuid, Path, description = "The portfolio"), WhichParameters, AsOfParameters,
        PositionParameters),
    responses((status = 200, description = "The package", body = Envelope<CompletePortfolio>)))]
pub async fn show(
    State(api): State<Api>,
    caller: Caller,
    Path(portfolio_id): Path<PortfolioId>,
    Query(which): Query<Which>,
    at_least: AtLeast,
) -> Result<Answer<CompletePortfolio>, ApiError> {
    let position = at_least.shown_by(&api, &[Portfolios::NAME, Tags::NAME]).await?;
    let reading = api.reading(&caller, portfolio_id, which.as_of).await?;
    let labels = labels(&api, &caller).await?;
    let equity = reading.equity().await?;
    let data = CompletePortfolio::of(&reading, equity, &which, &labels);
    Ok(Answer::ok(&caller, data).at(position).as_of(reading.date))
}

impl CompletePortfolio {
    fn of(reading: &Reading, equity: Option<Cash>, which: &Which, labels: &Labels) -> Self {
        let mut values = reading.values();
        let standing = Standing::of(&values, equity);
        let complete = values.iter().filter(|value| has_complete_history(reading, value.lot)).count();
        let size = |value: &LotValue<'_>| value.market_value().map(Cash::abs);
        values.sort_by_key(|value| std::cmp::Reverse(size(value)));
        let truncated = which.include_holdings && values.len() > POSITIONS_MAX;
        let gross = standing.at_market.gross();
        let holding = |value: &LotValue<'_>| PackageHolding {
            id: value.position_id,
            symbol: value.lot.terms.symbol.clone(),
            quantity: value.quantity,
            position_type: value.lot.terms.position_type,
            investment_class: value.lot.terms.investment_class,
            market_value: value.market_value(),
            weight: value
                .market_value()
                .filter(|_| !gross.is_zero())
                .map(|amount| amount.to_f64() / gross.to_f64()),
            last_price: value.worth.as_ref().ok().map(|worth| worth.price.price),
            has_complete_history: has_complete_history(reading, value.lot),
            tags: which.include_position_tags.then(|| labels.of(&value.lot.tags)),
        };
        let holdings = which
            .include_holdings
            .then(|| values.iter().take(POSITIONS_MAX).map(holding).collect::<Vec<_>>());
        let settings = reading.portfolio().settings.as_ref();
        Self {
            schema_version: "1",
            portfolio: PackagePortfolio {
                id: reading.book.portfolio_id,
                name: settings.map(|settings| settings.name.clone()).unwrap_or_default(),
                net_asset_value: standing.equity,
                equity_balance: standing.equity,
                cash_balance: standing.cash(),
                position_count: standing.position_count,
            },
            positions_summary: PackageSums {
                long_count: standing.long_count,
                short_count: standing.short_count,
                option_count: standing.option_count,
                total_market_value: standing.at_market.net(),
            },
            rows_returned: holdings.as_ref().map_or(0, Vec::len),
            holdings,
            truncated,
            max_positions: POSITIONS_MAX,
            weight_denominator: "gross",
            data_quality: PackageQuality {
                complete_data_positions: complete,
                partial_data_positions: values.len() - complete,
                unpriced_positions: standing.unpriced_count,
            },
        }
    }
}

/// Whether each of the last 150 sessions until the date has a close.
fn has_complete_history(reading: &Reading, lot: &Lot) -> bool {
    let symbol = lot.terms.market_symbol();
    let Some(series) = symbol.and_then(|symbol| reading.prices.series(&symbol)) else { return false };
    let last = calendar::session_on_or_before(reading.date);
    let first = calendar::nth_session(last, 1 - COMPLETE_SESSIONS);
    let closes = series.since(first).take_while(|close| close.date <= last);
    let sessions = closes.filter(|close| calendar::is_session(close.date)).count();
    i32::try_from(sessions).is_ok_and(|sessions| sessions >= COMPLETE_SESSIONS)
}
