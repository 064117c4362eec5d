//! `builtin/momentum`: the symbols that rose most, in equal parts.

use serde::{Deserialize, Serialize};

use super::REBALANCE_BARS;
use super::equal_weight::is_due;
use crate::Quantity;
use crate::policy::sizing::{rebalance, slot};
use crate::policy::{FieldError, Limits, Order, Policy, View, fraction};

/// Bars over which the rise is measured.
pub(super) const LOOKBACK: Limits = Limits {
    name: "lookback",
    default: 126,
    min: 1,
    max: 10_000,
    meaning: "bars over which the rise is measured",
};

/// Newest bars left out of the measurement.
pub(super) const SKIP: Limits = Limits {
    name: "skip",
    default: 21,
    min: 0,
    max: 10_000,
    meaning: "newest bars left out of the measurement",
};

/// How many symbols are held.
pub(super) const TOP: Limits =
    Limits { name: "top", default: 5, min: 1, max: 1_000, meaning: "how many symbols are held" };

/// Parameters of `builtin/momentum`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct MomentumParameters {
    /// Bars over which the rise is measured: 1 to 10,000, default 126.
    pub lookback: u32,
    /// Newest bars left out of the measurement: 0 to 10,000, default 21.
    pub skip: u32,
    /// How many symbols are held: 1 to 1,000, default 5.
    pub top: u32,
    /// Bars between two rebalancings: 1 to 1,000,000, default 21.
    pub rebalance_bars: u32,
}

impl Default for MomentumParameters {
    fn default() -> Self {
        Self {
            lookback: LOOKBACK.default,
            skip: SKIP.default,
            top: TOP.default,
            rebalance_bars: REBALANCE_BARS.default,
        }
    }
}

impl MomentumParameters {
    pub(in crate::policy) fn check(&self, errors: &mut Vec<FieldError>) {
        LOOKBACK.check(self.lookback, errors);
        SKIP.check(self.skip, errors);
        TOP.check(self.top, errors);
        REBALANCE_BARS.check(self.rebalance_bars, errors);
    }
}

/// Ranks by close(skip bars ago) / close(lookback bars before that); ties go to the symbol that comes first.
#[derive(Debug)]
pub(in crate::policy) struct Momentum {
    parameters: MomentumParameters,
}

impl Momentum {
    pub(in crate::policy) fn new(parameters: MomentumParameters) -> Self {
        Self { parameters }
    }

    fn rise(&self, view: &View<'_>, column: usize) -> Option<(i128, i128)> {
        view.price_now(column)?;
        let skip = usize::try_from(self.parameters.skip).ok()?;
        let lookback = usize::try_from(self.parameters.lookback).ok()?;
        let newer = view.close_back(column, skip)?;
        let older = view.close_back(column, skip.checked_add(lookback)?)?;
        Some((newer.units().into(), older.units().into()))
    }
}

impl Policy for Momentum {
    fn propose(&self, view: &View<'_>, orders: &mut Vec<Order>) {
        if !is_due(view, self.parameters.rebalance_bars) {
            return;
        }
        let columns = || view.universe().iter().copied();
        let mut ranked: Vec<_> =
            columns().filter_map(|column| Some((column, self.rise(view, column)?))).collect();
        if ranked.is_empty() {
            return;
        }
        // A stable sort keeps ties in the order of the symbols.
        ranked.sort_by(|left, right| fraction::compare(right.1, left.1));
        let top = usize::try_from(self.parameters.top).unwrap_or(usize::MAX);
        ranked.truncate(top);
        let slot = slot(view.equity_now(), top.min(view.universe().len()));
        let target = |column: usize| {
            let chosen = ranked.iter().any(|(winner, _)| *winner == column);
            if chosen { view.affordable(column, slot) } else { Quantity::ZERO }
        };
        let targets: Vec<_> = columns().map(|column| (column, target(column))).collect();
        rebalance(view, &targets, orders);
    }
}
