//! `GET /data/positions/details`

use std::collections::{BTreeMap, BTreeSet};

use axum::extract::State;
use events::portfolio::BULK_MAX;
use events::{Cash, PortfolioId, PositionId, Symbol};
use projections::Projection;
use projections::instruments::{self, KnownProfile};
use projections::portfolios::Portfolios;
use projections::tags::Tags;
use serde::Serialize;
use utoipa::{IntoParams, ToSchema};

use crate::http::answer::{Answer, Envelope};
use crate::http::books::{AsOf, AsOfParameters};
use crate::http::caller::Caller;
use crate::http::error::ApiError;
use crate::http::position::{AtLeast, PositionParameters};
use crate::http::positions::{PositionView, labels};
use crate::http::query::{FromParameters, Parameters, Query};
use crate::http::state::Api;

/// Which positions.
#[derive(Debug)]
pub struct Which {
    whose: Whose,
    include_closed: bool,
    as_of: AsOf,
}

/// A portfolio's, or named ones.
#[derive(Debug)]
enum Whose {
    Portfolio(PortfolioId),
    Positions(Vec<PositionId>),
}

/// The same for the documentation.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "describes what Which reads")]
pub struct WhichParameters {
    /// All positions of this portfolio; this or `position_ids`.
    #[param(format = Uuid)]
    portfolio_id: Option<String>,
    /// These positions, up to 500, separated by commas. One that is not the caller's answers 404 for all.
    position_ids: Option<String>,
    /// Whether closed ones are shown, too; by default no.
    include_closed: Option<bool>,
}

impl FromParameters for Which {
    fn read(parameters: &mut Parameters) -> Option<Self> {
        let portfolio: Option<PortfolioId> = parameters.optional("portfolio_id");
        let positions: Option<Vec<PositionId>> = parameters.list("position_ids");
        let include_closed = parameters.optional("include_closed").unwrap_or(false);
        let as_of = AsOf::read(parameters);
        if let Some(count) = positions.as_ref().map(Vec::len).filter(|count| *count > BULK_MAX) {
            parameters.report("position_ids", "too_long", format!("at most {BULK_MAX}, not {count}"));
        }
        let whose = match (portfolio, positions) {
            (Some(portfolio), None) => Whose::Portfolio(portfolio),
            (None, Some(positions)) => Whose::Positions(positions),
            (Some(_), Some(_)) | (None, None) => {
                let message = "give either portfolio_id or position_ids";
                parameters.report("portfolio_id", "one_of", message);
                return None;
            }
        };
        Some(Self { whose, include_closed, as_of })
    }
}

/// A position, and what is known of the company behind it.
#[derive(Debug, Serialize, ToSchema)]
pub struct PositionDetail {
    #[serde(flatten)]
    position: PositionView,
    /// The name of the company or fund, or of the underlying's.
    company_name: Option<String>,
    /// Its sector.
    sector: Option<String>,
    /// Its industry.
    industry: Option<String>,
}

/// Positions, added up.
#[derive(Debug, Serialize, ToSchema)]
pub struct DetailSums {
    /// How many.
    total_positions: usize,
    /// What is open cost, signed.
    #[schema(value_type = String, example = "9000")]
    total_cost_basis: Cash,
    /// What is open is worth, signed; positions without a price do not count.
    #[schema(value_type = String, example = "10800")]
    total_market_value: Cash,
    /// What those that have a price earned and is not realised.
    #[schema(value_type = String, example = "1800")]
    total_unrealized_pnl: Cash,
    /// Open positions without a price.
    unpriced_positions: usize,
}

/// Positions in detail.
#[derive(Debug, Serialize, ToSchema)]
pub struct PositionDetails {
    /// Them, by symbol and date of entry.
    positions: Vec<PositionDetail>,
    /// Their sums.
    summary: DetailSums,
}

impl DetailSums {
    fn of(positions: &[PositionView]) -> Self {
        let is_unpriced =
            |position: &&PositionView| !position.quantity.is_zero() && position.market_value.is_none();
        Self {
            total_positions: positions.len(),
            total_cost_basis: positions.iter().map(|position| position.cost_basis).sum(),
            total_market_value: positions.iter().filter_map(|position| position.market_value).sum(),
            total_unrealized_pnl: positions.iter().filter_map(|position| position.unrealized_pnl).sum(),
            unpriced_positions: positions.iter().filter(is_unpriced).count(),
        }
    }
}

/// Shows positions with their values and what is known of the companies behind them.
#[utoipa::path(get, path = "/api/v1/data/positions/details", tag = "positions", operation_id = "show_position_details",
    extensions(("x-access" = json!("rows"))),
    params(WhichParameters, AsOfParameters, PositionParameters),
    responses((status = 200, description = "Positions", body = Envelope<PositionDetails>),
        (status = 404, description = "The portfolio, or a position, does not exist or is not the caller's",
            body = crate::http::problem::Problem, content_type = "application/problem+json")))]
pub async fn show(
    State(api): State<Api>,
    caller: Caller,
    Query(which): Query<Which>,
    at_least: AtLeast,
) -> Result<Answer<PositionDetails>, ApiError> {
    let position = at_least.shown_by(&api, &[Portfolios::NAME, Tags::NAME]).await?;
    let (portfolios, named) = match which.whose {
        Whose::Portfolio(portfolio) => (BTreeSet::from([portfolio]), None),
        Whose::Positions(positions) => {
            let found = api.portfolios_of(&caller, &positions).await?;
            let portfolios = found.values().copied().collect();
            (portfolios, Some(positions.into_iter().collect::<BTreeSet<_>>()))
        }
    };
    let labels = labels(&api, &caller).await?;
    let mut positions = Vec::new();
    let mut market_symbols = BTreeMap::new();
    for portfolio in portfolios {
        let reading = api.reading(&caller, portfolio, which.as_of).await?;
        positions.extend(PositionView::all(&reading, which.include_closed, &labels));
        let lots = reading.portfolio().existing_lots();
        market_symbols.extend(lots.filter_map(|(id, lot)| Some((id, lot.terms.market_symbol()?))));
    }
    positions.retain(|position| named.as_ref().is_none_or(|named| named.contains(&position.id)));
    positions.sort_by_key(PositionView::key);
    let summary = DetailSums::of(&positions);
    let symbols: BTreeSet<Symbol> = market_symbols.values().cloned().collect();
    let symbols: Vec<Symbol> = symbols.into_iter().collect();
    let profiles = instruments::profiles(&**api.shared().await?, &symbols, None).await?;
    let profile_of = |id: &PositionId| market_symbols.get(id).and_then(|symbol| profiles.get(symbol));
    let positions = positions
        .into_iter()
        .map(|position| PositionDetail::of(profile_of(&position.id), position))
        .collect();
    let data = PositionDetails { positions, summary };
    Ok(Answer::ok(&caller, data).at(position).as_of(which.as_of.date()))
}

impl PositionDetail {
    fn of(profile: Option<&KnownProfile>, position: PositionView) -> Self {
        let profile = profile.map(|known| &known.profile);
        Self {
            position,
            company_name: profile.map(|profile| profile.company_name.clone()),
            sector: profile.and_then(|profile| profile.sector.clone()),
            industry: profile.and_then(|profile| profile.industry.clone()),
        }
    }
}
