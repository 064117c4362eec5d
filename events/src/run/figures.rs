//! The exact figures of a run: value, drawdown, profit, counts. Statistics are made of them elsewhere.

use serde::{Deserialize, Serialize};

use crate::money::divide_half_even;
use crate::policy::fraction;
use crate::{Cash, Rate};

/// The value of the account at the close of a bar.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct EquityPoint {
    /// Bar of the run, 0 being the one that opened the account.
    pub bar: u32,
    /// Cash and positions.
    pub value: Cash,
}

/// A fall from a peak to a trough.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Drawdown {
    /// Where it began.
    pub peak: EquityPoint,
    /// Its lowest point.
    pub trough: EquityPoint,
}

impl Drawdown {
    /// The fall as a fraction of the peak, rounded half to even.
    pub fn rate(&self) -> Rate {
        rate_of(self.peak.value - self.trough.value, self.peak.value)
    }

    /// Whether this fall is deeper than `other`, compared exactly.
    pub fn is_deeper_than(&self, other: &Self) -> bool {
        let depth =
            |it: &Self| ((it.peak.value - it.trough.value).units().max(0), it.peak.value.units().max(1));
        fraction::compare(depth(self), depth(other)).is_gt()
    }
}

/// How often things happened in a run.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts {
    /// Executed purchases.
    pub buys: u64,
    /// Executed sales.
    pub sells: u64,
    /// Refused orders.
    pub refusals: u64,
    /// Bars after the first in which nothing was executed.
    pub holds: u64,
}

/// The figures of a run up to its last closed bar.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunFigures {
    /// Closed bars, the one that opened the account included.
    pub bars: u32,
    /// Ledger records.
    pub records: u64,
    /// Cash with which the account was opened.
    pub initial_cash: Cash,
    /// Cash at the end.
    pub cash: Cash,
    /// Cash and positions at the end.
    pub value: Cash,
    /// `value / initial_cash - 1`, rounded half to even to eight decimals.
    #[serde(rename = "return")]
    pub total_return: Rate,
    /// The deepest fall; `None` when the value never fell below a peak.
    pub max_drawdown: Option<Drawdown>,
    /// Profit of what was closed: average cost, fees included; less interest and borrow fees.
    pub realised_pnl: Cash,
    /// Profit of what is held; unless an account was adjusted, realised and open profit add up to the change in value
    /// exactly.
    pub open_pnl: Cash,
    /// Change of cash and of the cost of what is held that nobody decided: adjustments of an imported account. With
    /// realised and open profit it adds up to the change in value exactly.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub adjustments: Cash,
    /// Fees paid.
    pub fees: Cash,
    /// Value of all executions.
    pub traded: Cash,
    /// How often things happened.
    pub counts: Counts,
}

fn is_zero(amount: &Cash) -> bool {
    amount.is_zero()
}

/// `part / whole` rounded half to even to the decimals of a rate; zero for a whole of zero.
pub(super) fn rate_of(part: Cash, whole: Cash) -> Rate {
    if whole.is_zero() {
        return Rate::ZERO;
    }
    let scaled = part.units().saturating_mul(10_i128.pow(Rate::SCALE));
    let units = divide_half_even(scaled, whole.units());
    let bound = if units < 0 { i64::MIN } else { i64::MAX };
    Rate::from_units(i64::try_from(units).unwrap_or(bound))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rate_rounds_half_to_even_on_both_sides_of_zero() {
        let rate = |part: i128, whole: i128| rate_of(Cash::from_units(part), Cash::from_units(whole)).units();
        assert_eq!((rate(1, 3), rate(2, 3)), (33_333_333, 66_666_667));
        assert_eq!((rate(-1, 3), rate(-2, 3)), (-33_333_333, -66_666_667));
        assert_eq!((rate(1, 200_000_000), rate(3, 200_000_000), rate(-3, 200_000_000)), (0, 2, -2));
        assert_eq!((rate(1, 0), rate(i128::MAX / 2, 1)), (0, i64::MAX));
    }

    #[test]
    fn the_deeper_of_two_falls_is_the_larger_fraction_not_the_larger_amount() {
        let point = |value: i64| EquityPoint { bar: 0, value: Cash::whole(value).unwrap() };
        let fall = |peak, trough| Drawdown { peak: point(peak), trough: point(trough) };
        assert!(fall(100, 80).is_deeper_than(&fall(1_000, 850)));
        assert!(!fall(100, 80).is_deeper_than(&fall(10, 8)));
    }
}
