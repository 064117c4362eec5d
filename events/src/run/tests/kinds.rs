//! Orders of more than one price: stop-limit, trailing stop, bracket, one cancels the other.

use super::support::{Row, Told, buy, columns, daily, price, rate, script, sell, shares, symbol, terms};
use crate::policy::{FillRule, Order, OrderId, OrderKind, OrderSide, OrderType, Refusal, TimeInForce, Trail};
use crate::run::recheck::recheck;
use crate::run::{PriceRule, RunEvent, RunSnapshot};

const GTC: TimeInForce = TimeInForce::Gtc;

fn order(side: OrderSide, quantity: &str, kind: OrderKind) -> Order {
    Order { side, symbol: symbol("A"), quantity: shares(quantity), kind }
}

fn stop_limit(side: OrderSide, stop: &str, limit: &str) -> Order {
    let kind =
        OrderKind::StopLimit { stop_price: price(stop), limit_price: price(limit), time_in_force: GTC };
    order(side, "1", kind)
}

fn trailing(side: OrderSide, trail: Trail) -> Order {
    order(side, "1", OrderKind::TrailingStop { trail, time_in_force: GTC })
}

fn oco(side: OrderSide, limit: &str, stop: &str) -> Order {
    let kind = OrderKind::Oco { limit_price: price(limit), stop_price: price(stop), time_in_force: GTC };
    order(side, "1", kind)
}

fn bracket(entry: Option<&str>, profit: &str, loss: &str) -> Order {
    let kind = OrderKind::Bracket {
        entry_limit_price: entry.map(price),
        take_profit_price: price(profit),
        stop_loss_price: price(loss),
        time_in_force: GTC,
    };
    order(OrderSide::Buy, "1", kind)
}

const FLAT: Row = Some(["100", "100", "100", "100"]);

fn told_by(fill_rule: FillRule, rows: &[Row], slippage: &str, orders: Vec<(usize, Vec<Order>)>) -> Told {
    let bars = daily(vec![columns("A", rows)]);
    let snapshot = RunSnapshot { fill_rule, slippage_rate: rate(slippage), ..terms(&bars) };
    let policy = script(orders);
    let told = Told::completed(&snapshot, &bars, &policy);
    told.assert_rechecks(&bars, &policy);
    // Chunks of one bar forget nothing that the bars tell.
    let parts = Told::completed(&RunSnapshot { chunk_bars: 1, ..snapshot }, &bars, &policy);
    assert_eq!(parts.trades(), told.trades());
    told
}

fn told(rows: &[Row], orders: Vec<(usize, Vec<Order>)>) -> Told {
    told_by(FillRule::Open, rows, "0", orders)
}

fn rules(told: &Told) -> Vec<PriceRule> {
    told.fills().iter().map(|filled| filled.price_rule).collect()
}

#[test]
fn a_stop_limit_fills_at_its_stop_where_the_range_reaches_it() {
    let rows = [FLAT, FLAT, Some(["100", "103", "99", "102"]), Some(["102", "106", "101", "105"])];
    let told = told(&rows, vec![(1, vec![stop_limit(OrderSide::Buy, "104", "105")])]);
    assert_eq!(told.trades(), ["3 buy 1 A 104"]);
    assert_eq!(rules(&told), [PriceRule::StopLimitReached]);
}

#[test]
fn slippage_moves_a_stop_limit_no_further_than_its_limit() {
    let rows = [FLAT, FLAT, Some(["100", "106", "99", "102"])];
    let orders = |limit| vec![(1, vec![stop_limit(OrderSide::Buy, "104", limit)])];
    assert_eq!(told_by(FillRule::Open, &rows, "0.01", orders("104.5")).trades(), ["2 buy 1 A 104.5"]);
    assert_eq!(told_by(FillRule::Open, &rows, "0.01", orders("110")).trades(), ["2 buy 1 A 105.04"]);
}

