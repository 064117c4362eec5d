//! Exposures, cash, leverage and P&L of portfolios on a date.

use events::Cash;
use events::portfolio::valuation::{Exposure, NoRatio, Snapshot, Standing};
use jiff::civil::Date;
use rust_decimal::Decimal;
use rust_decimal::prelude::FromPrimitive;
use serde::Serialize;
use utoipa::ToSchema;

use super::availability::noted;
use super::{Absent, Analytic, DataQuality, Missing, Provenance, Reason, RiskInputs, TargetGroups};

/// How portfolios stand on a date.
#[derive(Debug, Clone, Default, PartialEq, Serialize, ToSchema)]
pub struct Overview {
    /// Capital: cash and all that is held or owed.
    #[schema(value_type = Option<String>, example = "50000")]
    pub equity_balance: Option<Cash>,
    /// The same: cash plus all signed market values.
    #[schema(value_type = Option<String>, example = "50000")]
    pub net_asset_value: Option<Cash>,
    /// Equity less all signed market values; negative where it is owed.
    #[schema(value_type = Option<String>, example = "38400")]
    pub cash_balance: Option<Cash>,
    /// Whether cash is owed.
    pub negative_cash: Option<bool>,
    /// Gross exposure over equity.
    #[schema(example = 0.688)]
    pub leverage: Option<f64>,
    /// What is held and owed.
    pub exposures: Option<Exposures>,
    /// What was earned.
    pub pnl: Option<Pnl>,
    /// How many positions are open.
    pub position_count: Option<PositionCount>,
    /// What they would earn if the target prices that were said until the session came true.
    pub target_returns: Option<TargetGroups>,
}

/// Exposures at market, and beside them at entry and adjusted by deltas.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct Exposures {
    /// At the prices of the session, of the positions that have one.
    #[serde(flatten)]
    pub at_market: ExposureView,
    /// How the figures beside are valued: `at_market`.
    #[schema(example = "at_market")]
    pub valuation: &'static str,
    /// At the prices of entry, of all positions.
    pub at_entry: ExposureView,
    /// With options by their deltas; null while an option has none.
    pub delta_adjusted: Option<ExposureView>,
}

/// What is held and owed; percentages are of equity, and null without.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct ExposureView {
    /// What is held.
    #[schema(value_type = String, example = "23000")]
    pub long_exposure: Cash,
    /// What is owed, not positive.
    #[schema(value_type = String, example = "-11400")]
    pub short_exposure: Cash,
    /// The size of what is owed.
    #[schema(value_type = String, example = "11400")]
    pub short_exposure_abs: Cash,
    /// Both together.
    #[schema(value_type = String, example = "34400")]
    pub gross_exposure: Cash,
    /// Held less owed.
    #[schema(value_type = String, example = "11600")]
    pub net_exposure: Cash,
    /// Held, in percent of equity.
    #[schema(example = 46.0)]
    pub long_percentage: Option<f64>,
    /// Owed, in percent of equity, not positive.
    #[schema(example = -22.8)]
    pub short_percentage: Option<f64>,
    /// Both together, in percent of equity.
    #[schema(example = 68.8)]
    pub gross_percentage: Option<f64>,
    /// Held less owed, in percent of equity.
    #[schema(example = 23.2)]
    pub net_percentage: Option<f64>,
}

/// What was earned.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct Pnl {
    /// Realised and unrealised, lifetime, of the positions that have a price.
    #[schema(value_type = String, example = "4000")]
    pub total_pnl: Cash,
    /// Market value less cost of what is open and has a price.
    #[schema(value_type = String, example = "4000")]
    pub unrealized_pnl: Cash,
    /// Of what ended, lifetime.
    #[schema(value_type = String, example = "0")]
    pub realized_pnl: Cash,
    /// The sum of the daily P&L of the sessions of this month; null where they are not all known.
    #[schema(value_type = Option<String>)]
    pub mtd_pnl: Option<Cash>,
    /// The same of this year.
    #[schema(value_type = Option<String>)]
    pub ytd_pnl: Option<Cash>,
}

/// How many positions are open.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
pub struct PositionCount {
    /// All.
    pub total_positions: usize,
    /// Held, options too.
    pub long_count: usize,
    /// Owed, options too.
    pub short_count: usize,
    /// Options.
    pub option_count: usize,
    /// PRIVATE ones.
    pub private_count: usize,
    /// Without a price: what is at market does not count them.
    pub unpriced_count: usize,
}

/// The overview of the portfolios.
pub fn overview(inputs: &RiskInputs) -> Analytic<Overview> {
    let unpriced = inputs.lots.iter().enumerate().filter(|(_, lot)| lot.market_value.is_none());
    let left_out = unpriced.filter_map(|(place, lot)| Some((place, lot.exposure.err()?))).collect();
    let quality = DataQuality::of(inputs, &left_out, None);
    let figures = inputs.one_currency().map(|()| figures(inputs));
    Analytic::of(figures, quality, Provenance::of(inputs, "at_market", 2, "overview"))
}

