//! `builtin/mean-reversion`: buys what fell unusually far below its average, sells when it is back.

use std::cmp::Ordering;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::Rate;
use crate::policy::indicators::Indicators;
use crate::policy::sizing::{Wish, follow};
use crate::policy::{FieldError, Limits, Order, Policy, View, fraction};

/// Bars of the average and of the deviation.
pub(super) const WINDOW: Limits = Limits {
    name: "window",
    default: 20,
    min: 2,
    max: 1_000,
    meaning: "bars of the average and of the deviation",
};

/// The largest z-score that may be asked for.
const Z_MAX: Rate = Rate::from_units(1_000_000_000);

/// Parameters of `builtin/mean-reversion`. A z-score is the distance of the newest close from the average of the
/// window, in sample deviations of the window.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct MeanReversionParameters {
    /// Bars of the average and of the deviation: 2 to 1,000, default 20.
    pub window: u32,
    /// Buys below minus this z-score: above 0, up to 10, a decimal string, default "2".
    pub entry_z: Rate,
    /// Sells at or above minus this z-score: 0 or more, below `entry_z`, a decimal string, default "0".
    pub exit_z: Rate,
}

impl Default for MeanReversionParameters {
    fn default() -> Self {
        Self { window: WINDOW.default, entry_z: Rate::from_units(200_000_000), exit_z: Rate::ZERO }
    }
}

impl MeanReversionParameters {
    pub(in crate::policy) fn check(&self, errors: &mut Vec<FieldError>) {
        WINDOW.check(self.window, errors);
        if !self.entry_z.is_positive() || self.entry_z > Z_MAX {
            let message = format!("must be above 0 and at most {Z_MAX}, not {}", self.entry_z);
            errors.push(FieldError::new("entry_z", "out_of_range", message));
        }
        if self.exit_z.is_negative() || self.exit_z >= self.entry_z {
            let message =
                format!("must be 0 or more and below entry_z ({}), not {}", self.entry_z, self.exit_z);
            errors.push(FieldError::new("exit_z", "out_of_range", message));
        }
    }
}

/// Per symbol: buys an equal slot of the account below -entry_z, sells all at or above -exit_z.
#[derive(Debug)]
pub(in crate::policy) struct MeanReversion {
    window: u32,
    entry_z: Rate,
    exit_z: Rate,
    indicators: Arc<Indicators>,
}

impl MeanReversion {
    pub(in crate::policy) fn new(parameters: MeanReversionParameters, indicators: Arc<Indicators>) -> Self {
        let MeanReversionParameters { window, entry_z, exit_z } = parameters;
        Self { window, entry_z, exit_z, indicators }
    }

    /// How far below its average the newest close is: the square of its z-score as an exact fraction, zero when it is
    /// not below; `None` when there are too few closes or they do not vary.
    fn squared_depth(&self, view: &View<'_>, column: usize) -> Option<(i128, i128)> {
        let bars = i128::from(self.window);
        let moments = self.indicators.moments(view, column, usize::try_from(self.window).ok()?)?;
        // z = (c - S/n) / sqrt((nQ - S²) / (n(n-1))), so z² = (nc - S)² (n-1) / (n (nQ - S²)).
        let variation = bars * (bars * moments.squares - moments.sum * moments.sum);
        if variation <= 0 {
            return None;
        }
        let below = (moments.sum - bars * moments.newest).max(0);
        Some((below.checked_mul(below)?.checked_mul(bars - 1)?, variation))
    }
}

fn compare_with(depth: (i128, i128), z: Rate) -> Ordering {
    let (z, one) = (i128::from(z.units()), 10_i128.pow(Rate::SCALE));
    fraction::compare(depth, (z * z, one * one))
}

impl Policy for MeanReversion {
    fn propose(&self, view: &View<'_>, orders: &mut Vec<Order>) {
        let wish = |column| match self.squared_depth(view, column) {
            Some(depth) if compare_with(depth, self.entry_z).is_gt() => Wish::Enter,
            Some(depth) if compare_with(depth, self.exit_z).is_le() => Wish::Leave,
            Some(_) | None => Wish::Stay,
        };
        follow(view, wish, orders);
    }
}
