//! `GET /target-prices/{portfolio_id}/aggregate`

use std::str::FromStr;

use axum::extract::State;
use events::portfolio::valuation::{Horizon, TargetReturns};
use events::time::TradingDay;
use events::{Cash, PortfolioId};
use projections::Projection;
use projections::portfolios::Portfolios;
use projections::risk::TargetGroups;
use serde::Serialize;
use utoipa::{IntoParams, ToSchema};

use super::outlook::Outlook;
use crate::http::answer::{Answer, Envelope};
use crate::http::books::{AsOf, AsOfParameters};
use crate::http::caller::Caller;
use crate::http::error::ApiError;
use crate::http::path::Path;
use crate::http::position::{AtLeast, PositionParameters};
use crate::http::query::{FromParameters, Parameters, Query};
use crate::http::state::Api;

/// One horizon, or all of them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Horizons(pub(super) Option<Horizon>);

impl FromStr for Horizons {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "all" => Ok(Self(None)),
            text => {
                let horizon = text.parse().map_err(|_| "must be eoy, next_year, downside or all")?;
                Ok(Self(Some(horizon)))
            }
        }
    }
}

/// The parameter of [`Horizons`], for the documentation.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "describes what Horizons is read from")]
pub struct HorizonParameters {
    /// `eoy`, `next_year`, `downside`, or `all`, which is the default.
    #[param(example = "all")]
    horizon: Option<String>,
}

/// What is asked.
#[derive(Debug)]
pub struct Asked {
    as_of: AsOf,
    horizons: Horizons,
}

impl FromParameters for Asked {
    fn read(parameters: &mut Parameters) -> Option<Self> {
        let horizons = parameters.optional("horizon").unwrap_or_default();
        Some(Self { as_of: AsOf::read(parameters), horizons })
    }
}

/// What a portfolio would earn, by group.
#[derive(Debug, Serialize, ToSchema)]
pub struct AggregatedTargets {
    /// Whether there are figures.
    available: bool,
    /// Why not: `no_positions` or `no_target_prices`.
    reason: Option<&'static str>,
    /// Equity on the date: contributions are fractions of it.
    #[schema(value_type = Option<String>, example = "500000")]
    equity_balance: Option<Cash>,
    /// Positions by group: each is in one of the first four.
    groups: Option<TargetGroups>,
    /// The last date on which a target was said.
    #[schema(value_type = Option<String>, format = Date)]
    last_revision_date: Option<TradingDay>,
}

impl AggregatedTargets {
    /// What the lots would earn over the horizons.
    pub(super) fn of(
        returns: Option<&TargetReturns>,
        equity: Option<Cash>,
        Horizons(horizon): Horizons,
    ) -> Self {
        let reason = match returns {
            None => Some("no_target_prices"),
            Some(returns) if returns.total.positions == 0 => Some("no_positions"),
            Some(returns) if returns.last_revision_date.is_none() => Some("no_target_prices"),
            Some(_) => None,
        };
        let shown = returns.filter(|_| reason.is_none());
        Self {
            available: reason.is_none(),
            reason,
            equity_balance: equity,
            groups: shown.map(|returns| TargetGroups::of(returns, horizon)),
            last_revision_date: returns.and_then(|returns| returns.last_revision_date),
        }
    }
}

/// Shows what longs, shorts, options, the rest and all positions would earn if target prices came true. Positions without a
/// target earn nothing and lower the coverage; contributions of the groups add up to that of the total.
#[utoipa::path(get, path = "/api/v1/target-prices/{portfolio_id}/aggregate", tag = "target prices",
    operation_id = "aggregate_target_prices", extensions(("x-access" = json!("rows"))),
    params(("portfolio_id" = Uuid, Path, description = "The portfolio"), HorizonParameters, AsOfParameters,
        PositionParameters),
    responses((status = 200, description = "Figures, or why there are none", body = Envelope<AggregatedTargets>)))]
pub async fn show(
    State(api): State<Api>,
    caller: Caller,
    Path(portfolio_id): Path<PortfolioId>,
    Query(Asked { as_of, horizons }): Query<Asked>,
    at_least: AtLeast,
) -> Result<Answer<AggregatedTargets>, ApiError> {
    let position = at_least.shown_by(&api, &[Portfolios::NAME]).await?;
    let reading = api.reading(&caller, portfolio_id, as_of).await?;
    let date = reading.date;
    let outlook = Outlook::of(&api, reading).await?;
    let aggregated = AggregatedTargets::of(Some(&outlook.returns()), outlook.equity, horizons);
    Ok(Answer::ok(&caller, aggregated).at(position).as_of(date))
}