#[test]
fn a_stop_limit_behind_a_gap_waits_for_its_limit() {
    // Bar 2 opens beyond the stop and beyond the limit, and comes back to the limit after its open.
    let gap = Some(["108", "109", "104", "106"]);
    let told_at_once = told(&[FLAT, FLAT, gap], vec![(1, vec![stop_limit(OrderSide::Buy, "103", "105")])]);
    assert_eq!(told_at_once.trades(), ["2 buy 1 A 105"]);
    assert_eq!(rules(&told_at_once), [PriceRule::LimitReached]);
    // It does not come back in bar 2, and opens better than the limit in bar 3.
    let rows = [FLAT, FLAT, Some(["108", "109", "107", "108"]), Some(["101", "102", "100", "101"])];
    let later = told(&rows, vec![(1, vec![stop_limit(OrderSide::Buy, "103", "105")])]);
    assert_eq!(later.trades(), ["3 buy 1 A 101"]);
    assert_eq!(rules(&later), [PriceRule::LimitAtOpen]);
    // A gap within the limit fills at the open.
    let small = told(
        &[FLAT, FLAT, Some(["104", "109", "104", "106"])],
        vec![(1, vec![stop_limit(OrderSide::Buy, "103", "105")])],
    );
    assert_eq!(
        (small.trades(), rules(&small)),
        (vec!["2 buy 1 A 104".to_owned()], vec![PriceRule::StopLimitAtOpen])
    );
}

#[test]
fn a_stop_limit_does_not_take_a_price_that_may_have_come_before_its_stop() {
    // Bar 2 reaches the stop at 104 and has 97, but which came first is unknown; bar 3 has 98 for certain.
    let rows = [FLAT, FLAT, Some(["100", "105", "97", "101"]), Some(["101", "102", "97", "99"])];
    let told = told(&rows, vec![(1, vec![stop_limit(OrderSide::Buy, "104", "98")])]);
    assert_eq!(told.trades(), ["3 buy 1 A 98"]);
}

#[test]
fn a_trailing_stop_follows_the_best_price_and_never_turns_back() {
    let rows = [
        FLAT,
        FLAT,
        Some(["101", "120", "100", "118"]),
        // The stop is at 110 now; 112 is not enough, and the lower highs do not move it back.
        Some(["118", "118", "112", "113"]),
        Some(["113", "114", "109", "111"]),
    ];
    let orders = vec![(1, vec![buy("A", "1"), trailing(OrderSide::Sell, Trail::Amount(price("10")))])];
    let told = told(&rows, orders);
    assert_eq!(told.trades(), ["1 buy 1 A 100", "4 sell 1 A 110"]);
    assert_eq!(rules(&told)[1], PriceRule::StopReached);
}

#[test]
fn a_trailing_stop_knows_the_open_of_its_bar_but_not_whether_its_high_came_first() {
    // Bar 2 opens at 120, so its stop is 108 before it falls to 105. In bar 1 nothing can fill yet.
    let gap = [FLAT, Some(["100", "100", "80", "100"]), Some(["120", "121", "105", "106"])];
    let orders = || vec![(1, vec![buy("A", "1"), trailing(OrderSide::Sell, Trail::Rate(rate("0.1")))])];
    assert_eq!(told(&gap, orders()).trades(), ["1 buy 1 A 100", "2 sell 1 A 108"]);
    // Bar 2 has 130 and 100 within its range: from the open alone the stop is at 90.
    let wide = [FLAT, FLAT, Some(["100", "130", "95", "128"]), Some(["116", "117", "115", "116"])];
    let told = told(&wide, orders());
    assert_eq!(told.trades(), ["1 buy 1 A 100", "3 sell 1 A 116"], "bar 3 opens below the stop at 117");
    assert_eq!(rules(&told)[1], PriceRule::StopAtOpen);
}

#[test]
fn a_trailing_purchase_follows_the_market_down() {
    let rows = [FLAT, FLAT, Some(["99", "99", "80", "81"]), Some(["81", "86", "80.5", "86"])];
    let told = told(&rows, vec![(1, vec![trailing(OrderSide::Buy, Trail::Amount(price("5")))])]);
    assert_eq!(told.trades(), ["3 buy 1 A 85"]);
}

