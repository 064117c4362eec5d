//! Prices of market orders, fees, slippage, profit, marks.

use std::sync::Arc;

use super::support::{Row, Told, buy, cash, columns, daily, flat, price, rate, script, sell, shares, terms};
use crate::market::Bars;
use crate::policy::{FillRule, Policy};
use crate::run::{PriceRule, RunEvent, RunSnapshot};

const OPENS_AND_CLOSES: [Row; 5] = [
    Some(["10", "10", "10", "10"]),
    Some(["11", "13", "10", "12"]),
    None,
    Some(["14", "15", "13", "13"]),
    Some(["20", "21", "19", "19"]),
];

/// B trades in every bar, so that A's missing bar is one of the calendar.
fn bars() -> Arc<Bars> {
    daily(vec![columns("A", &OPENS_AND_CLOSES), flat("B", &["1"; 5])])
}

fn told(fill_rule: FillRule, policy: &Arc<dyn Policy>) -> Told {
    let bars = bars();
    let told = Told::completed(&RunSnapshot { fill_rule, ..terms(&bars) }, &bars, policy);
    told.assert_rechecks(&bars, policy);
    told
}

#[test]
fn every_fill_rule_has_its_bar_and_price() {
    let policy = script([(1, vec![buy("A", "2")]), (3, vec![sell("A", "2")])]);
    assert_eq!(told(FillRule::Open, &policy).trades(), ["1 buy 2 A 11", "3 sell 2 A 14"]);
    assert_eq!(told(FillRule::SameClose, &policy).trades(), ["1 buy 2 A 12", "3 sell 2 A 13"]);
    // The next existing bar of A is bar 3; it fills the purchase before it is decided on.
    assert_eq!(told(FillRule::NextOpen, &policy).trades(), ["3 buy 2 A 14", "4 sell 2 A 20"]);
    assert_eq!(told(FillRule::NextClose, &policy).trades(), ["3 buy 2 A 13", "4 sell 2 A 19"]);
}

#[test]
fn a_market_order_without_a_later_bar_expires_with_the_run() {
    let policy = script([(4, vec![buy("A", "2")])]);
    let told = told(FillRule::NextOpen, &policy);
    assert!(told.trades().is_empty());
    assert!(
        told.events.iter().any(|event| matches!(event, RunEvent::OrderExpired(expired) if expired.bar == 4))
    );
}

#[test]
fn fees_and_slippage_are_as_in_the_worked_example() {
    let bars = daily(vec![flat("A", &["100"; 3])]);
    let snapshot =
        RunSnapshot { commission_rate: rate("0.001"), slippage_rate: rate("0.0005"), ..terms(&bars) };
    let policy = script([(1, vec![buy("A", "50")]), (2, vec![sell("A", "50")])]);
    let told = Told::completed(&snapshot, &bars, &policy);
    let fills = told.fills();
    assert_eq!((fills[0].price, fills[0].reference_price), (price("100.05"), price("100")));
    assert_eq!((fills[0].fee, fills[0].cash), (cash("5.0025"), cash("4992.4975")));
    assert_eq!((fills[1].price, fills[1].fee), (price("99.95"), cash("4.9975")));
    assert_eq!(fills[1].cash, cash("4992.4975") + cash("4992.5025"));
    assert_eq!(fills[1].realised_pnl, cash("-15"));
    assert_eq!(told.figures().fees, cash("10"));
    told.assert_rechecks(&bars, &policy);
}

#[test]
fn profit_is_realised_at_average_cost_and_adds_up_with_what_is_open() {
    let bars = daily(vec![flat("A", &["10", "10", "16", "20", "7"])]);
    let policy = script([(1, vec![buy("A", "2")]), (2, vec![buy("A", "1")]), (3, vec![sell("A", "2")])]);
    let told = Told::completed(&terms(&bars), &bars, &policy);
    let figures = told.figures();
    assert_eq!(told.fills()[2].realised_pnl, cash("16"));
    assert_eq!((figures.realised_pnl, figures.open_pnl), (cash("16"), cash("-5")));
    assert_eq!(figures.value, cash("10011"));
    assert_eq!(figures.traded, cash("76"));
}

#[test]
fn a_symbol_without_a_bar_keeps_its_mark_and_an_open_marks_provisionally() {
    let rows =
        [Some(["10", "10", "10", "10"]), Some(["10", "12", "10", "12"]), None, Some(["15", "0", "0", "0"])];
    let bars = daily(vec![columns("A", &rows), flat("B", &["1"; 4])]);
    let policy = script([(1, vec![buy("A", "1")])]);
    let told = Told::completed(&RunSnapshot { chunk_bars: 3, ..terms(&bars) }, &bars, &policy);
    assert_eq!(told.equity(), ["10000", "10002", "10002", "10005"].map(cash));
    let provisional: Vec<_> = told
        .events
        .iter()
        .filter_map(|event| match event {
            RunEvent::BarsClosed(closed) => Some(closed.provisional),
            _ => None,
        })
        .collect();
    assert_eq!(provisional, [false, true]);
    told.assert_rechecks(&bars, &policy);
}

#[test]
fn the_newest_bar_fills_at_its_open_but_has_no_close() {
    let rows = [Some(["10", "10", "10", "10"]), Some(["11", "0", "0", "0"])];
    let bars = daily(vec![columns("A", &rows)]);
    let policy = script([(1, vec![buy("A", "1")])]);
    let at_open = Told::completed(&terms(&bars), &bars, &policy);
    assert_eq!(at_open.trades(), ["1 buy 1 A 11"]);
    let fill_rule = FillRule::SameClose;
    let at_close = Told::completed(&RunSnapshot { fill_rule, ..terms(&bars) }, &bars, &policy);
    assert_eq!(at_close.refusals()[0].refusal.cause(), "no_price");
}

#[test]
fn the_price_rule_names_where_a_price_comes_from() {
    let policy = script([(1, vec![buy("A", "2")])]);
    let rule = |fill_rule| told(fill_rule, &policy).fills()[0].price_rule;
    assert_eq!(rule(FillRule::Open), PriceRule::Open);
    assert_eq!(rule(FillRule::NextOpen), PriceRule::Open);
    assert_eq!(rule(FillRule::SameClose), PriceRule::Close);
    assert_eq!(rule(FillRule::NextClose), PriceRule::Close);
}

#[test]
fn coins_trade_in_four_decimals() {
    let bars = daily(vec![flat("BTC-USDT", &["50000"; 3])]);
    let policy = script([(1, vec![buy("BTC-USDT", "0.1234")]), (2, vec![buy("BTC-USDT", "0.00001")])]);
    let told = Told::completed(&terms(&bars), &bars, &policy);
    assert_eq!(told.trades(), ["1 buy 0.1234 BTC-USDT 50000"]);
    assert_eq!(told.figures().cash, cash("3830"));
    assert_eq!(told.refusals()[0].refusal.cause(), "amount_not_whole");
    assert_eq!(told.fills()[0].position, shares("0.1234"));
}
