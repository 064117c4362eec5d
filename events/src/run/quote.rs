//! At which price an order executes in a bar.

use super::watch::Watch;
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

    /// This quote, moved by slippage no further than the limit of a stop-limit order.
    pub fn within_limit_of(mut self, kind: OrderKind, side: Side) -> Self {
        if let OrderKind::StopLimit { limit_price, .. } = kind {
            self.executed = match side {
                Side::Buy => self.executed.min(limit_price),
                Side::Sell => self.executed.max(limit_price),
            };
        }
        self
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

/// The rule and price at which a waiting order executes at the open of a bar: the bar opened at its price or beyond.
pub(super) fn reached_at_open(
    kind: OrderKind,
    side: Side,
    open: Price,
    watch: Watch,
) -> Option<(PriceRule, Price)> {
    let rule = match kind {
        OrderKind::Limit { limit_price, .. }
        | OrderKind::Bracket { entry_limit_price: Some(limit_price), .. } => {
            within_limit(side, open, limit_price).then_some(PriceRule::LimitAtOpen)
        }
        OrderKind::Stop { stop_price, .. } => {
            beyond_stop(side, open, stop_price).then_some(PriceRule::StopAtOpen)
        }
        OrderKind::StopLimit { stop_price, limit_price, .. } => {
            let rule = match watch.triggered {
                true => Some(PriceRule::LimitAtOpen),
                false => beyond_stop(side, open, stop_price).then_some(PriceRule::StopLimitAtOpen),
            };
            rule.filter(|_| within_limit(side, open, limit_price))
        }
        OrderKind::TrailingStop { trail, .. } => {
            beyond_stop(side, open, trail.stop(watch.best, side)).then_some(PriceRule::StopAtOpen)
        }
        OrderKind::Oco { limit_price, stop_price, .. } => {
            let limit = within_limit(side, open, limit_price).then_some(PriceRule::LimitAtOpen);
            limit.or(beyond_stop(side, open, stop_price).then_some(PriceRule::StopAtOpen))
        }
        OrderKind::Market
        | OrderKind::Bracket { entry_limit_price: None, .. }
        | OrderKind::Recorded { .. } => None,
    };
    rule.map(|rule| (rule, open))
}

/// The rule and price at which a waiting order executes within a complete bar at whose open it did not.
pub(super) fn reached_in_range(
    kind: OrderKind,
    side: Side,
    bar: Bar,
    watch: Watch,
) -> Option<(PriceRule, Price)> {
    if reached_at_open(kind, side, bar.open, watch).is_some() {
        return None;
    }
    let (best, worst) = match side {
        Side::Buy => (bar.low, bar.high),
        Side::Sell => (bar.high, bar.low),
    };
    let limit = |price| within_limit(side, best, price).then_some((PriceRule::LimitReached, price));
    let stop = |price| beyond_stop(side, worst, price).then_some((PriceRule::StopReached, price));
    match kind {
        OrderKind::Limit { limit_price, .. }
        | OrderKind::Bracket { entry_limit_price: Some(limit_price), .. } => limit(limit_price),
        OrderKind::Stop { stop_price, .. } => stop(stop_price),
        OrderKind::StopLimit { stop_price, limit_price, .. } => {
            // What the range has after its open is certain; whether it has it after reaching the stop is not.
            if watch.triggered || beyond_stop(side, bar.open, stop_price) {
                return limit(limit_price);
            }
            stop(stop_price)
                .filter(|_| within_limit(side, stop_price, limit_price))
                .map(|(_, price)| (PriceRule::StopLimitReached, price))
        }
        OrderKind::TrailingStop { trail, .. } => {
            let best = match side {
                Side::Buy => watch.best.min(bar.open),
                Side::Sell => watch.best.max(bar.open),
            };
            stop(trail.stop(best, side))
        }
        OrderKind::Oco { limit_price, stop_price, .. } => stop(stop_price).or(limit(limit_price)),
        OrderKind::Market
        | OrderKind::Bracket { entry_limit_price: None, .. }
        | OrderKind::Recorded { .. } => None,
    }
}

/// Whether `price` is `limit` or better.
fn within_limit(side: Side, price: Price, limit: Price) -> bool {
    match side {
        Side::Buy => price <= limit,
        Side::Sell => price >= limit,
    }
}

/// Whether `price` is `stop` or worse.
fn beyond_stop(side: Side, price: Price, stop: Price) -> bool {
    match side {
        Side::Buy => price >= stop,
        Side::Sell => price <= stop,
    }
}
