//! What portfolios would earn if their target prices came true: longs, shorts, options, the rest, and all of them.

use std::collections::BTreeMap;

use events::portfolio::valuation::{GroupReturns, Horizon, TargetReturns};
use events::{Cash, OptionContract, Price};
use jiff::civil::Date;
use quant::options::{black_scholes, years_to_expiry};
use rust_decimal::Decimal;
use rust_decimal::prelude::FromPrimitive;
use serde::Serialize;
use utoipa::ToSchema;

use super::{Absent, HeldOption, PricedOption, Reason, RiskInputs, days_between};

/// Groups of positions, and all of them.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct TargetGroups {
    /// PUBLIC positions that are held.
    pub longs: TargetGroup,
    /// PUBLIC positions that are owed.
    pub shorts: TargetGroup,
    /// Options.
    pub options: TargetGroup,
    /// PRIVATE positions.
    pub rest: TargetGroup,
    /// All of them.
    pub total: TargetGroup,
}

/// A group and what it would earn; only the horizons that were asked for.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct TargetGroup {
    /// What is held and owed together, of the positions that have a price.
    #[schema(value_type = String, example = "133000")]
    pub gross_exposure: Cash,
    /// How many positions there are.
    pub positions: usize,
    /// At the end of the year.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub eoy: Option<TargetHorizon>,
    /// At the end of the next year.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_year: Option<TargetHorizon>,
    /// If it goes badly.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub downside: Option<TargetHorizon>,
}

/// What a group would earn over one horizon.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, ToSchema)]
pub struct TargetHorizon {
    /// What the positions with a target would earn; null where none has one.
    #[schema(value_type = Option<String>, example = "10500")]
    pub dollars: Option<Cash>,
    /// The same as a fraction of the group's exposure; null where that is zero.
    #[schema(example = 0.078_947_37)]
    pub return_on_group: Option<f64>,
    /// The same as a fraction of the exposure with a target; null where that is zero.
    #[schema(example = 0.123_529_41)]
    pub return_on_covered: Option<f64>,
    /// The same as a fraction of the equity: contributions of groups add up to that of the total. Null without equity.
    #[schema(example = 0.021)]
    pub contribution: Option<f64>,
    /// Exposure with a target in percent of all; null where there is none.
    #[schema(example = 63.909_774)]
    pub coverage_pct: Option<f64>,
    /// Positions with a target.
    pub positions_with_targets: usize,
    /// Options among them that are valued at their intrinsic value, because nothing says a volatility.
    pub intrinsic_only: usize,
}

impl TargetGroups {
    /// The groups over one horizon; over all of them if none is named.
    pub fn of(returns: &TargetReturns, horizon: Option<Horizon>) -> Self {
        let wanted = horizon;
        let group = |group: &GroupReturns| {
            let at = |horizon: Horizon| {
                let is_wanted = wanted.is_none_or(|wanted| wanted == horizon);
                is_wanted.then(|| TargetHorizon::of(group, horizon, returns.equity))
            };
            TargetGroup {
                gross_exposure: group.gross_exposure,
                positions: group.positions,
                eoy: at(Horizon::Eoy),
                next_year: at(Horizon::NextYear),
                downside: at(Horizon::Downside),
            }
        };
        Self {
            longs: group(&returns.longs),
            shorts: group(&returns.shorts),
            options: group(&returns.options),
            rest: group(&returns.rest),
            total: group(&returns.total),
        }
    }
}

impl TargetHorizon {
    fn of(group: &GroupReturns, horizon: Horizon, equity: Option<Cash>) -> Self {
        let returns = group.at(horizon);
        Self {
            dollars: group.earned(horizon),
            return_on_group: group.return_on_group(horizon),
            return_on_covered: group.return_on_covered(horizon),
            contribution: group.contribution(horizon, equity),
            coverage_pct: group.coverage(horizon).map(|part| 100.0 * part),
            positions_with_targets: returns.positions_with_targets,
            intrinsic_only: returns.intrinsic_only,
        }
    }
}

impl RiskInputs {
    /// What all portfolios would earn together, by the targets and the prices of the session.
    ///
    /// # Errors
    /// `no_positions`, `no_target_prices`.
    pub fn target_returns(&self) -> Result<TargetReturns, Absent> {
        if self.lots.is_empty() {
            return Err(Absent::because(Reason::NoPositions, "no position is open"));
        }
        let (date, outlook) = (self.as_of_date, OptionOutlook::of(&self.options, self.as_of_date));
        let value = |contract: &OptionContract, target, horizon| outlook.value(contract, target, horizon);
        let mut sum = TargetReturns { equity: self.standing.equity, ..TargetReturns::default() };
        for book in &self.sources().books {
            let values = book.portfolio.value_on(date, self.prices());
            sum.add_lots(&book.portfolio.target_returns(&values, date, None, &value));
        }
        match sum.last_revision_date {
            Some(_) => Ok(sum),
            None => Err(Absent::because(Reason::NoTargetPrices, "no target prices were said until the date")),
        }
    }
}

/// What options will be worth, given what is known of their market: at the volatility of today, with the time until the
/// horizon passed.
#[derive(Debug, Clone)]
pub struct OptionOutlook {
    as_of_date: Date,
    priced: BTreeMap<OptionContract, PricedOption>,
}

impl OptionOutlook {
    /// Of the options that could be priced on a date.
    pub fn of(options: &[HeldOption], as_of_date: Date) -> Self {
        let known = options.iter().filter_map(|option| Some((option.contract.clone(), option.priced.ok()?)));
        Self { as_of_date, priced: known.collect() }
    }

    /// The value of a share of an option with its underlying at `target`; none where the option has no price today.
    pub fn value(&self, contract: &OptionContract, target: Price, horizon: Horizon) -> Option<Price> {
        let priced = self.priced.get(contract)?;
        let days = days_between(self.horizon_date(horizon), contract.expiry).max(0.0);
        let terms = quant::options::OptionTerms { years: years_to_expiry(days), ..priced.terms };
        let market = quant::options::OptionMarket { spot: target.to_f64(), ..priced.market };
        let value = black_scholes::price(&terms, &market, priced.volatility).ok()?;
        let exact = Decimal::from_f64(value)?.round_dp(Price::SCALE);
        Price::from_decimal(exact).ok()
    }

    /// When a target is to be reached. Who fears a downside does not say when: it is held to the end of the year.
    fn horizon_date(&self, horizon: Horizon) -> Date {
        let year = match horizon {
            Horizon::Eoy | Horizon::Downside => self.as_of_date.year(),
            Horizon::NextYear => self.as_of_date.year().saturating_add(1),
        };
        Date::new(year, 12, 31).unwrap_or(self.as_of_date)
    }
}
