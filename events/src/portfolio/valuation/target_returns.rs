//! What would be earned if target prices came true: per group, and of the portfolio.

use std::collections::BTreeMap;
use std::ops::AddAssign;

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::LotValue;
use crate::portfolio::{LotTerms, Portfolio, TargetPrices, worth};
use crate::position::{InvestmentClass, OptionRight, PositionSymbol, PositionType, named};
use crate::{Cash, OptionContract, Price, TargetId};

named! {
    /// Which of the target prices.
    pub enum Horizon {
        /// At the end of the year.
        Eoy = "eoy",
        /// At the end of the next year.
        NextYear = "next_year",
        /// If it goes badly.
        Downside = "downside",
    }
}

impl Horizon {
    /// The target price of this horizon.
    pub const fn of(self, prices: &TargetPrices) -> Option<Price> {
        match self {
            Self::Eoy => prices.eoy,
            Self::NextYear => prices.next_year,
            Self::Downside => prices.downside,
        }
    }
}

/// What one share of an option would be worth with its underlying at a price and the time of the horizon passed; none
/// where it cannot be computed, and then its intrinsic value counts.
pub type OptionValue<'a> = &'a dyn Fn(&OptionContract, Price, Horizon) -> Option<Price>;

/// What a group would earn over one horizon.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct HorizonReturns {
    /// What it would earn; lots without a target earn nothing.
    pub dollars: Cash,
    /// Gross exposure of the lots that have a target.
    pub covered_exposure: Cash,
    /// How many these are.
    pub positions_with_targets: usize,
    /// Options among them that were valued at their intrinsic value only.
    pub intrinsic_only: usize,
}

/// A group of lots and what it would earn.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct GroupReturns {
    /// Gross exposure of the group's lots that have a price.
    pub gross_exposure: Cash,
    /// How many lots it has.
    pub positions: usize,
    /// Gross exposure of the lots that have a target of any horizon.
    pub covered_exposure: Cash,
    /// How many these are.
    pub positions_with_targets: usize,
    /// At the end of the year.
    pub eoy: HorizonReturns,
    /// At the end of the next year.
    pub next_year: HorizonReturns,
    /// If it goes badly.
    pub downside: HorizonReturns,
}

/// What a portfolio would earn. Every lot is in exactly one group, so that the groups add up to the total.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TargetReturns {
    /// The equity of the date.
    pub equity: Option<Cash>,
    /// The last date until this one on which a target was said; none where there is no target.
    pub last_revision_date: Option<Date>,
    /// PUBLIC lots that are held.
    pub longs: GroupReturns,
    /// PUBLIC lots that are owed.
    pub shorts: GroupReturns,
    /// Options.
    pub options: GroupReturns,
    /// PRIVATE lots.
    pub rest: GroupReturns,
    /// All lots.
    pub total: GroupReturns,
}

impl GroupReturns {
    /// The returns of one horizon.
    pub const fn at(&self, horizon: Horizon) -> &HorizonReturns {
        match horizon {
            Horizon::Eoy => &self.eoy,
            Horizon::NextYear => &self.next_year,
            Horizon::Downside => &self.downside,
        }
    }

    const fn at_mut(&mut self, horizon: Horizon) -> &mut HorizonReturns {
        match horizon {
            Horizon::Eoy => &mut self.eoy,
            Horizon::NextYear => &mut self.next_year,
            Horizon::Downside => &mut self.downside,
        }
    }

    /// What its lots with a target would earn; none where no lot has one: that is unknown, not zero.
    pub fn earned(&self, horizon: Horizon) -> Option<Cash> {
        let returns = self.at(horizon);
        (returns.positions_with_targets > 0).then_some(returns.dollars)
    }

    /// The same as a fraction of the exposure of all its lots; none where that is zero.
    pub fn return_on_group(&self, horizon: Horizon) -> Option<f64> {
        ratio(self.earned(horizon)?, self.gross_exposure)
    }

    /// The same as a fraction of the exposure of those with a target.
    pub fn return_on_covered(&self, horizon: Horizon) -> Option<f64> {
        ratio(self.earned(horizon)?, self.at(horizon).covered_exposure)
    }

    /// The exposure with a target of this horizon as a fraction of all of it.
    pub fn coverage(&self, horizon: Horizon) -> Option<f64> {
        ratio(self.at(horizon).covered_exposure, self.gross_exposure)
    }

    /// What it would earn as a fraction of the portfolio's equity; none where that is unknown, zero or negative.
    pub fn contribution(&self, horizon: Horizon, equity: Option<Cash>) -> Option<f64> {
        ratio(self.earned(horizon)?, equity?)
    }

    fn add(&mut self, lot: &LotReturns) {
        self.positions += 1;
        self.gross_exposure += lot.exposure;
        if !lot.gains.is_empty() {
            self.covered_exposure += lot.exposure;
            self.positions_with_targets += 1;
        }
        for (horizon, gain) in &lot.gains {
            let returns = self.at_mut(*horizon);
            returns.dollars += gain.dollars;
            returns.covered_exposure += lot.exposure;
            returns.positions_with_targets += 1;
            returns.intrinsic_only += usize::from(gain.is_intrinsic);
        }
    }
}

impl AddAssign for HorizonReturns {
    fn add_assign(&mut self, other: Self) {
        self.dollars += other.dollars;
        self.covered_exposure += other.covered_exposure;
        self.positions_with_targets += other.positions_with_targets;
        self.intrinsic_only += other.intrinsic_only;
    }
}

