//! One fill against its bar, the order it belongs to and the rules of its run.

use super::difference::{Discrepancy, holds, same};
use super::path::first_reached;
use crate::market::Columns;
use crate::policy::{FillRule, OrderKind, RestingOrder, Side};
use crate::run::{OrderFilled, PriceRule, RunSnapshot};
use crate::{Cash, Price};

/// The place of a fill: its symbol's prices, and the bar in their calendar.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place<'a> {
    pub snapshot: &'a RunSnapshot,
    pub columns: &'a Columns,
    pub index: usize,
    /// Bars before the run in the calendar.
    pub warmup: usize,
}

/// The reference price must be the bar's, by the rule of the order; the executed price must follow from it.
pub(super) fn check_price(
    place: Place<'_>,
    filled: &OrderFilled,
    resting: Option<&RestingOrder>,
) -> Result<(), Discrepancy> {
    check_range(place, filled.reference_price)?;
    let expected = match resting {
        Some(resting) => waited(place, filled, resting)?,
        None => {
            check_immediate(place, filled)?;
            reference(place, filled, OrderKind::Market)?
        }
    };
    same("reference_price", filled.reference_price, expected)?;
    if filled.price_rule != PriceRule::Recorded {
        let slippage = place.snapshot.slippage_rate;
        let slipped = match (filled.price_rule.slips(), filled.side) {
            (false, _) => filled.reference_price,
            (true, Side::Buy) => filled.reference_price.moved(slippage),
            (true, Side::Sell) => filled.reference_price.moved(-slippage),
        };
        let executed = match (resting.map(|resting| resting.order.kind), filled.side) {
            (Some(OrderKind::StopLimit { limit_price, .. }), Side::Buy) => slipped.min(limit_price),
            (Some(OrderKind::StopLimit { limit_price, .. }), Side::Sell) => slipped.max(limit_price),
            _ => slipped,
        };
        same("price", filled.price, executed)?;
    }
    let fee = Cash::of(filled.quantity, filled.price).share(place.snapshot.commission_rate);
    same("fee", filled.fee, fee)
}

fn check_range(place: Place<'_>, price: Price) -> Result<(), Discrepancy> {
    let open = place.columns.open_at(place.index).unwrap_or_default();
    // A bar whose open or close lies outside its high and low is still the bar that was given.
    let (low, high) = match place.columns.bar_at(place.index) {
        Some(bar) => (bar.low.min(bar.open).min(bar.close), bar.high.max(bar.open).max(bar.close)),
        None => (open, open),
    };
    if price < low || price > high {
        return Err(Discrepancy::OutsideBar { price, low, high });
    }
    Ok(())
}

fn check_immediate(place: Place<'_>, filled: &OrderFilled) -> Result<(), Discrepancy> {
    let allowed = match filled.price_rule {
        PriceRule::Open if filled.forced_by.is_some() => true,
        PriceRule::Open => place.snapshot.fill_rule == FillRule::Open,
        PriceRule::Close => place.snapshot.fill_rule == FillRule::SameClose,
        PriceRule::Recorded => place.snapshot.policy.names_prices(),
        PriceRule::LimitAtOpen
        | PriceRule::LimitReached
        | PriceRule::StopAtOpen
        | PriceRule::StopReached
        | PriceRule::StopLimitAtOpen
        | PriceRule::StopLimitReached => false,
    };
    let forced = filled.forced_by.is_none() || filled.price_rule == PriceRule::Open;
    holds(allowed && forced, "an order that did not wait fills by the run's fill rule")
}

/// The price before slippage of an order that waited; it fills in the first later bar that reaches its price.
fn waited(place: Place<'_>, filled: &OrderFilled, resting: &RestingOrder) -> Result<Price, Discrepancy> {
    let order = &resting.order;
    holds(
        resting.accepted_bar < filled.bar,
        "a waiting order fills in a bar after the one that accepted it",
    )?;
    holds(order.side.side() == filled.side, "a waiting order keeps its side")?;
    holds(order.symbol == filled.symbol, "a waiting order keeps its symbol")?;
    same("quantity", filled.quantity, order.quantity)?;
    let accepted = place.warmup + resting.accepted_bar as usize;
    let kind = match order.kind {
        OrderKind::Bracket { entry_limit_price: Some(limit_price), time_in_force, .. } => {
            OrderKind::Limit { limit_price, time_in_force }
        }
        OrderKind::Bracket { entry_limit_price: None, .. } => OrderKind::Market,
        other => other,
    };
    let first = match kind {
        OrderKind::StopLimit { .. } | OrderKind::TrailingStop { .. } | OrderKind::Oco { .. } => {
            let reached = first_reached(place, kind, filled.side, accepted);
            if let Some(reached) = reached.filter(|reached| reached.index == place.index) {
                holds(filled.price_rule == reached.rule, PRICE_RULE)?;
                return Ok(reached.price);
            }
            reached.map(|reached| reached.index)
        }
        OrderKind::Market
        | OrderKind::Limit { .. }
        | OrderKind::Stop { .. }
        | OrderKind::Bracket { .. }
        | OrderKind::Recorded { .. } => {
            (accepted + 1..=place.index).find(|index| reachable(place, kind, filled.side, *index))
        }
    };
    holds(first == Some(place.index), "a waiting order fills in the first later bar that reaches its price")?;
    reference(place, filled, kind)
}