#[test]
fn of_two_exits_the_one_that_is_reached_first_fills_and_the_other_is_gone() {
    let rise = [FLAT, FLAT, Some(["100", "112", "99", "111"]), Some(["111", "111", "80", "80"])];
    let orders = || vec![(1, vec![buy("A", "2"), oco(OrderSide::Sell, "110", "90")])];
    assert_eq!(told(&rise, orders()).trades(), ["1 buy 2 A 100", "2 sell 1 A 110"]);
    let fall = [FLAT, FLAT, Some(["100", "101", "88", "89"]), Some(["89", "120", "89", "120"])];
    assert_eq!(told(&fall, orders()).trades(), ["1 buy 2 A 100", "2 sell 1 A 90"]);
}

#[test]
fn where_one_bar_reaches_both_exits_the_worse_is_assumed() {
    let both = [FLAT, FLAT, Some(["100", "115", "85", "100"])];
    let orders = || vec![(1, vec![buy("A", "1"), oco(OrderSide::Sell, "110", "90")])];
    let pessimistic = told(&both, orders());
    assert_eq!(pessimistic.trades(), ["1 buy 1 A 100", "2 sell 1 A 90"]);
    assert_eq!(rules(&pessimistic)[1], PriceRule::StopReached);
    // Which comes first is certain where the open decides.
    let opened = [FLAT, FLAT, Some(["112", "115", "85", "100"])];
    assert_eq!(told(&opened, orders()).trades(), ["1 buy 1 A 100", "2 sell 1 A 112"]);
}

#[test]
fn a_bracket_places_its_exits_when_it_fills() {
    let rows = [FLAT, Some(["100", "100", "80", "95"]), Some(["96", "113", "95", "112"])];
    let told = told(&rows, vec![(1, vec![bracket(None, "110", "90")])]);
    // What bar 1 falls to comes too early for exits that are placed in it.
    assert_eq!(told.trades(), ["1 buy 1 A 100", "2 sell 1 A 110"]);
    let placed = told.events.iter().find_map(|event| match event {
        RunEvent::OrderAccepted(accepted) => Some((accepted.order_id, accepted.parent)),
        _ => None,
    });
    assert_eq!(placed, Some((OrderId(1), Some(OrderId(0)))));
    assert_eq!(told.fills()[1].order_id, OrderId(1));
}

#[test]
fn a_bracket_may_wait_for_its_entry() {
    let rows = [FLAT, FLAT, Some(["100", "100", "94", "96"]), Some(["96", "97", "85", "88"])];
    let limited = vec![(1, vec![bracket(Some("95"), "110", "90")])];
    assert_eq!(told(&rows, limited).trades(), ["2 buy 1 A 95", "3 sell 1 A 90"]);
    let next = vec![(1, vec![bracket(None, "110", "90")])];
    let told = told_by(FillRule::NextOpen, &rows, "0", next);
    assert_eq!(told.trades(), ["2 buy 1 A 100", "3 sell 1 A 90"]);
}

#[test]
fn exits_of_what_was_sold_otherwise_are_refused_when_reached() {
    let rows = [FLAT, FLAT, Some(["100", "113", "95", "112"])];
    let told = told(&rows, vec![(1, vec![bracket(None, "110", "90")]), (2, vec![sell("A", "1")])]);
    assert_eq!(told.trades(), ["1 buy 1 A 100", "2 sell 1 A 100"]);
    assert_eq!(told.refusals()[0].refusal.cause(), "no_position");
}

