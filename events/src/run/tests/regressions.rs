//! What other engines of this kind got wrong, each by its number in the list of known defects. Defects of metrics,
//! imports, news and the API are tested where those live.

use std::sync::Arc;

use super::support::{
    Told, advance, ask, buy, cash, daily, every, flat, script, sell, shares, symbol, terms,
};
use crate::market::Bars;
use crate::model::{Limit, Risk, Rule};
use crate::policy::{NotKnown, Order, Policy, Refusal};
use crate::run::{Action, Outcome, Run, RunCommand, RunError, RunSnapshot, RunStatus};
use crate::{Decider, Interval};

fn completed(bars: &Arc<Bars>, orders: Vec<(usize, Vec<Order>)>) -> Told {
    let policy = script(orders);
    let told = Told::completed(&terms(bars), bars, &policy);
    told.assert_rechecks(bars, &policy);
    told
}

/// Hours of New York days, given by their UTC starts.
fn at(starts: &[&str], prices: &[&str]) -> Arc<Bars> {
    let starts: Vec<jiff::Timestamp> = starts.iter().map(|start| start.parse().unwrap()).collect();
    Arc::new(Bars::new(Interval::Hour, starts.into(), vec![flat("A", prices)]).unwrap())
}

#[test]
fn e1_later_bars_are_refused_whether_or_not_they_exist() {
    let bars = daily(vec![flat("A", &["1", "2", "3", "4"])]);
    let later = [bars.starts()[3], "2031-01-01T00:00:00Z".parse().unwrap()];
    let policy = ask(move |view, _| {
        for asked in later.iter().filter(|asked| **asked > view.bar_start()) {
            let answer = view.price_at(&symbol("A"), *asked);
            assert!(matches!(answer, Err(NotKnown::NotYetKnown { .. })), "{answer:?}");
        }
    });
    Told::completed(&terms(&bars), &bars, &policy);
}

#[test]
fn e2_each_order_of_a_bar_meets_the_account_that_the_one_before_left() {
    let bars = daily(vec![flat("A", &["100"; 3])]);
    let told =
        completed(&bars, vec![(1, vec![buy("A", "60"), buy("A", "60"), sell("A", "60"), sell("A", "1")])]);
    assert_eq!(told.trades(), ["1 buy 60 A 100", "1 sell 60 A 100"]);
    let causes: Vec<_> = told.refusals().iter().map(|it| it.refusal.cause()).collect();
    assert_eq!(causes, ["insufficient_cash", "no_position"]);
}

#[test]
fn e3_and_e22_the_bar_before_is_the_one_of_the_calendar_over_weekends_and_holidays() {
    // Saturday and Sunday of a coin; a Friday, then a Tuesday after a holiday.
    let coins = every(Interval::Day, "2025-01-11T00:00:00Z", 86_400, vec![flat("BTC-USDT", &["10"; 4])]);
    let told = completed(&coins, vec![(1, vec![buy("BTC-USDT", "2")]), (2, vec![sell("BTC-USDT", "1")])]);
    assert_eq!(told.records().iter().map(|record| record.id).collect::<Vec<_>>(), [0, 1, 2, 3]);
    assert_eq!(told.records()[3].positions[&symbol("BTC-USDT")], shares("1"));
    let starts =
        ["2025-01-16", "2025-01-17", "2025-01-21"].map(|day| format!("{day}T00:00:00Z").parse().unwrap());
    let stocks = Bars::new(Interval::Day, starts.into(), vec![flat("A", &["10"; 3])]).unwrap();
    let told = completed(&Arc::new(stocks), vec![(1, vec![buy("A", "3")]), (2, vec![sell("A", "1")])]);
    assert_eq!(told.fills()[1].cash, cash("9980"));
    assert_eq!(told.fills()[1].position, shares("2"));
}

