//! `builtin/equal-weight`: the account in equal parts, brought back to them at regular distances.

use serde::{Deserialize, Serialize};

use super::REBALANCE_BARS;
use crate::policy::sizing::{rebalance, slot};
use crate::policy::{FieldError, Order, Policy, View};

/// Parameters of `builtin/equal-weight`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct EqualWeightParameters {
    /// Bars between two rebalancings: 1 to 1,000,000, default 21.
    pub rebalance_bars: u32,
}

impl Default for EqualWeightParameters {
    fn default() -> Self {
        Self { rebalance_bars: REBALANCE_BARS.default }
    }
}

impl EqualWeightParameters {
    pub(in crate::policy) fn check(&self, errors: &mut Vec<FieldError>) {
        REBALANCE_BARS.check(self.rebalance_bars, errors);
    }
}

/// Every symbol that trades now, or is held, gets an equal slot of the account.
#[derive(Debug)]
pub(in crate::policy) struct EqualWeight {
    parameters: EqualWeightParameters,
}

impl EqualWeight {
    pub(in crate::policy) fn new(parameters: EqualWeightParameters) -> Self {
        Self { parameters }
    }
}

impl Policy for EqualWeight {
    fn propose(&self, view: &View<'_>, orders: &mut Vec<Order>) {
        if !is_due(view, self.parameters.rebalance_bars) {
            return;
        }
        let columns = || view.universe().iter().copied();
        let takes_part =
            |column: &usize| view.price_now(*column).is_some() || view.position(*column).is_positive();
        let slot = slot(view.equity_now(), columns().filter(takes_part).count());
        let targets: Vec<_> = columns().map(|column| (column, view.affordable(column, slot))).collect();
        rebalance(view, &targets, orders);
    }
}

/// Whether this bar is one of the first decision and every `bars` after it.
pub(super) fn is_due(view: &View<'_>, bars: u32) -> bool {
    let every = usize::try_from(bars).unwrap_or(usize::MAX).max(1);
    view.bar().saturating_sub(1).is_multiple_of(every)
}
