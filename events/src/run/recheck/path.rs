//! Orders whose fill depends on more than the bar in which they fill: the bars since their acceptance are walked again.

use super::fill::Place;
use crate::Price;
use crate::policy::{OrderKind, Side};
use crate::run::PriceRule;

/// Prices as a trader on one side sees them: larger is worse for a purchase, smaller for a sale.
#[derive(Debug, Clone, Copy)]
struct Seen {
    open: Price,
    best: Price,
    worst: Price,
}

/// Where a fill must be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Reached {
    /// The bar in the calendar.
    pub index: usize,
    /// The rule of its price.
    pub rule: PriceRule,
    /// The price before slippage.
    pub price: Price,
}

/// Where an order of this kind, accepted in the bar `accepted` of the calendar, fills first, up to the bar of `place`;
/// `None` for one that does not, or whose kind needs no walk.
pub(super) fn first_reached(
    place: Place<'_>,
    kind: OrderKind,
    side: Side,
    accepted: usize,
) -> Option<Reached> {
    let mut triggered = false;
    let mut best = known_at(place, accepted)?;
    for index in accepted + 1..=place.index {
        let Some(seen) = seen_at(place, side, index) else { continue };
        let at_open = |rule| Some((rule, seen.open));
        let found = match kind {
            OrderKind::Oco { limit_price, stop_price, .. } => {
                if good(side, seen.open, limit_price) {
                    at_open(PriceRule::LimitAtOpen)
                } else if bad(side, seen.open, stop_price) {
                    at_open(PriceRule::StopAtOpen)
                } else if bad(side, seen.worst, stop_price) {
                    Some((PriceRule::StopReached, stop_price))
                } else {
                    good(side, seen.best, limit_price).then_some((PriceRule::LimitReached, limit_price))
                }
            }
            OrderKind::TrailingStop { trail, .. } => {
                let behind = trail.stop(best, side);
                let ahead = trail.stop(better(side, best, seen.open), side);
                if bad(side, seen.open, behind) {
                    at_open(PriceRule::StopAtOpen)
                } else {
                    bad(side, seen.worst, ahead).then_some((PriceRule::StopReached, ahead))
                }
            }
            OrderKind::StopLimit { stop_price, limit_price, .. } => {
                let opened = triggered || bad(side, seen.open, stop_price);
                if opened && good(side, seen.open, limit_price) {
                    at_open(if triggered { PriceRule::LimitAtOpen } else { PriceRule::StopLimitAtOpen })
                } else if opened {
                    good(side, seen.best, limit_price).then_some((PriceRule::LimitReached, limit_price))
                } else {
                    let reached = bad(side, seen.worst, stop_price) && good(side, stop_price, limit_price);
                    reached.then_some((PriceRule::StopLimitReached, stop_price))
                }
            }
            OrderKind::Market
            | OrderKind::Limit { .. }
            | OrderKind::Stop { .. }
            | OrderKind::Bracket { .. }
            | OrderKind::Recorded { .. } => return None,
        };
        if let Some((rule, price)) = found {
            return Some(Reached { index, rule, price });
        }
        if let OrderKind::StopLimit { stop_price, .. } = kind {
            triggered |= bad(side, seen.worst, stop_price);
        }
        best = better(side, best, seen.best);
    }
    None
}

/// The price of the symbol that was known when an order was accepted.
fn known_at(place: Place<'_>, accepted: usize) -> Option<Price> {
    let close = place.columns.close_at(accepted).filter(|_| place.snapshot.fill_rule.sees_complete_bar());
    close.or_else(|| place.columns.open_at(accepted))
}

fn seen_at(place: Place<'_>, side: Side, index: usize) -> Option<Seen> {
    let open = place.columns.open_at(index)?;
    let bar = place.columns.bar_at(index);
    let (low, high) = bar.map_or((open, open), |bar| (bar.low.min(open), bar.high.max(open)));
    let (best, worst) = match side {
        Side::Buy => (low, high),
        Side::Sell => (high, low),
    };
    Some(Seen { open, best, worst })
}

fn better(side: Side, one: Price, other: Price) -> Price {
    match side {
        Side::Buy => one.min(other),
        Side::Sell => one.max(other),
    }
}

fn good(side: Side, price: Price, limit: Price) -> bool {
    better(side, price, limit) == price
}

fn bad(side: Side, price: Price, stop: Price) -> bool {
    better(side, price, stop) == stop
}
