//! Hard gates and the model's own rules: in simulated time, for every order, and never against closing a position.

use std::sync::Arc;

use super::support::{
    Told, buy, cash, columns, daily, every, flat, rate, script, sell, shares, symbol, terms,
};
use crate::Interval;
use crate::market::Bars;
use crate::model::{Gates, Limit, LossResponse, Risk, Rule};
use crate::policy::{BrokenRule, Gate, Order, OrderSide, Refusal};
use crate::run::{Forced, RunEvent, RunSnapshot};

fn over(bars: &Arc<Bars>, risk: Risk, orders: Vec<(usize, Vec<Order>)>) -> Told {
    let snapshot = RunSnapshot { risk, ..terms(bars) };
    let policy = script(orders);
    let told = Told::completed(&snapshot, bars, &policy);
    told.assert_rechecks(bars, &policy);
    let parts = Told::completed(&RunSnapshot { chunk_bars: 1, ..snapshot }, bars, &policy);
    assert_eq!((parts.trades(), parts.equity()), (told.trades(), told.equity()));
    told
}

fn refusals(told: &Told) -> Vec<Refusal> {
    told.refusals().iter().map(|it| it.refusal.clone()).collect()
}

fn gate(gate: Gate, figure: &str, limit: &str) -> Refusal {
    Refusal::Gate { gate, figure: cash(figure), limit: cash(limit) }
}

fn ruled(limit: Limit) -> Risk {
    let rule = Rule { name: "mine".to_owned(), priority: 5, applies_to_symbols: Vec::new(), limit };
    Risk { rules: vec![rule], ..Risk::default() }
}

fn broken(broken: BrokenRule) -> Refusal {
    Refusal::Rule { rule: "mine".to_owned(), broken }
}

fn all_gates() -> Risk {
    Risk { gates: Gates::All, ..Risk::default() }
}

fn time(text: &str) -> jiff::civil::Time {
    text.parse().unwrap()
}

/// Hours from 10:00 in New York on, over two days: bars 0 to 5 on the first, 6 and 7 on the next.
fn hours(prices: &[&str; 8]) -> Arc<Bars> {
    let first: jiff::Timestamp = "2025-11-05T15:00:00Z".parse().unwrap();
    let hours = [0, 1, 2, 3, 4, 5, 24, 25];
    let starts = hours.map(|hour| jiff::Timestamp::from_second(first.as_second() + hour * 3_600).unwrap());
    let bars = Bars::new(Interval::Hour, starts.into(), vec![flat("A", prices), flat("B", &["10"; 8])]);
    Arc::new(bars.unwrap())
}

#[test]
fn an_order_of_a_cash_account_is_worth_half_of_it_and_leaves_a_tenth_in_cash() {
    let bars = daily(vec![flat("A", &["100"; 3]), flat("B", &["10"; 3])]);
    let told = over(&bars, all_gates(), vec![(1, vec![buy("A", "51"), buy("A", "50"), buy("B", "401")])]);
    assert_eq!(told.trades(), ["1 buy 50 A 100"]);
    assert_eq!(
        refusals(&told),
        [gate(Gate::OrderShare, "5100", "5000"), gate(Gate::CashReserve, "990", "1000")]
    );
}

#[test]
fn an_account_below_three_quarters_opens_nothing_but_closes() {
    let bars = daily(vec![flat("A", &["100", "100", "40", "40"])]);
    let told =
        over(&bars, all_gates(), vec![(1, vec![buy("A", "45")]), (2, vec![buy("A", "1"), sell("A", "45")])]);
    assert_eq!(told.trades(), ["1 buy 45 A 100", "2 sell 45 A 40"]);
    assert_eq!(refusals(&told), [gate(Gate::AccountValue, "7300", "7500")]);
}