#[test]
fn e5_a_bar_that_is_tried_again_trades_once() {
    let bars = daily(vec![flat("A", &["100"; 4])]);
    let snapshot = RunSnapshot { chunk_bars: 1, ..terms(&bars) };
    let policy = script([(1, vec![buy("A", "10")]), (2, vec![buy("A", "10")])]);
    let mut told = Told::requested(&snapshot);
    told.advance(&bars, &policy);
    // The answer to this attempt is lost; the events were not stored, or they were: either way it is one bar.
    let lost = advance(&told.run, &bars, &policy).unwrap();
    told.advance(&bars, &policy);
    assert_eq!(told.events[told.events.len() - lost.len()..], lost);
    let from_bar = 1;
    let again = crate::run::Advance { from_bar, bars: bars.clone(), policy: policy.clone() };
    let refused = told.run.decide(RunCommand::Advance(again)).unwrap_err();
    assert_eq!(refused, RunError::StaleAdvance { from_bar: 1, next_bar: 2 });
    while told.run.next_bar().is_some() {
        told.advance(&bars, &policy);
    }
    assert_eq!(told.trades(), ["1 buy 10 A 100", "2 buy 10 A 100"]);
}

#[test]
fn e6_a_run_that_cannot_go_on_has_failed_with_its_reason() {
    let bars = daily(vec![flat("A", &["100"; 3])]);
    let mut told = Told::requested(&terms(&bars));
    told.send(RunCommand::Fail { reason: "no answer after 3 attempts".to_owned() }).unwrap();
    assert_eq!(told.run.status(), Some(RunStatus::Failed));
    let Run::Over(ended) = &told.run else { panic!("the run is over") };
    assert_eq!(ended.outcome, Outcome::Failed { reason: "no answer after 3 attempts".to_owned() });
}

#[test]
fn e7_and_e11_the_figures_count_positions_trades_and_the_fall_from_the_initial_value() {
    let bars = daily(vec![flat("A", &["100", "100", "90", "95"])]);
    let figures =
        completed(&bars, vec![(1, vec![buy("A", "50")]), (3, vec![sell("A", "10")])]).figures().clone();
    assert_eq!((figures.value, figures.cash), (cash("9750"), cash("5950")));
    assert_eq!((figures.counts.buys, figures.counts.sells), (1, 1));
    let fall = figures.max_drawdown.unwrap();
    assert_eq!((fall.peak.bar, fall.peak.value, fall.trough.value), (0, cash("10000"), cash("9500")));
}

#[test]
fn e8_every_symbol_has_a_mark_of_its_own() {
    let bars = daily(vec![flat("A", &["100", "100", "110"]), flat("B", &["10", "10", "20"])]);
    let told = completed(&bars, vec![(1, vec![buy("A", "1"), buy("B", "1")])]);
    assert_eq!(told.equity(), ["10000", "10000", "10020"].map(cash));
}

#[test]
fn e9_and_e21_every_run_has_an_account_of_its_own() {
    let bars = daily(vec![flat("A", &["100"; 3])]);
    let orders = || vec![(1, vec![buy("A", "100")])];
    let (first, second) = (completed(&bars, orders()), completed(&bars, orders()));
    assert_eq!(first.events, second.events, "nothing of the first is left for the second");
    assert_eq!(second.equity()[0], cash("10000"));
}

#[test]
fn e10_a_bar_of_several_executions_is_one_point_of_the_equity_series() {
    let bars = daily(vec![flat("A", &["100"; 3])]);
    let told = completed(&bars, vec![(1, vec![buy("A", "1"), buy("A", "2"), sell("A", "1")])]);
    assert_eq!((told.equity().len(), told.records().len()), (3, 5));
}