fn figures(inputs: &RiskInputs) -> (Overview, Missing) {
    let (standing, mut missing) = (&inputs.standing, Missing::new());
    let absent = |_: NoRatio| Absent::because(Reason::NoEquityBalance, NoRatio::NoEquityBalance.to_string());
    let leverage = noted(&mut missing, "leverage", standing.leverage().map_err(absent));
    let exposures = Exposures {
        at_market: view(standing, standing.at_market),
        valuation: "at_market",
        at_entry: view(standing, standing.at_entry),
        delta_adjusted: noted(&mut missing, "delta_adjusted", delta_adjusted(inputs)),
    };
    let rolls: Vec<Vec<Snapshot>> =
        inputs.portfolios.iter().map(|part| inputs.roll(part.portfolio_id)).collect();
    let since_start_of = |period: fn(Date) -> (i16, i8)| pnl_since(&rolls, inputs.as_of_date, period);
    let unrealized_pnl = inputs.lots.iter().filter_map(|lot| lot.unrealized).sum();
    let realized_pnl = inputs.portfolios.iter().map(|part| part.realized).sum();
    let pnl = Pnl {
        total_pnl: unrealized_pnl + realized_pnl,
        unrealized_pnl,
        realized_pnl,
        mtd_pnl: noted(&mut missing, "mtd_pnl", since_start_of(|date| (date.year(), date.month()))),
        ytd_pnl: noted(&mut missing, "ytd_pnl", since_start_of(|date| (date.year(), 0))),
    };
    let target_returns = inputs.target_returns().map(|returns| TargetGroups::of(&returns, None));
    let overview = Overview {
        equity_balance: standing.equity,
        net_asset_value: standing.equity,
        cash_balance: standing.cash(),
        negative_cash: standing.cash().map(Cash::is_negative),
        leverage,
        exposures: Some(exposures),
        pnl: Some(pnl),
        position_count: Some(PositionCount {
            total_positions: standing.position_count,
            long_count: standing.long_count,
            short_count: standing.short_count,
            option_count: standing.option_count,
            private_count: standing.private_count,
            unpriced_count: standing.unpriced_count,
        }),
        target_returns: noted(&mut missing, "target_returns", target_returns),
    };
    (overview, missing)
}

fn view(standing: &Standing, exposure: Exposure) -> ExposureView {
    let percent = |amount| standing.of_equity(amount).ok().map(|fraction| 100.0 * fraction);
    ExposureView {
        long_exposure: exposure.long,
        short_exposure: exposure.short,
        short_exposure_abs: exposure.short_abs(),
        gross_exposure: exposure.gross(),
        net_exposure: exposure.net(),
        long_percentage: percent(exposure.long),
        short_percentage: percent(exposure.short),
        gross_percentage: percent(exposure.gross()),
        net_percentage: percent(exposure.net()),
    }
}

fn delta_adjusted(inputs: &RiskInputs) -> Result<ExposureView, Absent> {
    let mut values = Vec::with_capacity(inputs.lots.len());
    for lot in &inputs.lots {
        let exposure = lot.exposure.ok().and_then(exact);
        let absent = || {
            let message = format!("{} has no price or delta", lot.symbol);
            Absent::because(Reason::NoCalculationAvailable, message)
        };
        values.push(exposure.ok_or_else(absent)?);
    }
    Ok(view(&inputs.standing, Exposure::of(values)))
}

/// Money to the scale of cash.
fn exact(amount: f64) -> Option<Cash> {
    Cash::from_decimal(Decimal::from_f64(amount)?.round_dp(Cash::SCALE)).ok()
}

/// Daily P&L since the beginning of the month or year of a session, where every session of it was counted.
fn pnl_since(
    rolls: &[Vec<Snapshot>],
    session: Date,
    period: impl Fn(Date) -> (i16, i8),
) -> Result<Cash, Absent> {
    let mut sum = Cash::ZERO;
    let wanted = period(session);
    for roll in rolls {
        let within: Vec<_> =
            roll.iter().filter(|snapshot| period(snapshot.snapshot_date) == wanted).collect();
        if within.is_empty() {
            return Err(Absent::because(Reason::InsufficientHistory, "the portfolio begins later"));
        }
        if within.iter().any(|snapshot| !snapshot.is_complete) {
            let message = "a session has a position without a price";
            return Err(Absent::because(Reason::InsufficientHistory, message));
        }
        sum += within.iter().map(|snapshot| snapshot.daily_pnl).sum();
    }
    Ok(sum)
}
