//! A recheck accepts what the engine did and names the first thing that was changed afterwards.

use std::sync::Arc;

use super::support::{Told, buy, cash, columns, daily, flat, price, rate, script, sell, shares, terms};
use crate::Version;
use crate::market::Bars;
use crate::policy::{Order, OrderSide, Policy};
use crate::run::recheck::{Difference, Discrepancy, recheck, redecide};
use crate::run::{OrderFilled, RunEvent, RunSnapshot};

fn policy() -> Arc<dyn Policy> {
    let limit = Order::limit(OrderSide::Buy, buy("A", "1").symbol, shares("3"), price("11"));
    script([(1, vec![buy("A", "10"), limit, sell("A", "99")]), (3, vec![sell("A", "4")])])
}

fn example() -> (Arc<Bars>, Told) {
    let bars = daily(vec![flat("A", &["10", "12", "11", "15", "14", "13"])]);
    let snapshot = RunSnapshot {
        chunk_bars: 3,
        commission_rate: rate("0.001"),
        slippage_rate: rate("0.01"),
        ..terms(&bars)
    };
    let told = Told::completed(&snapshot, &bars, &policy());
    told.assert_rechecks(&bars, &policy());
    (bars, told)
}

/// Changes the first fill and rechecks.
fn tampered(change: impl Fn(&mut OrderFilled)) -> Difference {
    let (bars, mut told) = example();
    for event in &mut told.events {
        if let RunEvent::OrderFilled(filled) = event {
            change(filled);
            break;
        }
    }
    let again = redecide(&bars, &policy(), &told.events).unwrap_err();
    assert!(matches!(again.what, Discrepancy::DecidedOtherwise { .. }));
    recheck(&bars, &told.events).unwrap_err()
}

#[test]
fn every_changed_field_of_a_fill_is_found_and_named() {
    let sentence = |change: fn(&mut OrderFilled)| tampered(change).to_string();
    assert_eq!(
        sentence(|it| it.price = price("12.1")),
        "event 2 (OrderFilled): price is 12.1, but 12.12 follows"
    );
    assert_eq!(
        sentence(|it| it.reference_price = price("11")),
        "event 2 (OrderFilled): the reference price 11 is outside the bar's range 12 to 12"
    );
    assert_eq!(sentence(|it| it.fee = cash("0")), "event 2 (OrderFilled): fee is 0, but 0.1212 follows");
    assert_eq!(
        sentence(|it| it.cash = cash("9999")),
        "event 2 (OrderFilled): cash before is 10120.3212, but 10000 follows"
    );
    assert_eq!(sentence(|it| it.record = 2), "event 2 (OrderFilled): record is 2, but 1 follows");
    assert_eq!(
        sentence(|it| it.position = shares("11")),
        "event 2 (OrderFilled): position is 11, but 10 follows"
    );
    assert_eq!(
        sentence(|it| it.trading_date = "2025-01-08".parse().unwrap()),
        "event 2 (OrderFilled): trading_date is 2025-01-08, but 2025-01-07 follows"
    );
    assert_eq!(
        sentence(|it| it.realised_pnl = cash("1")),
        "event 2 (OrderFilled): realised_pnl is 1, but 0 follows"
    );
    assert!(sentence(|it| it.quantity = shares("11")).starts_with("event 2 (OrderFilled): fee is"));
}

#[test]
fn a_changed_equity_point_is_found_with_its_bar() {
    let (bars, mut told) = example();
    let place = told.events.iter().position(|event| matches!(event, RunEvent::BarsClosed(_))).unwrap();
    let RunEvent::BarsClosed(closed) = &mut told.events[place] else { panic!("found above") };
    closed.value[2] += cash("0.000001");
    let difference = recheck(&bars, &told.events).unwrap_err();
    assert_eq!(difference.version, Version(i64::try_from(place).unwrap() + 1));
    assert!(difference.to_string().contains("value of bar 2"), "{difference}");
}

#[test]
fn changed_figures_other_bars_and_events_out_of_place_are_found() {
    let (bars, told) = example();
    let mut boast = told.clone();
    let Some(RunEvent::RunCompleted(completed)) = boast.events.last_mut() else { panic!("the run is over") };
    completed.figures.counts.buys += 1;
    assert!(matches!(recheck(&bars, &boast.events).unwrap_err().what, Discrepancy::BrokenRule { .. }));
    let other = daily(vec![flat("A", &["10", "12", "11", "15", "14", "12"])]);
    assert!(matches!(recheck(&other, &told.events).unwrap_err().what, Discrepancy::OtherBars { .. }));
    let mut twice = told.events.clone();
    twice.push(told.events[1].clone());
    assert!(matches!(recheck(&bars, &twice).unwrap_err().what, Discrepancy::OutOfPlace { .. }));
    let without_a_fill: Vec<_> = told
        .events
        .iter()
        .enumerate()
        .filter(|(place, _)| *place != 1)
        .map(|(_, event)| event.clone())
        .collect();
    assert!(recheck(&bars, &without_a_fill).is_err());
}

#[test]
fn a_price_within_the_bar_must_still_be_the_one_of_its_rule() {
    let rows = [Some(["10", "10", "10", "10"]), Some(["12", "14", "9", "13"])];
    let bars = daily(vec![columns("A", &rows)]);
    let policy = script([(1, vec![buy("A", "1")])]);
    let mut told = Told::completed(&terms(&bars), &bars, &policy);
    let RunEvent::OrderFilled(filled) = &mut told.events[1] else { panic!("the order fills") };
    (filled.price, filled.reference_price) = (price("13"), price("13"));
    assert_eq!(
        recheck(&bars, &told.events).unwrap_err().to_string(),
        "event 2 (OrderFilled): reference_price is 13, but 12 follows"
    );
}

#[test]
fn another_decision_is_reported_with_its_first_difference() {
    let (bars, told) = example();
    let eager = script([(1, vec![buy("A", "11")])]);
    let difference = redecide(&bars, &eager, &told.events).unwrap_err();
    assert_eq!(difference.version, Version(2));
    assert_eq!(
        difference.to_string(),
        "event 2 (OrderFilled): decided again it has cash \"9866.54668\", recorded is \"9878.6788\""
    );
}