#[test]
fn e13_symbols_that_are_not_allowed_are_refused_with_the_cash_as_asked() {
    let bars = daily(vec![flat("A", &["100"; 3]), flat("B", &["100"; 3])]);
    let snapshot = RunSnapshot { symbols: vec![symbol("B")], initial_cash: cash("500"), ..terms(&bars) };
    let told =
        Told::completed(&snapshot, &bars, &script([(1, vec![buy("A", "1"), buy("B", "6"), buy("B", "5")])]));
    assert_eq!(told.trades(), ["1 buy 5 B 100"]);
    let causes: Vec<_> = told.refusals().iter().map(|it| it.refusal.cause()).collect();
    assert_eq!(causes, ["symbol_not_allowed", "insufficient_cash"]);
}

#[test]
fn e14_rules_look_at_simulated_time_and_at_sales_too() {
    let limit = Limit::Blackout { start: "10:30".parse().unwrap(), end: "11:30".parse().unwrap() };
    let rule = Rule { name: "quiet".to_owned(), priority: 5, applies_to_symbols: Vec::new(), limit };
    // 11:00 in New York is 16:00 UTC in November.
    let bars = at(
        &["2025-11-05T14:00:00Z", "2025-11-05T15:00:00Z", "2025-11-05T16:00:00Z", "2025-11-05T17:00:00Z"],
        &["100"; 4],
    );
    let snapshot = RunSnapshot { risk: Risk { rules: vec![rule], ..Risk::default() }, ..terms(&bars) };
    let policy = script((1..4).map(|bar| (bar, vec![if bar == 1 { buy("A", "2") } else { sell("A", "1") }])));
    let told = Told::completed(&snapshot, &bars, &policy);
    assert_eq!(told.trades(), ["1 buy 2 A 100", "3 sell 1 A 100"]);
    assert_eq!(told.refusals()[0].refusal.cause(), "rule");
}

#[test]
fn e15_runs_side_by_side_read_nothing_of_each_other() {
    let bars = daily(vec![flat("A", &["100"; 6])]);
    let policy: Arc<dyn Policy> = ask(|_, orders| orders.push(buy("A", "7")));
    let start = |money: &str| {
        Told::requested(&RunSnapshot { chunk_bars: 1, initial_cash: cash(money), ..terms(&bars) })
    };
    let (mut rich, mut poor) = (start("7000"), start("700"));
    while rich.run.next_bar().is_some() {
        rich.advance(&bars, &policy);
        poor.advance(&bars, &policy);
    }
    assert_eq!((rich.fills().len(), poor.fills().len()), (5, 1));
}

#[test]
fn e16_bars_are_dated_and_timed_in_new_york_in_summer_and_winter() {
    // 04:30 UTC is half past midnight in July, but still the evening before in January.
    for (first, second, same) in [
        ("2025-07-08T03:30:00Z", "2025-07-08T04:30:00Z", false),
        ("2025-01-08T04:30:00Z", "2025-01-08T05:30:00Z", false),
        ("2025-01-08T03:30:00Z", "2025-01-08T04:30:00Z", true),
    ] {
        let bars = at(&["2025-01-01T00:00:00Z", first, second], &["100"; 3]);
        let told = completed(&bars, vec![(1, vec![buy("A", "1")]), (2, vec![sell("A", "1")])]);
        let dates: Vec<_> = told.fills().iter().map(|filled| filled.trading_date).collect();
        assert_eq!(dates[0] == dates[1], same, "{first} and {second}");
    }
}

#[test]
fn e17_and_e18_a_first_sale_is_refused_with_a_reason_and_fed_back() {
    let bars = daily(vec![flat("A", &["100"; 4])]);
    let policy = ask(|view, orders| match view.bar() {
        1 => orders.extend([sell("A", "1"), buy("A", "1000")]),
        2 => {
            let reasons: Vec<_> = view.refusals().iter().map(|it| it.refusal.to_string()).collect();
            assert_eq!(reasons, ["no position in A", "100000 required at 100, 10000 available"]);
            orders.push(buy("A", "1"));
        }
        _ => {}
    });
    assert_eq!(Told::completed(&terms(&bars), &bars, &policy).trades(), ["2 buy 1 A 100"]);
}