#[test]
fn an_order_has_a_largest_value_and_a_day_a_largest_loss() {
    let bars = daily(vec![flat("A", &["100", "100", "90", "90", "90"])]);
    let max = |size: &str, loss: &str| Risk {
        max_position_size: Some(cash(size)),
        max_daily_loss: Some(cash(loss)),
        ..Risk::default()
    };
    let told = over(
        &bars,
        max("2000", "150"),
        vec![
            (1, vec![buy("A", "21"), buy("A", "20")]),
            // 200 are lost since yesterday's close; on the day after nothing is.
            (2, vec![buy("A", "1"), sell("A", "5")]),
            (3, vec![buy("A", "1")]),
        ],
    );
    assert_eq!(told.trades(), ["1 buy 20 A 100", "2 sell 5 A 90", "3 buy 1 A 90"]);
    assert_eq!(
        refusals(&told),
        [gate(Gate::OrderValue, "2100", "2000"), gate(Gate::DailyLoss, "200", "150")]
    );
}

#[test]
fn a_waiting_order_meets_the_gates_when_its_price_is_reached() {
    let rows = [
        Some(["100", "100", "100", "100"]),
        Some(["100", "100", "100", "100"]),
        Some(["100", "101", "79", "80"]),
    ];
    let bars = daily(vec![columns("A", &rows)]);
    let limit = Order::limit(OrderSide::Buy, symbol("A"), shares("60"), "80".parse().unwrap());
    let told = over(&bars, all_gates(), vec![(1, vec![limit, buy("A", "50")])]);
    assert_eq!(told.trades(), ["1 buy 50 A 100"]);
    let refused: Vec<_> = told.refusals().iter().map(|it| (it.bar, it.refusal.clone())).collect();
    // When it was accepted it was worth less than half; when it is reached it leaves too little cash.
    assert_eq!(refused, [(2, gate(Gate::CashReserve, "200", "1000"))]);
}

#[test]
fn a_position_is_limited_as_it_results_and_not_order_by_order() {
    let bars = daily(vec![flat("A", &["100"; 3])]);
    let risk = ruled(Limit::MaxPosition { fraction: rate("0.2") });
    let told = over(&bars, risk, vec![(1, vec![buy("A", "15"), buy("A", "6"), buy("A", "5")])]);
    assert_eq!(told.trades(), ["1 buy 15 A 100", "1 buy 5 A 100"]);
    assert_eq!(
        refusals(&told),
        [broken(BrokenRule::MaxPosition { value: cash("2100"), limit: cash("2000") })]
    );
}

#[test]
fn the_number_of_positions_counts_only_orders_that_add_one() {
    let bars = daily(vec![flat("A", &["100"; 3]), flat("B", &["10"; 3])]);
    let risk = ruled(Limit::MaxPositions { count: 1 });
    let told = over(&bars, risk, vec![(1, vec![buy("A", "1"), buy("A", "1"), buy("B", "1")])]);
    assert_eq!(refusals(&told), [broken(BrokenRule::MaxPositions { held: 1, limit: 1 })]);
    assert_eq!(told.fills().len(), 2);
}

#[test]
fn a_reserve_of_cash_remains() {
    let bars = daily(vec![flat("A", &["100"; 3])]);
    let risk = ruled(Limit::MinCashReserve { fraction: rate("0.3") });
    let told = over(&bars, risk, vec![(1, vec![buy("A", "71"), buy("A", "70")])]);
    assert_eq!(
        refusals(&told),
        [broken(BrokenRule::MinCashReserve { cash_after: cash("2900"), limit: cash("3000") })]
    );
}

#[test]
fn trades_are_counted_by_the_trading_day_of_the_exchange() {
    let risk = ruled(Limit::MaxTradesPerSession { count: 2 });
    let told = over(
        &hours(&["100"; 8]),
        risk,
        vec![(1, vec![buy("A", "3")]), (3, vec![sell("A", "1"), sell("A", "1")]), (6, vec![sell("A", "1")])],
    );
    assert_eq!(told.trades(), ["1 buy 3 A 100", "3 sell 1 A 100", "6 sell 1 A 100"]);
    assert_eq!(refusals(&told), [broken(BrokenRule::MaxTradesPerSession { trades: 2, limit: 2 })]);
}

