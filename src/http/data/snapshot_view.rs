//! A snapshot as it is shown.

use events::portfolio::valuation::{Horizon, Snapshot};
use events::{Cash, Position, Version};
use jiff::Timestamp;
use jiff::civil::Date;
use projections::snapshots::SnapshotRow;
use serde::Serialize;
use utoipa::ToSchema;

/// A portfolio at the close of a session.
#[derive(Debug, Serialize, ToSchema)]
pub struct PortfolioSnapshotView {
    /// The session.
    snapshot_date: Date,
    /// Equity at the close: cash and all that is held, less what is owed; null where nobody said what it began with.
    #[schema(value_type = Option<String>, example = "103280")]
    equity_balance: Option<Cash>,
    /// Equity less all market values; negative where money is owed.
    #[schema(value_type = Option<String>, example = "94160")]
    cash_balance: Option<Cash>,
    /// What is held.
    #[schema(value_type = String, example = "9120")]
    long_exposure: Cash,
    /// What is owed; not above zero.
    #[schema(value_type = String, example = "0")]
    short_exposure: Cash,
    /// Held and owed together.
    #[schema(value_type = String, example = "9120")]
    gross_exposure: Cash,
    /// Held less owed.
    #[schema(value_type = String, example = "9120")]
    net_exposure: Cash,
    /// What all positions earned since the session before.
    #[schema(value_type = String, example = "-20")]
    daily_pnl: Cash,
    /// The same as a fraction of the equity before; null where that is unknown or not above zero.
    #[schema(example = -0.000_189_9)]
    daily_return: Option<f64>,
    /// All that was earned so far.
    #[schema(value_type = String, example = "280")]
    cumulative_pnl: Cash,
    /// Lifetime P&L of what ended in the session: most of it was earned before, and adding it would count that twice.
    #[schema(value_type = String, example = "160")]
    daily_realized_pnl: Cash,
    /// Lifetime P&L of all that ended so far.
    #[schema(value_type = String, example = "160")]
    cumulative_realized_pnl: Cash,
    /// Capital that came in the session, less what went.
    #[schema(value_type = String, example = "-2000")]
    daily_capital_flow: Cash,
    /// All capital that came so far, less what went; without what the portfolio began with.
    #[schema(value_type = String, example = "3000")]
    cumulative_capital_flow: Cash,
    /// How far equity that was set by hand is from what it had become.
    #[schema(value_type = String, example = "0")]
    equity_adjustment: Cash,
    /// Whether positions are counted only from this session's price on, because they are older than the roll-forward or
    /// had no price before.
    baseline: bool,
    /// Whether every open position has a price.
    is_complete: bool,
    /// Open positions.
    position_count: usize,
    /// Of them held.
    long_count: usize,
    /// Of them owed.
    short_count: usize,
    /// Of them options.
    option_count: usize,
    /// Of them PRIVATE.
    private_count: usize,
    /// Of them without a price.
    unpriced_count: usize,
    /// What would be earned by the end of the year if target prices came true, as a fraction of the equity; null without
    /// equity or such targets. Options are at their intrinsic value.
    #[schema(example = 0.031)]
    target_price_return_eoy: Option<f64>,
    /// The same until the end of the next year.
    #[schema(example = 0.066)]
    target_price_return_next_year: Option<f64>,
    /// The same if it goes badly.
    #[schema(example = -0.042)]
    target_price_downside_return: Option<f64>,
    /// Exposure with a target in percent of all; null where there is no exposure.
    #[schema(example = 70.552_147)]
    target_price_coverage_pct: Option<f64>,
    /// Open positions with a target.
    target_price_positions_count: usize,
    /// Open positions.
    target_price_total_positions: usize,
    /// The last date on which a target was said; null where there was none.
    target_price_last_revision_date: Option<Date>,
    /// The version of the portfolio that it was computed from.
    #[schema(value_type = i64, example = 5)]
    portfolio_version: Version,
    /// The state of the price store that it was computed from: the newest one that touched a symbol of the portfolio.
    #[schema(example = 2)]
    vintage: i64,
    /// The version of the computation.
    #[schema(example = 1)]
    method_version: u32,
    /// The event that recorded it.
    #[schema(value_type = i64, example = 1042)]
    recorded_in: Position,
    /// When that was.
    recorded_at: Timestamp,
}

impl From<&SnapshotRow> for PortfolioSnapshotView {
    fn from(row: &SnapshotRow) -> Self {
        let SnapshotRow { snapshot, computed_from, position, recorded_at } = row;
        let Snapshot { standing, .. } = snapshot;
        let returns = snapshot.target_returns.as_deref();
        let target_return = |horizon| {
            let total = &returns?.total;
            let has_some = total.at(horizon).positions_with_targets > 0;
            total.contribution(horizon, standing.equity).filter(|_| has_some)
        };
        let gross = standing.at_market.gross();
        let covered = returns.map_or(Cash::ZERO, |returns| returns.total.covered_exposure);
        Self {
            snapshot_date: snapshot.snapshot_date,
            equity_balance: standing.equity,
            cash_balance: standing.cash(),
            long_exposure: standing.at_market.long,
            short_exposure: standing.at_market.short,
            gross_exposure: standing.at_market.gross(),
            net_exposure: standing.at_market.net(),
            daily_pnl: snapshot.daily_pnl,
            daily_return: snapshot.daily_return(),
            cumulative_pnl: snapshot.cumulative_pnl,
            daily_realized_pnl: snapshot.daily_realized,
            cumulative_realized_pnl: snapshot.cumulative_realized,
            daily_capital_flow: snapshot.daily_flow,
            cumulative_capital_flow: snapshot.cumulative_flow,
            equity_adjustment: snapshot.adjustment,
            baseline: snapshot.baseline,
            is_complete: snapshot.is_complete,
            position_count: standing.position_count,
            long_count: standing.long_count,
            short_count: standing.short_count,
            option_count: standing.option_count,
            private_count: standing.private_count,
            unpriced_count: standing.unpriced_count,
            target_price_return_eoy: target_return(Horizon::Eoy),
            target_price_return_next_year: target_return(Horizon::NextYear),
            target_price_downside_return: target_return(Horizon::Downside),
            target_price_coverage_pct: gross.is_positive().then(|| 100.0 * covered.to_f64() / gross.to_f64()),
            target_price_positions_count: returns.map_or(0, |returns| returns.total.positions_with_targets),
            target_price_total_positions: standing.position_count,
            target_price_last_revision_date: returns.and_then(|returns| returns.last_revision_date),
            portfolio_version: computed_from.portfolio_version,
            vintage: computed_from.vintage,
            method_version: computed_from.method_version,
            recorded_in: *position,
            recorded_at: *recorded_at,
        }
    }
}