const PRICE_RULE: &str = "the price rule names the price of the bar that it follows from";

/// Whether the bar at `index` reaches the price of a waiting order, told from the extremes of the bar alone.
fn reachable(place: Place<'_>, kind: OrderKind, side: Side, index: usize) -> bool {
    let Some(open) = place.columns.open_at(index) else { return false };
    let complete = place.columns.bar_at(index);
    let lowest = complete.map_or(open, |bar| bar.low.min(open));
    let highest = complete.map_or(open, |bar| bar.high.max(open));
    match (kind, side) {
        (OrderKind::Limit { limit_price, .. }, Side::Buy) => lowest <= limit_price,
        (OrderKind::Limit { limit_price, .. }, Side::Sell) => highest >= limit_price,
        (OrderKind::Stop { stop_price, .. }, Side::Buy) => highest >= stop_price,
        (OrderKind::Stop { stop_price, .. }, Side::Sell) => lowest <= stop_price,
        (OrderKind::Market, _) => place.snapshot.fill_rule == FillRule::NextOpen || complete.is_some(),
        (
            OrderKind::StopLimit { .. }
            | OrderKind::TrailingStop { .. }
            | OrderKind::Bracket { .. }
            | OrderKind::Oco { .. }
            | OrderKind::Recorded { .. },
            _,
        ) => false,
    }
}

/// The price before slippage that the rule of the fill gives.
fn reference(place: Place<'_>, filled: &OrderFilled, kind: OrderKind) -> Result<Price, Discrepancy> {
    let missing = || Discrepancy::rule("the symbol has such a price in the bar");
    let open = place.columns.open_at(place.index).ok_or_else(missing)?;
    let by_open = matches!(
        (filled.price_rule, kind, place.snapshot.fill_rule),
        (PriceRule::Open, OrderKind::Market, FillRule::Open | FillRule::NextOpen)
            | (PriceRule::Recorded, OrderKind::Market, _)
    );
    let by_close = matches!(
        (filled.price_rule, kind, place.snapshot.fill_rule),
        (PriceRule::Close, OrderKind::Market, FillRule::SameClose | FillRule::NextClose)
    );
    // What a run closes by itself it closes at the open.
    if by_open || filled.forced_by.is_some() {
        return Ok(open);
    }
    if by_close {
        return place.columns.close_at(place.index).ok_or_else(missing);
    }
    // Limit: the better of open and limit; stop: the worse of open and stop.
    let (price, rules) = match (kind, filled.side) {
        (OrderKind::Limit { limit_price, .. }, Side::Buy) => (open.min(limit_price), LIMIT_RULES),
        (OrderKind::Limit { limit_price, .. }, Side::Sell) => (open.max(limit_price), LIMIT_RULES),
        (OrderKind::Stop { stop_price, .. }, Side::Buy) => (open.max(stop_price), STOP_RULES),
        (OrderKind::Stop { stop_price, .. }, Side::Sell) => (open.min(stop_price), STOP_RULES),
        (
            OrderKind::Market
            | OrderKind::StopLimit { .. }
            | OrderKind::TrailingStop { .. }
            | OrderKind::Bracket { .. }
            | OrderKind::Oco { .. }
            | OrderKind::Recorded { .. },
            _,
        ) => {
            return Err(Discrepancy::rule("a market order fills by the run's fill rule"));
        }
    };
    let (at_open, reached) = rules;
    let expected = if price == open { at_open } else { reached };
    holds(filled.price_rule == expected, PRICE_RULE)?;
    Ok(price)
}

const LIMIT_RULES: (PriceRule, PriceRule) = (PriceRule::LimitAtOpen, PriceRule::LimitReached);
const STOP_RULES: (PriceRule, PriceRule) = (PriceRule::StopAtOpen, PriceRule::StopReached);