#[test]
fn a_blackout_refuses_every_proposal_and_no_order_that_waits() {
    let (start, end) = (time("12:00"), time("14:00"));
    let stop = Order::stop(OrderSide::Sell, symbol("A"), shares("1"), "95".parse().unwrap());
    let prices = ["100", "100", "90", "90", "100", "100", "100", "100"];
    let told = over(
        &hours(&prices),
        ruled(Limit::Blackout { start, end }),
        vec![
            (1, vec![buy("A", "3"), stop]),
            (2, vec![sell("A", "1"), buy("A", "1")]),
            (4, vec![sell("A", "1")]),
        ],
    );
    assert_eq!(told.trades(), ["1 buy 3 A 100", "2 sell 1 A 90", "4 sell 1 A 100"]);
    assert_eq!(told.fills()[1].price_rule, crate::run::PriceRule::StopAtOpen);
    let refusal = broken(BrokenRule::Blackout { time: start, start, end });
    assert_eq!(refusals(&told), [refusal.clone(), refusal]);
}

#[test]
fn a_blackout_may_last_over_midnight() {
    let night = Limit::Blackout { start: time("15:00"), end: time("10:30") };
    let told =
        over(&hours(&["100"; 8]), ruled(night), (1..8).map(|bar| (bar, vec![buy("A", "1")])).collect());
    let traded: Vec<_> = told.fills().iter().map(|filled| filled.bar).collect();
    assert_eq!(traded, [1, 2, 3, 4, 7], "bar 5 starts at 15:00, bar 6 at 10:00 on the next day");
}

#[test]
fn everything_is_closed_by_the_time_and_nothing_opened_after_it() {
    let risk = ruled(Limit::CloseAllBy { time: time("14:00") });
    let exit = Order::limit(OrderSide::Sell, symbol("A"), shares("2"), "999".parse().unwrap());
    let told = over(
        &hours(&["100"; 8]),
        risk,
        vec![
            (1, vec![buy("A", "2"), buy("B", "3"), exit]),
            (4, vec![buy("A", "1")]),
            (6, vec![buy("A", "1")]),
        ],
    );
    assert_eq!(
        told.trades(),
        ["1 buy 2 A 100", "1 buy 3 B 10", "4 sell 2 A 100", "4 sell 3 B 10", "6 buy 1 A 100"]
    );
    let forced = Some(Forced::CloseAllBy { rule: "mine".to_owned() });
    assert_eq!((&told.fills()[2].forced_by, &told.fills()[3].forced_by), (&forced, &forced));
    let cancelled = told.events.iter().filter(|event| matches!(event, RunEvent::OrderCancelled(_)));
    assert_eq!(cancelled.count(), 1, "the exit of what is closed waits for nothing");
    let refusal = BrokenRule::CloseAllBy { time: time("14:00"), close_all_by: time("14:00") };
    assert_eq!(refusals(&told), [broken(refusal)]);
}

#[test]
fn what_had_no_bar_at_its_time_is_closed_at_the_next_open() {
    // After the decision of bar 3 A has no bar until the next day.
    let risk = ruled(Limit::CloseAllBy { time: time("14:00") });
    let prices = ["100", "100", "100", "100", "", "", "80", "80"];
    let told = over(&hours(&prices), risk, vec![(3, vec![buy("A", "2")])]);
    assert_eq!(told.trades(), ["3 buy 2 A 100", "6 sell 2 A 80"]);
    // The next day may have begun without A.
    let risk = ruled(Limit::CloseAllBy { time: time("14:00") });
    let prices = ["100", "100", "100", "100", "", "", "", "80"];
    let told = over(&hours(&prices), risk, vec![(3, vec![buy("A", "2")])]);
    assert_eq!(told.trades(), ["3 buy 2 A 100", "7 sell 2 A 80"]);
}

