//! Limit and stop orders: when they fill, at which price, and when they end.

use std::sync::Arc;

use super::support::{
    Row, Told, buy, columns, daily, every, flat, price, script, sell, shares, symbol, terms,
};
use crate::Interval;
use crate::market::Bars;
use crate::policy::{FillRule, Order, OrderSide};
use crate::run::{PriceRule, RunEvent, RunSnapshot};

fn limit(side: OrderSide, quantity: &str, limit_price: &str) -> Order {
    Order::limit(side, symbol("A"), shares(quantity), price(limit_price))
}

fn stop(side: OrderSide, quantity: &str, stop_price: &str) -> Order {
    Order::stop(side, symbol("A"), shares(quantity), price(stop_price))
}

fn told(rows: &[Row], slippage: &str, orders: Vec<(usize, Vec<Order>)>) -> Told {
    let bars = daily(vec![columns("A", rows)]);
    let snapshot = RunSnapshot { slippage_rate: slippage.parse().unwrap(), ..terms(&bars) };
    let policy = script(orders);
    let told = Told::completed(&snapshot, &bars, &policy);
    told.assert_rechecks(&bars, &policy);
    told
}

const FLAT: Row = Some(["100", "100", "100", "100"]);

#[test]
fn a_limit_fills_in_the_first_later_bar_that_reaches_it() {
    // Bar 1 itself falls to 80, but the order is placed at its open and waits for a later bar.
    let rows = [
        FLAT,
        Some(["100", "100", "80", "95"]),
        Some(["96", "97", "95.01", "96"]),
        Some(["96", "99", "94", "98"]),
    ];
    let told = told(&rows, "0.01", vec![(1, vec![limit(OrderSide::Buy, "1", "95")])]);
    assert_eq!(told.trades(), ["3 buy 1 A 95"], "slippage never moves a limit");
    assert_eq!(told.fills()[0].price_rule, PriceRule::LimitReached);
}

#[test]
fn a_limit_behind_a_gap_fills_at_the_better_open() {
    let rows = [FLAT, FLAT, Some(["90", "93", "89", "91"]), Some(["120", "121", "119", "120"])];
    let orders =
        vec![(1, vec![limit(OrderSide::Buy, "1", "95")]), (2, vec![limit(OrderSide::Sell, "1", "110")])];
    let told = told(&rows, "0", orders);
    assert_eq!(told.trades(), ["2 buy 1 A 90", "3 sell 1 A 120"]);
    assert_eq!(told.fills()[0].price_rule, PriceRule::LimitAtOpen);
}

#[test]
fn a_stop_fills_at_its_price_moved_by_slippage() {
    let rows = [FLAT, FLAT, Some(["100", "105", "95", "100"])];
    let orders =
        vec![(1, vec![buy("A", "1"), stop(OrderSide::Sell, "1", "96"), stop(OrderSide::Buy, "1", "104")])];
    let told = told(&rows, "0.01", orders);
    assert_eq!(told.trades(), ["1 buy 1 A 101", "2 sell 1 A 95.04", "2 buy 1 A 105.04"]);
    assert_eq!(told.fills()[1].reference_price, price("96"));
    assert_eq!(told.fills()[1].price_rule, PriceRule::StopReached);
}

#[test]
fn a_stop_behind_a_gap_fills_at_the_worse_open() {
    let rows = [FLAT, FLAT, Some(["80", "85", "79", "82"]), Some(["130", "131", "129", "130"])];
    let orders = vec![
        (1, vec![buy("A", "1"), stop(OrderSide::Sell, "1", "96")]),
        (2, vec![stop(OrderSide::Buy, "2", "110")]),
    ];
    let told = told(&rows, "0", orders);
    assert_eq!(told.trades(), ["1 buy 1 A 100", "2 sell 1 A 80", "3 buy 2 A 130"]);
    assert_eq!(told.fills()[1].price_rule, PriceRule::StopAtOpen);
}