impl AddAssign for GroupReturns {
    fn add_assign(&mut self, other: Self) {
        self.gross_exposure += other.gross_exposure;
        self.positions += other.positions;
        self.covered_exposure += other.covered_exposure;
        self.positions_with_targets += other.positions_with_targets;
        self.eoy += other.eoy;
        self.next_year += other.next_year;
        self.downside += other.downside;
    }
}

impl TargetReturns {
    /// Adds the lots of another portfolio; equity is not theirs to say.
    pub fn add_lots(&mut self, other: &Self) {
        self.last_revision_date = self.last_revision_date.max(other.last_revision_date);
        self.longs += other.longs;
        self.shorts += other.shorts;
        self.options += other.options;
        self.rest += other.rest;
        self.total += other.total;
    }
}

/// One lot: its exposure, and what it would earn at the horizons that have a target.
struct LotReturns {
    target: Option<TargetId>,
    exposure: Cash,
    gains: Vec<(Horizon, Gain)>,
}

struct Gain {
    dollars: Cash,
    is_intrinsic: bool,
}

impl Portfolio {
    /// What the lots of a date would earn by the targets of that date.
    pub fn target_returns(
        &self,
        values: &[LotValue<'_>],
        date: Date,
        equity: Option<Cash>,
        option_value: OptionValue<'_>,
    ) -> TargetReturns {
        let targets = Targets::of(self, date);
        let last_revision_date = self.targets.values().filter_map(|target| target.said_on(date)).max();
        let mut returns = TargetReturns { equity, last_revision_date, ..TargetReturns::default() };
        for value in values {
            let lot = lot_returns(value, &targets, option_value);
            returns.total.add(&lot);
            let terms = &value.lot.terms;
            match terms.investment_class {
                InvestmentClass::Public if terms.position_type.is_long() => returns.longs.add(&lot),
                InvestmentClass::Public => returns.shorts.add(&lot),
                InvestmentClass::Options => returns.options.add(&lot),
                InvestmentClass::Private => returns.rest.add(&lot),
            }
        }
        returns
    }

    /// What the lots that each target of a date is for would earn; nothing where there is no such lot.
    pub fn returns_by_target(
        &self,
        values: &[LotValue<'_>],
        date: Date,
        option_value: OptionValue<'_>,
    ) -> BTreeMap<TargetId, GroupReturns> {
        let targets = Targets::of(self, date);
        let mut by_target: BTreeMap<TargetId, GroupReturns> =
            targets.0.values().map(|(id, _)| (*id, GroupReturns::default())).collect();
        for value in values {
            let lot = lot_returns(value, &targets, option_value);
            if let Some(returns) = lot.target.and_then(|id| by_target.get_mut(&id)) {
                returns.add(&lot);
            }
        }
        by_target
    }
}

fn lot_returns(value: &LotValue<'_>, targets: &Targets<'_>, option_value: OptionValue<'_>) -> LotReturns {
    let terms = &value.lot.terms;
    let (target, targets) = targets.of_lot(terms).unzip();
    // Without a price there is neither exposure nor anything to compare a target with.
    let Ok(now) = &value.worth else {
        return LotReturns { target, exposure: Cash::ZERO, gains: Vec::new() };
    };
    let exposure = now.market_value.abs();
    let Some(targets) = targets else {
        return LotReturns { target, exposure, gains: Vec::new() };
    };
    let gain = |horizon: Horizon| {
        let target = horizon.of(targets)?;
        let (then, is_intrinsic) = match &terms.option {
            None => (target, false),
            Some(contract) => match option_value(contract, target, horizon) {
                Some(then) => (then, false),
                None => (intrinsic(contract, target), true),
            },
        };
        let dollars = worth(value.quantity, then - now.price.price, terms.multiplier);
        Some((horizon, Gain { dollars, is_intrinsic }))
    };
    LotReturns { target, exposure, gains: Horizon::ALL.iter().copied().filter_map(gain).collect() }
}

/// The targets of a date by what they are of.
struct Targets<'a>(BTreeMap<(&'a PositionSymbol, PositionType), (TargetId, &'a TargetPrices)>);

impl<'a> Targets<'a> {
    fn of(portfolio: &'a Portfolio, date: Date) -> Self {
        let on_date = portfolio.targets.iter().filter_map(|(id, target)| {
            let prices = target.prices_on(date)?;
            Some(((&target.symbol, target.position_type), (*id, prices)))
        });
        Self(on_date.collect())
    }

    /// The targets of a lot's symbol and type; of options also those of the underlying and the option's type.
    fn of_lot(&self, terms: &LotTerms) -> Option<(TargetId, &'a TargetPrices)> {
        let position_type = terms.position_type;
        let own = self.0.get(&(&terms.symbol, position_type)).copied();
        own.or_else(|| {
            let underlying = PositionSymbol::from(&terms.option.as_ref()?.underlying);
            self.0.get(&(&underlying, position_type)).copied()
        })
    }
}

/// What exercising would bring.
fn intrinsic(contract: &OptionContract, underlying: Price) -> Price {
    let gain = match contract.right {
        OptionRight::Call => underlying - contract.strike,
        OptionRight::Put => contract.strike - underlying,
    };
    gain.max(Price::ZERO)
}

fn ratio(part: Cash, whole: Cash) -> Option<f64> {
    whole.is_positive().then(|| part.to_f64() / whole.to_f64())
}
