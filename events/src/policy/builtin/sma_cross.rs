//! `builtin/sma-cross`: long while the fast moving average is above the slow one.

use std::cmp::Ordering;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::policy::indicators::Indicators;
use crate::policy::sizing::{Wish, follow};
use crate::policy::{FieldError, Limits, Order, Policy, View};

/// Bars of the fast average.
pub(super) const FAST: Limits =
    Limits { name: "fast", default: 10, min: 1, max: 10_000, meaning: "bars of the fast average" };

/// Bars of the slow average.
pub(super) const SLOW: Limits = Limits {
    name: "slow",
    default: 50,
    min: 2,
    max: 10_000,
    meaning: "bars of the slow average, more than fast",
};

/// Parameters of `builtin/sma-cross`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SmaCrossParameters {
    /// Bars of the fast average: 1 to 10,000, default 10.
    pub fast: u32,
    /// Bars of the slow average: 2 to 10,000 and more than `fast`, default 50.
    pub slow: u32,
}

impl Default for SmaCrossParameters {
    fn default() -> Self {
        Self { fast: FAST.default, slow: SLOW.default }
    }
}

impl SmaCrossParameters {
    pub(in crate::policy) fn check(&self, errors: &mut Vec<FieldError>) {
        FAST.check(self.fast, errors);
        SLOW.check(self.slow, errors);
        if self.fast >= self.slow {
            let message = format!("must be below slow ({}), not {}", self.slow, self.fast);
            errors.push(FieldError::new("fast", "out_of_range", message));
        }
    }
}

/// Per symbol: buys an equal slot of the account when fast is above slow, sells all when it is below.
#[derive(Debug)]
pub(in crate::policy) struct SmaCross {
    fast: usize,
    slow: usize,
    indicators: Arc<Indicators>,
}

impl SmaCross {
    pub(in crate::policy) fn new(parameters: SmaCrossParameters, indicators: Arc<Indicators>) -> Self {
        let bars = |number: u32| usize::try_from(number).unwrap_or(usize::MAX);
        Self { fast: bars(parameters.fast), slow: bars(parameters.slow), indicators }
    }

    /// How the fast average compares with the slow one, exactly; `None` before there are enough closes.
    fn signal(&self, view: &View<'_>, column: usize) -> Option<Ordering> {
        let fast_sum = self.indicators.window_sum(view, column, self.fast)?;
        let slow_sum = self.indicators.window_sum(view, column, self.slow)?;
        let times = |sum: i128, bars: usize| sum.saturating_mul(i128::try_from(bars).unwrap_or(i128::MAX));
        Some(times(fast_sum, self.slow).cmp(&times(slow_sum, self.fast)))
    }
}

impl Policy for SmaCross {
    fn propose(&self, view: &View<'_>, orders: &mut Vec<Order>) {
        let wish = |column| match self.signal(view, column) {
            Some(Ordering::Greater) => Wish::Enter,
            Some(Ordering::Less) => Wish::Leave,
            Some(Ordering::Equal) | None => Wish::Stay,
        };
        follow(view, wish, orders);
    }
}