#[test]
fn e19_a_bar_with_a_trade_has_no_line_without_one() {
    let bars = daily(vec![flat("A", &["100"; 4])]);
    let told = completed(&bars, vec![(1, vec![buy("A", "1")]), (2, vec![sell("A", "9")])]);
    let actions: Vec<_> = told.records().iter().map(|record| record.action).collect();
    assert_eq!(actions, [Action::Opened, Action::Buy, Action::NoTrade, Action::NoTrade]);
}

#[test]
fn e20_a_run_is_deleted_whole_and_not_while_it_trades_and_stopping_keeps_it() {
    let bars = daily(vec![flat("A", &["100"; 3])]);
    let mut told = Told::requested(&terms(&bars));
    assert_eq!(told.run.decide(RunCommand::Delete).unwrap_err(), RunError::StillTrading);
    told.send(RunCommand::Cancel { reason: "enough".to_owned() }).unwrap();
    assert_eq!(told.run.status(), Some(RunStatus::Cancelled));
    told.send(RunCommand::Delete).unwrap();
    assert_eq!((told.run.status(), told.run.trading()), (None, None));
}

#[test]
fn e23_a_run_trades_over_the_bars_that_it_names_and_no_others() {
    let bars = daily(vec![flat("A", &["100"; 3])]);
    let others = daily(vec![flat("A", &["100", "100", "101"])]);
    let told = Told::requested(&terms(&bars));
    let refused = advance(&told.run, &others, &script([])).unwrap_err();
    assert!(matches!(refused, RunError::OtherBars { .. }));
}

#[test]
fn e26_a_finished_run_is_over_wherever_it_is_folded_from_its_events() {
    let bars = daily(vec![flat("A", &["100"; 3])]);
    let told = completed(&bars, vec![]);
    let mut folded = Run::default();
    told.events.iter().for_each(|event| folded.evolve(event));
    assert_eq!(folded.status(), Some(RunStatus::Completed));
    assert_eq!(folded.next_bar(), None);
}

#[test]
fn e27_the_order_of_a_coin_is_rounded_and_not_its_result() {
    let bars = daily(vec![flat("BTC-USDT", &["30000.12345678"; 3])]);
    let told = completed(&bars, vec![(1, vec![buy("BTC-USDT", "0.12345"), buy("BTC-USDT", "0.1234")])]);
    assert_eq!(told.refusals()[0].refusal.cause(), "amount_not_whole");
    // 0.1234 x 30000.12345678, rounded once.
    assert_eq!(told.fills()[0].cash, cash("10000") - cash("3702.015235"));
}

#[test]
fn e28_what_may_be_sold_depends_on_dates_and_not_on_stamps() {
    let bars = every(Interval::Hour, "2025-11-05T02:00:00Z", 3_600, vec![flat("600519.SH", &["10"; 3])]);
    let told =
        completed(&bars, vec![(1, vec![buy("600519.SH", "100")]), (2, vec![sell("600519.SH", "100")])]);
    assert!(matches!(told.refusals()[0].refusal, Refusal::BoughtToday { .. }));
}

#[test]
fn e30_an_order_without_a_quantity_is_no_order() {
    let order = r#"{"side":"buy","symbol":"A","kind":{"type":"market"}}"#;
    assert!(serde_json::from_str::<Order>(order).unwrap_err().to_string().contains("quantity"));
}

#[test]
fn e31_records_are_numbered_by_their_run() {
    let bars = daily(vec![flat("A", &["100"; 3])]);
    let ids = || {
        let told = completed(&bars, vec![(1, vec![buy("A", "1"), buy("A", "1")])]);
        told.records().iter().map(|record| record.id).collect::<Vec<_>>()
    };
    assert_eq!((ids(), ids()), (vec![0, 1, 2, 3], vec![0, 1, 2, 3]));
}
