//! Each policy against trades computed by hand. Daily bars fill at their open.

use std::sync::Arc;

use crate::market::Bars;
use crate::policy::{FillRule, PolicySpec, SharedIndicators};
use crate::run::tests::support::{Told, cash, daily, flat, terms};
use crate::run::{PriceRule, RunSnapshot};

fn told(bars: &Arc<Bars>, spec: &str) -> Told {
    told_under(bars, spec, FillRule::Open)
}

fn told_under(bars: &Arc<Bars>, spec: &str, fill_rule: FillRule) -> Told {
    let spec: PolicySpec = serde_json::from_str(spec).unwrap();
    assert_eq!(spec.check(), []);
    let policy = spec.build(bars, &SharedIndicators::default());
    let told = Told::completed(&RunSnapshot { policy: spec, fill_rule, ..terms(bars) }, bars, &policy);
    told.assert_rechecks(bars, &policy);
    told
}

#[test]
fn buy_and_hold_buys_equal_slots_when_each_symbol_first_trades() {
    let a = flat("A", &["90", "100", "50", "10"]);
    let b = flat("B", &["1", "30", "30", "1"]);
    let c = flat("C", &["900", "", "1000", "1"]);
    let told = told(&daily(vec![a, b, c]), r#"{"name": "builtin/buy-and-hold"}"#);
    // Slots of 3,333.33: 33 of A, 111 of B; C trades a bar later.
    assert_eq!(told.trades(), ["1 buy 33 A 100", "1 buy 111 B 30", "2 buy 3 C 1000"]);
    assert!(told.refusals().is_empty());
}

#[test]
fn buy_and_hold_keeps_a_reserve_where_the_fill_is_not_known_and_buys_once() {
    let bars = daily(vec![flat("A", &["100", "100", "101", "101", "101"])]);
    let told = told_under(&bars, r#"{"name": "builtin/buy-and-hold"}"#, FillRule::NextOpen);
    assert_eq!(told.trades(), ["2 buy 98 A 101"]);
    assert!(told.refusals().is_empty());
}

#[test]
fn equal_weight_sells_what_rose_and_buys_what_fell() {
    let a = flat("A", &["100", "100", "100", "120"]);
    let b = flat("B", &["50", "50", "90", "40"]);
    let spec = r#"{"name": "builtin/equal-weight", "parameters": {"rebalance_bars": 2}}"#;
    let told = told(&daily(vec![a, b]), spec);
    // Bar 3: 50 A at 120 and 100 B at 40 are 10,000; half of it is 41 A or 125 B, bar 2 is left out.
    assert_eq!(told.trades(), ["1 buy 50 A 100", "1 buy 100 B 50", "3 sell 9 A 120", "3 buy 25 B 40"]);
}

#[test]
fn sma_cross_is_long_while_fast_is_above_slow() {
    let bars = daily(vec![flat("A", &["10", "12", "11", "13", "9", "9"])]);
    let spec = r#"{"name": "builtin/sma-cross", "parameters": {"fast": 1, "slow": 2}}"#;
    let told = told(&bars, spec);
    // Bar 2 knows closes 10 and 12: above; bar 3 knows 12 and 11: below; and so on.
    assert_eq!(told.trades(), ["2 buy 909 A 11", "3 sell 909 A 13", "4 buy 1313 A 9", "5 sell 1313 A 9"]);
}

#[test]
fn sma_cross_does_nothing_while_the_averages_are_equal() {
    let bars = daily(vec![flat("A", &["10", "10", "10", "10", "10"])]);
    let spec = r#"{"name": "builtin/sma-cross", "parameters": {"fast": 1, "slow": 3}}"#;
    assert!(told(&bars, spec).trades().is_empty());
}

#[test]
fn momentum_holds_what_rose_most() {
    let a = flat("A", &["10", "20", "20", "20"]);
    let b = flat("B", &["10", "10", "30", "30"]);
    let spec = r#"{"name": "builtin/momentum",
        "parameters": {"lookback": 1, "skip": 0, "top": 1, "rebalance_bars": 1}}"#;
    let told = told(&daily(vec![a, b]), spec);
    // Bar 2 knows rises of 2 and 1, bar 3 of 1 and 3.
    assert_eq!(told.trades(), ["2 buy 500 A 20", "3 sell 500 A 20", "3 buy 333 B 30"]);
}

#[test]
fn momentum_skips_the_newest_bars_and_breaks_ties_by_symbol() {
    let a = flat("A", &["10", "20", "5", "5"]);
    let b = flat("B", &["10", "20", "40", "40"]);
    let spec = r#"{"name": "builtin/momentum",
        "parameters": {"lookback": 1, "skip": 1, "top": 1, "rebalance_bars": 1}}"#;
    // Bar 3 leaves out the closes of bar 2: both doubled from bar 0 to bar 1.
    assert_eq!(told(&daily(vec![a, b]), spec).trades(), ["3 buy 2000 A 5"]);
}

#[test]
fn mean_reversion_buys_the_fall_and_sells_the_return() {
    let bars = daily(vec![flat("A", &["10", "10", "7", "8", "9", "9"])]);
    let spec = |entry: &str| {
        format!(
            r#"{{"name": "builtin/mean-reversion", "parameters": {{"window": 3, "entry_z": "{entry}"}}}}"#
        )
    };
    // Bar 3 knows 10, 10, 7: mean 9, deviation √3, z = -2/√3 = -1.1547; bar 4 is still below the mean of 10, 7, 8.
    let trades = ["3 buy 1250 A 8", "5 sell 1250 A 9"];
    assert_eq!(told(&bars, &spec("1")).trades(), trades);
    assert_eq!(told(&bars, &spec("1.1547")).trades(), trades);
    assert!(told(&bars, &spec("1.1548")).trades().is_empty());
}

#[test]
fn recorded_decisions_execute_at_their_own_price_and_say_where_it_differs() {
    let bars = daily(vec![flat("A", &["10", "10", "11", "12", "13"])]);
    let spec = r#"{"name": "recorded", "parameters": {"decisions": [
        {"bar_start_at": "2025-01-07T00:00:00Z", "orders": [
            {"side": "buy", "symbol": "A", "quantity": "5", "price": "9.75"},
            {"side": "buy", "symbol": "A", "quantity": "1", "price": "10"}]},
        {"bar_start_at": "2025-01-08T00:00:00Z", "orders": [
            {"side": "sell", "symbol": "A", "quantity": "0"}]},
        {"bar_start_at": "2025-01-09T00:00:00Z", "orders": [
            {"side": "sell", "symbol": "A", "quantity": "2"},
            {"side": "sell", "symbol": "A", "quantity": "99", "price": "12"}]}]}}"#;
    let told = told(&bars, spec);
    assert_eq!(told.trades(), ["1 buy 5 A 9.75", "1 buy 1 A 10", "3 sell 2 A 12"]);
    let differs: Vec<_> = told.fills().iter().map(|it| (it.price_rule, it.differs_from_bar())).collect();
    assert_eq!(
        differs,
        [(PriceRule::Recorded, true), (PriceRule::Recorded, false), (PriceRule::Open, false)]
    );
    assert_eq!(told.refusals()[0].refusal.cause(), "insufficient_shares");
    assert_eq!(told.figures().counts.holds, 2);
    assert_eq!(told.figures().cash, cash("9965.25"));
}
