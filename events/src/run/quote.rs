//! At which price an order executes in a bar.

use super::{PriceRule, RunSnapshot};
use crate::market::Bar;
use crate::policy::{OrderKind, Side};
use crate::{Cash, Price, Quantity};

/// The price of an execution, before and after slippage.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Quote {
    /// From which price of the bar it follows.
    pub rule: PriceRule,
    /// Before slippage; for a recorded execution the open of the bar.
    pub reference: Price,
    /// After slippage; for a recorded execution the recorded price.
    pub executed: Price,
}

impl Quote {
    /// The quote of `reference` under `rule`, moved against the trader where the rule says so.
    pub fn slipped(rule: PriceRule, reference: Price, side: Side, snapshot: &RunSnapshot) -> Self {
        let executed = match (rule.slips(), side) {
            (false, _) => reference,
            (true, Side::Buy) => reference.moved(snapshot.slippage_rate),
            (true, Side::Sell) => reference.moved(-snapshot.slippage_rate),
        };
        Self { rule, reference, executed }
    }

    /// The quote of a recorded execution.
    pub const fn recorded(open: Price, price: Price) -> Self {
        Self { rule: PriceRule::Recorded, reference: open, executed: price }
    }

    /// What `quantity` is worth at this quote, and the fee.
    pub fn value_and_fee(&self, quantity: Quantity, snapshot: &RunSnapshot) -> (Cash, Cash) {
        let value = Cash::of(quantity, self.executed);
        (value, value.share(snapshot.commission_rate))
    }
}

/// The rule and price at which a waiting limit or stop order executes at the open of a bar: the bar opened at its
/// price or beyond.
pub(super) fn reached_at_open(kind: OrderKind, side: Side, open: Price) -> Option<(PriceRule, Price)> {
    let (rule, reached) = match (kind, side) {
        (OrderKind::Limit { limit_price, .. }, Side::Buy) => (PriceRule::LimitAtOpen, open <= limit_price),
        (OrderKind::Limit { limit_price, .. }, Side::Sell) => (PriceRule::LimitAtOpen, open >= limit_price),
        (OrderKind::Stop { stop_price, .. }, Side::Buy) => (PriceRule::StopAtOpen, open >= stop_price),
        (OrderKind::Stop { stop_price, .. }, Side::Sell) => (PriceRule::StopAtOpen, open <= stop_price),
        (OrderKind::Market | OrderKind::Recorded { .. }, _) => return None,
    };
    reached.then_some((rule, open))
}

/// The rule and price at which a waiting limit or stop order executes within a complete bar whose open did not
/// reach it.
pub(super) fn reached_in_range(kind: OrderKind, side: Side, bar: Bar) -> Option<(PriceRule, Price)> {
    if reached_at_open(kind, side, bar.open).is_some() {
        return None;
    }
    let (rule, price, reached) = match (kind, side) {
        (OrderKind::Limit { limit_price, .. }, Side::Buy) => {
            (PriceRule::LimitReached, limit_price, bar.low <= limit_price)
        }
        (OrderKind::Limit { limit_price, .. }, Side::Sell) => {
            (PriceRule::LimitReached, limit_price, bar.high >= limit_price)
        }
        (OrderKind::Stop { stop_price, .. }, Side::Buy) => {
            (PriceRule::StopReached, stop_price, bar.high >= stop_price)
        }
        (OrderKind::Stop { stop_price, .. }, Side::Sell) => {
            (PriceRule::StopReached, stop_price, bar.low <= stop_price)
        }
        (OrderKind::Market | OrderKind::Recorded { .. }, _) => return None,
    };
    reached.then_some((rule, price))
}