#[test]
fn prices_that_make_no_sense_are_refused() {
    let refused = |order: Order| {
        let told = told(&[FLAT, FLAT], vec![(1, vec![order])]);
        told.refusals()[0].refusal.clone()
    };
    let crossed = |limit, stop| Refusal::LegsCrossed { limit_price: price(limit), stop_price: price(stop) };
    assert_eq!(refused(oco(OrderSide::Sell, "90", "110")), crossed("90", "110"));
    assert_eq!(refused(oco(OrderSide::Buy, "110", "90")), crossed("110", "90"));
    assert_eq!(refused(bracket(None, "90", "110")), crossed("90", "110"));
    let whole = Trail::Rate(rate("1"));
    assert_eq!(refused(trailing(OrderSide::Sell, whole)), Refusal::TrailOutOfRange { rate: rate("1") });
    let closing = Order { side: OrderSide::Sell, ..bracket(None, "110", "90") };
    assert_eq!(refused(closing), Refusal::BracketCloses { side: OrderSide::Sell });
    assert_eq!(refused(stop_limit(OrderSide::Buy, "0", "1")).cause(), "price_not_positive");
}

#[test]
fn kinds_that_the_model_does_not_allow_are_refused() {
    let bars = daily(vec![columns("A", &[FLAT, FLAT])]);
    let snapshot = RunSnapshot { allowed_order_types: OrderType::DEFAULT.into(), ..terms(&bars) };
    let orders = vec![
        stop_limit(OrderSide::Buy, "110", "111"),
        trailing(OrderSide::Buy, Trail::Amount(price("1"))),
        oco(OrderSide::Buy, "90", "110"),
        bracket(None, "110", "90"),
    ];
    let policy = script([(1, orders)]);
    let told = Told::completed(&snapshot, &bars, &policy);
    let types: Vec<_> = told.refusals().iter().map(|it| it.refusal.to_string()).collect();
    assert_eq!(
        types,
        [
            "stop_limit orders are not allowed",
            "trailing_stop orders are not allowed",
            "oco orders are not allowed",
            "bracket orders are not allowed",
        ]
    );
}

#[test]
fn a_recheck_finds_an_exit_at_the_better_of_two_prices_and_exits_of_another_bracket() {
    let rows = [FLAT, FLAT, Some(["100", "115", "85", "100"])];
    let bars = daily(vec![columns("A", &rows)]);
    let policy = script([(1, vec![bracket(None, "110", "90")])]);
    let told = Told::completed(&terms(&bars), &bars, &policy);
    let changed = |change: &dyn Fn(&mut RunEvent)| {
        let mut events = told.events.clone();
        events.iter_mut().for_each(change);
        recheck(&bars, &events).unwrap_err().to_string()
    };
    let at_the_limit = changed(&|event| {
        if let RunEvent::OrderFilled(filled) = event
            && filled.bar == 2
        {
            (filled.price, filled.reference_price) = (price("110"), price("110"));
            filled.price_rule = PriceRule::LimitReached;
        }
    });
    assert!(at_the_limit.contains("the price rule names the price of the bar"), "{at_the_limit}");
    let other_side = changed(&|event| {
        if let RunEvent::OrderAccepted(accepted) = event {
            accepted.order.side = OrderSide::Buy;
        }
    });
    assert!(other_side.contains("exits close what was opened"), "{other_side}");
}

#[test]
fn what_an_order_waits_for_is_written_as_a_stranger_would_guess() {
    let json = |order: &Order| serde_json::to_value(order.kind).unwrap();
    assert_eq!(
        json(&trailing(OrderSide::Sell, Trail::Rate(rate("0.05")))),
        serde_json::json!({"type": "trailing_stop", "trail": {"rate": "0.05"}, "time_in_force": "gtc"})
    );
    let read: OrderKind =
        serde_json::from_str(r#"{"type":"bracket","take_profit_price":"110","stop_loss_price":"90"}"#)
            .unwrap();
    assert_eq!(read, bracket(None, "110", "90").kind);
    // What was stored before brackets were known still reads the same and is written the same.
    let stored = r#"{"bar":1,"bar_start_s":0,"order_id":0,"order":{"side":"buy","symbol":"A","quantity":"1","kind":{"type":"limit","limit_price":"95","time_in_force":"gtc"}}}"#;
    let accepted: crate::run::OrderAccepted = serde_json::from_str(stored).unwrap();
    assert_eq!(serde_json::to_string(&accepted).unwrap(), stored);
}
