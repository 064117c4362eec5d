//! `GET /data/positions/top/{portfolio_id}`

use axum::extract::State;
use events::portfolio::valuation::{LotValue, Worth};
use events::position::{PositionSymbol, PositionType};
use events::{Cash, PortfolioId, PositionId, Quantity};
use jiff::Span;
use projections::Projection;
use projections::portfolios::Portfolios;
use serde::Serialize;
use utoipa::{IntoParams, ToSchema};

use crate::http::answer::{Answer, Envelope};
use crate::http::books::{AsOf, AsOfParameters, today};
use crate::http::caller::Caller;
use crate::http::error::ApiError;
use crate::http::path::Path;
use crate::http::position::{AtLeast, PositionParameters};
use crate::http::query::{FromParameters, Parameters, Query};
use crate::http::state::Api;

/// Most positions that are shown.
const TOP_MAX: usize = 50;
/// How many are shown unless another number is asked for.
const TOP_DEFAULT: usize = 20;
/// How far back the date may be, in days.
const BACK_DAYS_MAX: i32 = 180;

/// Which positions.
#[derive(Debug)]
pub struct Which {
    limit: usize,
    as_of: AsOf,
}

/// The same for the documentation.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "describes what Which reads")]
pub struct WhichParameters {
    /// How many at most.
    #[param(minimum = 1, maximum = 50, default = 20)]
    limit: Option<usize>,
    /// `market_value` or `weight`: both put the largest first, whichever way they look.
    #[param(example = "weight")]
    sort_by: Option<String>,
}

impl FromParameters for Which {
    fn read(parameters: &mut Parameters) -> Option<Self> {
        let limit = parameters.optional("limit").unwrap_or(TOP_DEFAULT);
        if !(1..=TOP_MAX).contains(&limit) {
            parameters.report("limit", "out_of_range", format!("must be a number from 1 to {TOP_MAX}"));
        }
        let sort_by: Option<String> = parameters.optional("sort_by");
        if sort_by.is_some_and(|by| by != "market_value" && by != "weight") {
            parameters.report("sort_by", "invalid", "must be market_value or weight");
        }
        let as_of = AsOf::read(parameters);
        if as_of.date() < today().saturating_sub(Span::new().days(BACK_DAYS_MAX)) {
            let message = format!("must be within the last {BACK_DAYS_MAX} days");
            parameters.report("as_of_date", "out_of_range", message);
        }
        Some(Self { limit, as_of })
    }
}

/// A large position.
#[derive(Debug, Serialize, ToSchema)]
pub struct TopPosition {
    /// Its id.
    #[schema(value_type = String, format = Uuid)]
    position_id: PositionId,
    /// What it is called.
    #[schema(value_type = String, example = "AAPL")]
    symbol: PositionSymbol,
    /// Open units, signed.
    #[schema(value_type = String, example = "100")]
    quantity: Quantity,
    /// Which way it looks.
    #[schema(value_type = String, example = "LONG")]
    position_type: PositionType,
    /// What it is worth, signed.
    #[schema(value_type = String, example = "18000")]
    market_value: Cash,
    /// Its size in percent of gross exposure, to four decimals.
    #[schema(example = 52.3256)]
    weight_pct: f64,
    /// What it earned and is not realised.
    #[schema(value_type = String, example = "3000")]
    pnl_dollar: Cash,
    /// The same in percent of the size of its cost; null where it cost nothing.
    #[schema(example = 20.0)]
    pnl_percent: Option<f64>,
}

/// The largest positions of a portfolio.
#[derive(Debug, Serialize, ToSchema)]
pub struct TopPositions {
    /// The largest first.
    positions: Vec<TopPosition>,
    /// How much of gross exposure they are, in percent.
    #[schema(example = 100.0)]
    portfolio_coverage_pct: f64,
    /// What weights are of: `gross`, what is held and what is owed together.
    #[schema(example = "gross")]
    weight_denominator: &'static str,
    /// Gross exposure at market.
    #[schema(value_type = String, example = "34400")]
    total_portfolio_value: Cash,
    /// Open positions without a price: they are not among these.
    unpriced_positions: usize,
}

/// Shows the largest positions of a portfolio by the size of their market value.
#[utoipa::path(get, path = "/api/v1/data/positions/top/{portfolio_id}", tag = "positions",
    operation_id = "show_top_positions", extensions(("x-access" = json!("rows"))),
    params(("portfolio_id" = Uuid, Path, description = "The portfolio"), WhichParameters, AsOfParameters,
        PositionParameters),
    responses((status = 200, description = "Positions", body = Envelope<TopPositions>)))]
pub async fn show(
    State(api): State<Api>,
    caller: Caller,
    Path(portfolio_id): Path<PortfolioId>,
    Query(which): Query<Which>,
    at_least: AtLeast,
) -> Result<Answer<TopPositions>, ApiError> {
    let position = at_least.shown_by(&api, &[Portfolios::NAME]).await?;
    let reading = api.reading(&caller, portfolio_id, which.as_of).await?;
    let data = TopPositions::of(&reading.values(), which.limit);
    Ok(Answer::ok(&caller, data).at(position).as_of(reading.date))
}

impl TopPositions {
    fn of(values: &[LotValue<'_>], limit: usize) -> Self {
        let mut priced: Vec<(&LotValue<'_>, Worth)> =
            values.iter().filter_map(|value| Some((value, value.worth.ok()?))).collect();
        let unpriced_positions = values.len() - priced.len();
        let gross: Cash = priced.iter().map(|(_, worth)| worth.market_value.abs()).sum();
        // Equal sizes come by their ids, as they are.
        priced.sort_by_key(|(_, worth)| std::cmp::Reverse(worth.market_value.abs()));
        priced.truncate(limit);
        let percent = |amount: Cash| {
            if gross.is_zero() { 0.0 } else { four_decimals(amount.abs().to_f64() / gross.to_f64() * 100.0) }
        };
        let shown: Cash = priced.iter().map(|(_, worth)| worth.market_value.abs()).sum();
        let positions = priced.iter().map(|(value, worth)| TopPosition {
            position_id: value.position_id,
            symbol: value.lot.terms.symbol.clone(),
            quantity: value.quantity,
            position_type: value.lot.terms.position_type,
            market_value: worth.market_value,
            weight_pct: percent(worth.market_value),
            pnl_dollar: worth.unrealized,
            pnl_percent: value.unrealized_fraction().map(|fraction| fraction * 100.0),
        });
        Self {
            positions: positions.collect(),
            portfolio_coverage_pct: percent(shown),
            weight_denominator: "gross",
            total_portfolio_value: gross,
            unpriced_positions,
        }
    }
}

fn four_decimals(percent: f64) -> f64 {
    (percent * 10_000.0).round() / 10_000.0
}
