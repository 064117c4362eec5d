//! Target prices as the API shows them.

use events::portfolio::valuation::{GroupReturns, Horizon};
use events::portfolio::{Target, TargetPrices};
use events::position::{PositionSymbol, PositionType};
use events::time::TradingDay;
use events::{Cash, PortfolioId, PositionId, Price, Principal, TargetId};
use jiff::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;

use super::draft::current_price;
use super::outlook::Outlook;

/// The target prices of one symbol and type, and what its positions would earn.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct TargetPriceView {
    /// Its id.
    #[schema(value_type = String, format = Uuid)]
    id: TargetId,
    /// The portfolio.
    #[schema(value_type = String, format = Uuid)]
    portfolio_id: PortfolioId,
    /// The position at which they were entered, if at one.
    #[schema(value_type = Option<String>, format = Uuid)]
    position_id: Option<PositionId>,
    /// What they are of; those of an underlying count for its options of the type.
    #[schema(value_type = String, example = "AAPL")]
    pub(super) symbol: PositionSymbol,
    /// Which way the positions look: `LONG`, `SHORT`, `LC`, `LP`, `SC` or `SP`.
    #[schema(value_type = String, example = "LONG")]
    pub(super) position_type: PositionType,
    /// At the end of the year.
    #[schema(value_type = Option<String>, example = "230")]
    pub(super) target_price_eoy: Option<Price>,
    /// At the end of the next year.
    #[schema(value_type = Option<String>, example = "250")]
    pub(super) target_price_next_year: Option<Price>,
    /// If it goes badly.
    #[schema(value_type = Option<String>, example = "170")]
    pub(super) downside_target_price: Option<Price>,
    /// What they are compared with: the price of the symbol, or of the underlying, on the date; else what was given with
    /// them.
    #[schema(value_type = Option<String>, example = "200")]
    pub(super) current_price: Option<Price>,
    /// The date of that price; null where it is what was given.
    #[schema(value_type = Option<String>, format = Date)]
    price_date: Option<TradingDay>,
    /// Gain as a fraction of what is invested: of shares `(target - price) / price`, of what is owed the opposite, of
    /// options what they would earn over what they are worth. Null without price, target or options.
    #[schema(example = 0.15)]
    pub(super) expected_return_eoy: Option<f64>,
    /// The same until the end of the next year.
    #[schema(example = 0.25)]
    pub(super) expected_return_next_year: Option<f64>,
    /// The same if it goes badly.
    #[schema(example = -0.15)]
    pub(super) downside_return: Option<f64>,
    /// What all its open positions would earn; null without one that has a price, and without a target.
    #[schema(value_type = Option<String>, example = "6000")]
    target_upside_eoy_value: Option<Cash>,
    /// The same until the end of the next year.
    #[schema(value_type = Option<String>, example = "10000")]
    target_upside_next_year_value: Option<Cash>,
    /// The same if it goes badly.
    #[schema(value_type = Option<String>, example = "-6000")]
    target_downside_value: Option<Cash>,
    /// Open positions that it is for.
    position_count: usize,
    /// What they are worth, without sign, as a fraction of the equity; null without equity.
    #[schema(example = 0.08)]
    position_weight: Option<f64>,
    /// What they would earn until the end of the year as a fraction of the equity.
    #[schema(example = 0.012)]
    contribution_to_portfolio_return: Option<f64>,
    /// From which New York date on these prices count.
    #[schema(value_type = Option<String>, format = Date)]
    revision_date: Option<TradingDay>,
    /// Whose portfolio it is.
    #[schema(value_type = String)]
    created_by: Principal,
    /// When it was created.
    pub(super) created_at: Timestamp,
    /// When it was last changed.
    pub(super) updated_at: Timestamp,
}

impl TargetPriceView {
    /// A target on the date of the outlook.
    pub(super) fn of(
        outlook: &Outlook,
        id: TargetId,
        (target, prices): (&Target, &TargetPrices),
        gains: &GroupReturns,
    ) -> Self {
        let (reading, equity) = (&outlook.reading, outlook.equity);
        let market = current_price(reading.portfolio(), &target.symbol, reading.date, &reading.prices);
        let current_price = market.map(|(price, _)| price).or(prices.current_price);
        let expected = |horizon| expected(target.position_type, current_price, horizon, prices, gains);
        let dollars = |horizon| gains.earned(horizon);
        Self {
            id,
            portfolio_id: reading.book.portfolio_id,
            position_id: target.position_id,
            symbol: target.symbol.clone(),
            position_type: target.position_type,
            target_price_eoy: prices.eoy,
            target_price_next_year: prices.next_year,
            downside_target_price: prices.downside,
            current_price,
            price_date: market.map(|(_, date)| date),
            expected_return_eoy: expected(Horizon::Eoy),
            expected_return_next_year: expected(Horizon::NextYear),
            downside_return: expected(Horizon::Downside),
            target_upside_eoy_value: dollars(Horizon::Eoy),
            target_upside_next_year_value: dollars(Horizon::NextYear),
            target_downside_value: dollars(Horizon::Downside),
            position_count: gains.positions,
            position_weight: of_equity(gains.gross_exposure, equity),
            contribution_to_portfolio_return: gains.contribution(Horizon::Eoy, equity),
            revision_date: target.said_on(reading.date),
            created_by: reading.book.owner.clone(),
            created_at: target.created_at,
            updated_at: target.updated_at,
        }
    }

    /// Its id.
    pub(super) const fn id(&self) -> TargetId {
        self.id
    }

    /// What puts a list in order: of a symbol and type there is one at most.
    pub(super) fn key(&self) -> String {
        format!("{} {}", self.symbol, self.position_type)
    }
}

fn expected(
    position_type: PositionType,
    current_price: Option<Price>,
    horizon: Horizon,
    prices: &TargetPrices,
    gains: &GroupReturns,
) -> Option<f64> {
    let target = horizon.of(prices)?;
    if position_type.right().is_some() {
        return gains.return_on_covered(horizon);
    }
    let price = current_price.filter(|price| price.is_positive())?;
    let gain = (target - price).to_f64() / price.to_f64();
    Some(if position_type.is_long() { gain } else { -gain })
}

fn of_equity(amount: Cash, equity: Option<Cash>) -> Option<f64> {
    let equity = equity.filter(|equity| equity.is_positive())?;
    Some(amount.to_f64() / equity.to_f64())
}