#[test]
fn a_loss_beyond_the_limit_of_the_day_closes_everything_until_the_next() {
    let limit = |response| ruled(Limit::MaxDailyLoss { fraction: rate("0.02"), response });
    let prices = ["100", "100", "96", "92", "92", "92", "92", "92"];
    let orders = || vec![(1, vec![buy("A", "50")]), (4, vec![buy("A", "1")]), (6, vec![buy("A", "1")])];
    let closed = over(&hours(&prices), limit(LossResponse::ForceLiquidate), orders());
    // 200 are lost at 96: exactly the limit. At 92 it is 400.
    assert_eq!(closed.trades(), ["1 buy 50 A 100", "3 sell 50 A 92", "6 buy 1 A 92"]);
    assert_eq!(closed.fills()[1].forced_by, Some(Forced::DailyLoss { rule: "mine".to_owned() }));
    let refusal = broken(BrokenRule::MaxDailyLoss { loss: cash("400"), limit: cash("200") });
    assert_eq!(refusals(&closed), std::slice::from_ref(&refusal));
    let rejected = over(&hours(&prices), limit(LossResponse::RejectTrade), orders());
    assert_eq!(rejected.trades(), ["1 buy 50 A 100", "6 buy 1 A 92"]);
    assert_eq!(refusals(&rejected), [refusal]);
}

#[test]
fn symbols_may_be_approved_or_excluded_and_rules_be_for_some() {
    let bars = daily(vec![flat("A", &["100"; 3]), flat("B", &["10"; 3])]);
    let orders = || vec![(1, vec![buy("A", "1"), buy("B", "1")])];
    let only = Limit::ApprovedSymbols { symbols: vec![symbol("A")] };
    let refused = refusals(&over(&bars, ruled(only), orders()));
    assert_eq!(refused, [broken(BrokenRule::NotApproved { symbol: symbol("B") })]);
    let without = Limit::ExcludedSymbols { symbols: vec![symbol("A")] };
    let refused = refusals(&over(&bars, ruled(without), orders()));
    assert_eq!(refused, [broken(BrokenRule::Excluded { symbol: symbol("A") })]);
    let mut risk = ruled(Limit::MaxPositions { count: 0 });
    risk.rules[0].applies_to_symbols = vec![symbol("B")];
    assert_eq!(over(&bars, risk, orders()).trades(), ["1 buy 1 A 100"]);
}

#[test]
fn rules_are_checked_by_falling_priority_after_the_gates() {
    let bars = daily(vec![flat("A", &["100"; 3])]);
    let rule = |name: &str, priority, limit| Rule {
        name: name.to_owned(),
        priority,
        applies_to_symbols: Vec::new(),
        limit,
    };
    let rules = vec![
        rule("first", 9, Limit::MaxPositions { count: 0 }),
        rule("second", 2, Limit::ExcludedSymbols { symbols: vec![symbol("A")] }),
    ];
    let told = over(&bars, Risk { rules, ..all_gates() }, vec![(1, vec![buy("A", "51"), buy("A", "1")])]);
    let causes: Vec<_> = refusals(&told).iter().map(ToString::to_string).collect();
    assert_eq!(
        causes,
        ["order_share: 5100 against a limit of 5000", "first: 0 positions are held, at most 0"]
    );
}

#[test]
fn terms_without_risk_are_written_as_before_and_daily_bars_have_no_time_of_day() {
    let bars = every(Interval::Day, "2025-11-05T00:00:00Z", 86_400, vec![flat("A", &["1"; 3])]);
    let plain = terms(&bars);
    let json = serde_json::to_string(&plain).unwrap();
    assert!(!json.contains("risk"));
    assert_eq!(serde_json::from_str::<RunSnapshot>(&json).unwrap(), plain);
    let timed = RunSnapshot { risk: ruled(Limit::CloseAllBy { time: time("14:00") }), ..plain };
    assert_eq!(timed.check()[0].field, "risk.rules.0.limit");
    assert_eq!(serde_json::from_str::<RunSnapshot>(&serde_json::to_string(&timed).unwrap()).unwrap(), timed);
}
