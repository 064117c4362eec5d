//! Contributions to and withdrawals from a portfolio, and equity that is set by hand.

pub mod adjust;
pub mod change;
pub mod create;
pub mod delete;
pub mod export;
pub mod find;
pub mod list;
pub mod summary;
mod view;

use std::sync::Arc;

use events::portfolio::{EquityChangeKind, Portfolio};
use events::time::TradingDay;
use events::{Cash, EquityChangeId, PortfolioId};
use projections::closes::Known;
use projections::portfolios::BookPrices;

use super::books::equity_on;
use super::error::ApiError;
use super::query::Parameters;
use super::state::Api;
pub use view::EquityChangeView;

/// Flows of these dates.
#[derive(Debug, Clone, Copy, Default)]
struct Dates {
    first: Option<TradingDay>,
    last: Option<TradingDay>,
}

impl Dates {
    fn read(parameters: &mut Parameters) -> Self {
        let (first, last) = (parameters.optional("start_date"), parameters.optional("end_date"));
        if first.zip(last).is_some_and(|(first, last): (TradingDay, TradingDay)| first > last) {
            parameters.report("end_date", "out_of_range", "must not be before start_date");
        }
        Self { first, last }
    }

    fn hold(self, date: TradingDay) -> bool {
        self.first.is_none_or(|first| first <= date) && self.last.is_none_or(|last| date <= last)
    }
}

/// Equity at the end of a date, which only withdrawals need: as it were without the flow `without`.
async fn equity_for(
    api: &Api,
    portfolio_id: PortfolioId,
    kind: Option<EquityChangeKind>,
    date: TradingDay,
    without: Option<EquityChangeId>,
) -> Result<Option<Cash>, ApiError> {
    let portfolio: Portfolio = api.portfolio_in_log(portfolio_id).await?;
    let edited = without.and_then(|id| portfolio.equity_changes.get(&id));
    let kind = kind.or(edited.map(|change| change.change_type));
    if kind != Some(EquityChangeKind::Withdrawal) {
        return Ok(None);
    }
    let closes = &api.app().closes;
    let vintage = closes.vintage(Known::Newest).await?;
    let prices = BookPrices::load(closes, &portfolio, vintage).await?;
    equity_on(Arc::new(portfolio), prices, date, without).await
}
