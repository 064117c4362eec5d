//! Window sums are exact, shared, and tell no more than the view knows.

use std::sync::Arc;

use proptest::collection::vec;
use proptest::prelude::*;

use crate::Price;
use crate::market::Columns;
use crate::policy::{FillRule, Indicators, SharedIndicators};
use crate::run::RunSnapshot;
use crate::run::tests::support::{Told, ask, daily, flat, symbol, terms};

#[test]
fn policies_over_the_same_bars_share_their_indicators() {
    let bars = daily(vec![flat("A", &["1", "2"])]);
    let same_content = daily(vec![flat("A", &["1", "2"])]);
    let other = daily(vec![flat("A", &["1", "3"])]);
    let shared = SharedIndicators::default();
    let first = shared.of(&bars);
    assert!(Arc::ptr_eq(&first, &shared.of(&bars)));
    assert!(Arc::ptr_eq(&first, &shared.of(&same_content)));
    assert!(!Arc::ptr_eq(&first, &shared.of(&other)));
    let freed = Arc::downgrade(&first);
    drop(first);
    assert!(freed.upgrade().is_none(), "nothing is kept for runs that are over");
}

#[test]
fn indicators_of_other_bars_say_nothing() {
    let bars = daily(vec![flat("A", &["1", "2", "3"])]);
    let other = Indicators::new(daily(vec![flat("A", &["1", "2", "4"])]));
    let policy = ask(move |view, _| assert_eq!(other.window_sum(view, 0, 1), None));
    Told::completed(&terms(&bars), &bars, &policy);
}

#[test]
fn a_window_carries_closes_forward_and_needs_all_its_bars() {
    let bars = daily(vec![flat("A", &["", "2", "", "5", "7"]), flat("B", &["1"; 5])]);
    let indicators = Arc::new(Indicators::new(bars.clone()));
    let policy = ask(move |view, _| {
        let sum = |window| indicators.window_sum(view, 0, window).map(|units| units / 100_000_000);
        let expected = match view.bar() {
            1 => [None, None, None],
            2 => [Some(2), None, None],
            3 => [Some(2), Some(4), None],
            _ => [Some(5), Some(7), Some(9)],
        };
        assert_eq!([sum(1), sum(2), sum(3)], expected, "bar {}", view.bar());
    });
    Told::completed(&terms(&bars), &bars, &policy);
}

#[test]
fn closes_beyond_a_million_have_no_exact_squares() {
    let bars = daily(vec![flat("A", &["1000001", "2", "3"])]);
    let indicators = Indicators::new(bars.clone());
    let policy = ask(move |view, _| assert_eq!(indicators.moments(view, 0, 1), None));
    Told::completed(&terms(&bars), &bars, &policy);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn window_sums_agree_with_adding_up_what_the_view_shows(
        closes in vec(0_i64..5, 12), window in 1_usize..6, complete in any::<bool>(),
    ) {
        let prices = closes.iter().map(|close| Price::whole(*close).unwrap()).collect();
        let bars = daily(vec![Columns::flat(symbol("A"), prices), flat("B", &["1"; 12])]);
        let indicators = Indicators::new(bars.clone());
        let policy = ask(move |view, _| {
            let shown: Option<Vec<Price>> = (0..window).map(|back| view.close_back(0, back)).collect();
            let shown = shown.filter(|_| window <= view.complete_bars());
            let sum = shown.as_ref().map(|closes| closes.iter().map(|close| i128::from(close.units())).sum());
            assert_eq!(indicators.window_sum(view, 0, window), sum);
            let square = |close: &Price| i128::from(close.units()).pow(2);
            let squares = shown.as_ref().map(|closes| closes.iter().map(square).sum());
            assert_eq!(indicators.moments(view, 0, window).map(|moments| moments.squares), squares);
        });
        let fill_rule = if complete { FillRule::NextOpen } else { FillRule::Open };
        Told::completed(&RunSnapshot { fill_rule, ..terms(&bars) }, &bars, &policy);
    }
}
