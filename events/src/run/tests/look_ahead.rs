//! No policy learns anything before it could have been known.

use std::sync::Arc;

use super::support::{Row, Told, ask, columns, daily, price, shares, symbol, terms};
use crate::market::Bars;
use crate::policy::{FillRule, KnownPrices, NotKnown, Order, OrderSide, View};
use crate::run::RunSnapshot;

const ROWS: [Row; 4] = [
    Some(["10", "12", "9", "11"]),
    Some(["20", "22", "19", "21"]),
    Some(["30", "32", "29", "31"]),
    Some(["40", "42", "39", "41"]),
];

fn bars() -> Arc<Bars> {
    daily(vec![columns("A", &ROWS)])
}

fn at_bar_two(fill_rule: FillRule, look: impl Fn(&View<'_>) + Send + Sync + 'static) {
    let bars = bars();
    let policy = ask(move |view, _| {
        if view.bar() == 2 {
            look(view);
        }
    });
    Told::completed(&RunSnapshot { fill_rule, ..terms(&bars) }, &bars, &policy);
}

#[test]
fn at_the_open_only_the_open_of_the_bar_is_known() {
    at_bar_two(FillRule::Open, |view| {
        assert_eq!(view.complete_bars(), 2);
        assert_eq!(view.open_now(0), Some(price("30")));
        assert_eq!(view.price_now(0), Some(price("30")));
        assert_eq!(view.last_close(0), Some(price("21")));
        assert_eq!(view.bar_back(0, 0).unwrap().close, price("21"));
        assert_eq!(view.bar_back(0, 1).unwrap().close, price("11"));
        assert_eq!(view.bar_back(0, 2), None);
        assert_eq!(view.bar_back(0, usize::MAX), None);
        assert_eq!(view.price_at(&symbol("A"), view.bar_start()), Ok(KnownPrices::OpenOnly(price("30"))));
    });
}

#[test]
fn at_the_close_the_bar_is_known_and_nothing_after_it() {
    for fill_rule in [FillRule::NextOpen, FillRule::SameClose, FillRule::NextClose] {
        at_bar_two(fill_rule, |view| {
            assert_eq!(view.complete_bars(), 3);
            assert_eq!(view.price_now(0), Some(price("31")));
            assert_eq!(view.bar_back(0, 0).unwrap().high, price("32"));
            assert!(matches!(view.price_at(&symbol("A"), view.bar_start()), Ok(KnownPrices::Complete(_))));
        });
    }
}

#[test]
fn asking_for_any_later_bar_is_refused() {
    let bars = bars();
    let starts = bars.starts().to_vec();
    for fill_rule in [FillRule::Open, FillRule::NextOpen, FillRule::SameClose, FillRule::NextClose] {
        let starts = starts.clone();
        at_bar_two(fill_rule, move |view| {
            for later in &starts[3..] {
                let answer = view.price_at(&symbol("A"), *later);
                assert!(matches!(answer, Err(NotKnown::NotYetKnown { .. })), "{answer:?}");
            }
            let far = "2100-01-01T00:00:00Z".parse().unwrap();
            assert!(matches!(view.price_at(&symbol("A"), far), Err(NotKnown::NotYetKnown { .. })));
            assert!(matches!(view.price_at(&symbol("ZZZ"), starts[0]), Err(NotKnown::UnknownSymbol { .. })));
        });
    }
}

#[test]
fn prices_that_follow_the_decision_cannot_change_it() {
    // Two futures that part after bar 2's open: what is seen at bar 2's open is the same text.
    let mut other = ROWS;
    other[2] = Some(["30", "99", "1", "50"]);
    other[3] = Some(["7", "8", "6", "7"]);
    let seen = |rows: &[Row]| {
        let bars = daily(vec![columns("A", rows)]);
        let told = std::sync::Arc::new(std::sync::Mutex::new(Vec::new()));
        let log = Arc::clone(&told);
        let policy = ask(move |view, orders| {
            if view.bar() == 1 {
                // Feelers: were they matched against bar 2 before its decision, they would tell its range.
                let feeler = |text| Order::limit(OrderSide::Buy, symbol("A"), shares("1"), price(text));
                orders.extend(["2", "5", "28"].map(feeler));
                orders.push(Order::stop(OrderSide::Buy, symbol("A"), shares("1"), price("90")));
            }
            if view.bar() == 2 {
                let waiting: Vec<_> = view.resting().map(|it| it.id).collect();
                let state = (view.cash(), view.position(0), view.equity_before(), view.equity_now(), waiting);
                log.lock().unwrap().push(format!("{state:?} {:?}", view.refusals()));
            }
        });
        Told::completed(&terms(&bars), &bars, &policy);
        told.lock().unwrap().clone()
    };
    assert_eq!(seen(&ROWS), seen(&other));
}

#[test]
fn bars_before_the_run_are_history_and_not_traded() {
    let bars = bars();
    let mut snapshot = terms(&bars);
    snapshot.bars.warmup = 2;
    snapshot.first_bar_at = bars.starts()[2];
    let policy = ask(|view, _| {
        assert_eq!((view.bar(), view.complete_bars()), (1, 3));
        assert_eq!(view.bar_back(0, 2).unwrap().open, price("10"));
    });
    let told = Told::completed(&snapshot, &bars, &policy);
    assert_eq!(told.figures().bars, 2);
    told.assert_rechecks(&bars, &policy);
}
