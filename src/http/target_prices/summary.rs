//! `GET /target-prices/{portfolio_id}/summary`

use axum::extract::State;
use events::portfolio::valuation::Horizon;
use events::{Cash, PortfolioId};
use jiff::Timestamp;
use projections::Projection;
use projections::portfolios::Portfolios;
use serde::Serialize;
use utoipa::ToSchema;

use super::TargetPriceView;
use super::outlook::Outlook;
use crate::http::answer::{Answer, Envelope};
use crate::http::books::{AsOf, AsOfParameters};
use crate::http::caller::Caller;
use crate::http::error::ApiError;
use crate::http::path::Path;
use crate::http::position::{AtLeast, PositionParameters};
use crate::http::query::Query;
use crate::http::state::Api;

/// The target prices of a portfolio, and what it would earn. Positions without a target earn nothing, and lower the
/// coverage.
#[derive(Debug, Serialize, ToSchema)]
pub struct TargetPriceSummary {
    /// Whether there are target prices.
    available: bool,
    /// Why not: `no_target_prices`.
    reason: Option<&'static str>,
    /// Open positions.
    total_positions: usize,
    /// Of them with a target of any horizon.
    positions_with_targets: usize,
    /// Their exposure in percent of that of all; null where there is none.
    #[schema(example = 70.552_147)]
    coverage_pct: Option<f64>,
    /// What would be earned by the end of the year as a fraction of the equity; null without equity or targets.
    #[schema(example = 0.031)]
    weighted_expected_return_eoy: Option<f64>,
    /// The same until the end of the next year.
    #[schema(example = 0.066)]
    weighted_expected_return_next_year: Option<f64>,
    /// The same if it goes badly.
    #[schema(example = -0.042)]
    weighted_downside_return: Option<f64>,
    /// What would be earned by the end of the year; null without targets.
    #[schema(value_type = Option<String>, example = "15500")]
    target_upside_eoy_dollars: Option<Cash>,
    /// The same until the end of the next year.
    #[schema(value_type = Option<String>, example = "33000")]
    target_upside_next_year_dollars: Option<Cash>,
    /// The same if it goes badly.
    #[schema(value_type = Option<String>, example = "-21000")]
    target_downside_dollars: Option<Cash>,
    /// All of them, by symbol and type.
    target_prices: Vec<TargetPriceView>,
    /// When one of them was last changed.
    last_updated_at: Option<Timestamp>,
}

impl TargetPriceSummary {
    fn of(outlook: &Outlook) -> Self {
        let (total, target_prices) = (outlook.returns().total, outlook.all());
        let dollars = |horizon| total.earned(horizon);
        let fraction = |horizon| total.contribution(horizon, outlook.equity);
        let covered = || total.covered_exposure.to_f64() / total.gross_exposure.to_f64();
        Self {
            available: !target_prices.is_empty(),
            reason: target_prices.is_empty().then_some("no_target_prices"),
            total_positions: total.positions,
            positions_with_targets: total.positions_with_targets,
            coverage_pct: total.gross_exposure.is_positive().then(|| 100.0 * covered()),
            weighted_expected_return_eoy: fraction(Horizon::Eoy),
            weighted_expected_return_next_year: fraction(Horizon::NextYear),
            weighted_downside_return: fraction(Horizon::Downside),
            target_upside_eoy_dollars: dollars(Horizon::Eoy),
            target_upside_next_year_dollars: dollars(Horizon::NextYear),
            target_downside_dollars: dollars(Horizon::Downside),
            last_updated_at: target_prices.iter().map(|target| target.updated_at).max(),
            target_prices,
        }
    }
}

/// Shows the target prices of a portfolio on a date and what it would earn if they came true.
#[utoipa::path(get, path = "/api/v1/target-prices/{portfolio_id}/summary", tag = "target prices",
    operation_id = "summarize_target_prices", extensions(("x-access" = json!("rows"))),
    params(("portfolio_id" = Uuid, Path, description = "The portfolio"), AsOfParameters, PositionParameters),
    responses((status = 200, description = "The summary", body = Envelope<TargetPriceSummary>)))]
pub async fn show(
    State(api): State<Api>,
    caller: Caller,
    Path(portfolio_id): Path<PortfolioId>,
    Query(as_of): Query<AsOf>,
    at_least: AtLeast,
) -> Result<Answer<TargetPriceSummary>, ApiError> {
    let position = at_least.shown_by(&api, &[Portfolios::NAME]).await?;
    let reading = api.reading(&caller, portfolio_id, as_of).await?;
    let date = reading.date;
    let summary = TargetPriceSummary::of(&Outlook::of(&api, reading).await?);
    Ok(Answer::ok(&caller, summary).at(position).as_of(date))
}