#[test]
fn waiting_orders_fill_at_the_open_before_and_within_the_range_after_the_decision_at_the_open() {
    let rows = [FLAT, FLAT, Some(["90", "100", "85", "95"])];
    let orders = vec![
        (1, vec![limit(OrderSide::Buy, "1", "86"), limit(OrderSide::Buy, "2", "95")]),
        (2, vec![buy("A", "3")]),
    ];
    let told = told(&rows, "0", orders);
    assert_eq!(told.trades(), ["2 buy 2 A 90", "2 buy 3 A 90", "2 buy 1 A 86"]);
}

#[test]
fn a_waiting_order_that_the_account_can_no_longer_pay_is_refused_when_its_price_is_reached() {
    let rows = [FLAT, FLAT, Some(["100", "100", "90", "95"]), Some(["100", "100", "90", "95"])];
    let orders = vec![(1, vec![limit(OrderSide::Buy, "60", "95"), buy("A", "60")])];
    let told = told(&rows, "0", orders);
    assert_eq!(told.trades(), ["1 buy 60 A 100"]);
    let refused: Vec<_> =
        told.refusals().iter().map(|it| (it.bar, it.order_id.0, it.refusal.cause())).collect();
    assert_eq!(refused, [(2, 0, "insufficient_cash")]);
}

/// Three minutes late on one New York day, three early on the next; A's last bar of the first day is missing.
fn two_days() -> Arc<Bars> {
    let a = flat("A", &["100", "100", "100", "", "100", "80"]);
    let b = flat("B", &["1"; 6]);
    every(Interval::Hour, "2025-11-05T02:00:00Z", 3_600, vec![a, b])
}

#[test]
fn a_day_order_lives_through_the_day_of_its_first_chance() {
    // Midnight in New York is 05:00 UTC: bars 0 to 2 are of the 4th, bars 3 to 5 of the 5th.
    let bars = two_days();
    let day = |bar, limit_price| (bar, vec![limit(OrderSide::Buy, "1", limit_price).for_the_day()]);
    let early = script([day(1, "90")]);
    let told = Told::completed(&terms(&bars), &bars, &early);
    assert!(told.trades().is_empty());
    let ends = told.events.iter().filter_map(|event| match event {
        RunEvent::OrderExpired(expired) => Some(expired.bar),
        _ => None,
    });
    assert_eq!(ends.collect::<Vec<_>>(), [3], "bar 2 was its only chance on the 4th");
    told.assert_rechecks(&bars, &early);
    // Accepted in bar 2, its first chance is bar 4, on the 5th: it lives to the end of that day.
    let late = script([day(2, "90")]);
    let told = Told::completed(&terms(&bars), &bars, &late);
    assert_eq!(told.trades(), ["5 buy 1 A 80"]);
    told.assert_rechecks(&bars, &late);
}

#[test]
fn what_waits_at_the_end_expires_with_the_run() {
    let told = told(&[FLAT, FLAT, FLAT], "0", vec![(1, vec![limit(OrderSide::Buy, "1", "95")])]);
    let kinds: Vec<_> = told.events.iter().map(crate::Event::name).collect();
    assert_eq!(kinds, ["RunRequested", "OrderAccepted", "BarsClosed", "OrderExpired", "RunCompleted"]);
    assert!(told.run.trading().unwrap().book.resting().is_empty());
}

#[test]
fn decided_on_complete_bars_waiting_orders_fill_before_the_decision() {
    let rows = [FLAT, FLAT, Some(["100", "105", "90", "100"])];
    let bars = daily(vec![columns("A", &rows)]);
    let policy = script([(1, vec![limit(OrderSide::Buy, "1", "95")]), (2, vec![sell("A", "1")])]);
    let snapshot = RunSnapshot { fill_rule: FillRule::SameClose, ..terms(&bars) };
    let told = Told::completed(&snapshot, &bars, &policy);
    assert_eq!(told.trades(), ["2 buy 1 A 95", "2 sell 1 A 100"]);
    told.assert_rechecks(&bars, &policy);
}
