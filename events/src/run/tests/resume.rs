//! A run that is interrupted after any chunk goes on exactly as one that is not.

use super::conformance::{hourly_terms, scripted, us_hourly};
use super::support::{Told, advance, buy, daily, flat, price, script, sell, shares, symbol, terms};
use crate::policy::{Order, OrderSide};
use crate::run::{Advance, Run, RunCommand, RunError, RunEvent, RunSnapshot};
use crate::{Decider, Event};

#[test]
fn a_crash_after_any_chunk_changes_no_byte() {
    let bars = us_hourly();
    for chunk_bars in [1, 2, 5, 12] {
        let whole = Told::completed(&hourly_terms(&bars, chunk_bars), &bars, &scripted());
        for kept in 1..whole.events.len() {
            // A chunk is kept whole or not at all; the last one ends with the run.
            let (last, next) = (&whole.events[kept - 1], &whole.events[kept]);
            let ends_a_chunk = matches!(last, RunEvent::RunRequested(_) | RunEvent::BarsClosed(_));
            if !ends_a_chunk || matches!(next, RunEvent::RunCompleted(_)) {
                continue;
            }
            // What the log kept, read back from its stored form.
            let mut again = Told { run: Run::default(), events: Vec::new() };
            for event in &whole.events[..kept] {
                let json = event.to_json().unwrap();
                let event =
                    RunEvent::from_json(event.name(), event.schema_version(), &json).unwrap().unwrap();
                again.run.evolve(&event);
                again.events.push(event);
            }
            while again.run.next_bar().is_some() {
                again.advance(&bars, &scripted());
            }
            assert_eq!(again.bytes(), whole.bytes(), "chunks of {chunk_bars}, cut after {kept} events");
            assert_eq!(again.run, whole.run);
        }
    }
}

#[test]
fn chunks_of_any_size_lead_to_the_same_account_and_ledger() {
    let bars = us_hourly();
    let whole = Told::completed(&hourly_terms(&bars, 1_000), &bars, &scripted());
    for chunk_bars in 1..=13 {
        let parts = Told::completed(&hourly_terms(&bars, chunk_bars), &bars, &scripted());
        assert_eq!(parts.run.trading().unwrap().book, whole.run.trading().unwrap().book);
        assert_eq!(parts.records(), whole.records());
        assert_eq!(parts.equity(), whole.equity());
    }
}

#[test]
fn waiting_orders_and_marks_survive_the_end_of_a_chunk() {
    let a = flat("A", &["10", "10", "12", "", "8", "9", "", "", "7", "7"]);
    let b = flat("B", &["5", "5", "5", "6", "", "", "", "4", "4", "9"]);
    let bars = daily(vec![a, b]);
    let patient = |side, quantity, limit| Order::limit(side, symbol("B"), shares(quantity), price(limit));
    let policy = script([
        (1, vec![buy("A", "100"), patient(OrderSide::Buy, "50", "4.5")]),
        (4, vec![sell("A", "40")]),
        (8, vec![patient(OrderSide::Sell, "50", "8")]),
    ]);
    let whole = Told::completed(&terms(&bars), &bars, &policy);
    assert_eq!(whole.trades(), ["1 buy 100 A 10", "4 sell 40 A 8", "7 buy 50 B 4", "9 sell 50 B 9"]);
    for chunk_bars in 1..10 {
        let parts = Told::completed(&RunSnapshot { chunk_bars, ..terms(&bars) }, &bars, &policy);
        assert_eq!(parts.records(), whole.records());
        assert_eq!(parts.equity(), whole.equity());
        parts.assert_rechecks(&bars, &policy);
    }
}

#[test]
fn a_chunk_ends_at_multiples_of_its_size_and_with_the_bar_that_gathers_too_many_events() {
    let prices = vec!["10"; 40];
    let bars = daily(vec![flat("A", &prices)]);
    let refused = (1..40).map(|bar| (bar, vec![sell("A", "1"); if bar == 7 { 600 } else { 1 }]));
    let policy = script(refused);
    let told = Told::completed(&RunSnapshot { chunk_bars: 10, ..terms(&bars) }, &bars, &policy);
    let closed = |event: &RunEvent| {
        if let RunEvent::BarsClosed(closed) = event {
            Some((closed.first_bar, closed.next_bar()))
        } else {
            None
        }
    };
    let chunks: Vec<_> = told.events.iter().filter_map(closed).collect();
    assert_eq!(chunks, [(0, 8), (8, 10), (10, 20), (20, 30), (30, 40)]);
}

#[test]
fn an_advance_that_was_already_made_is_refused() {
    let bars = us_hourly();
    let mut told = Told::requested(&hourly_terms(&bars, 2));
    let before = told.run.clone();
    told.advance(&bars, &scripted());
    // Two actors of the same run: both decide the same, and only one of them is in time.
    assert_eq!(advance(&before, &bars, &scripted()).unwrap(), told.events[1..]);
    let late = RunCommand::Advance(Advance { from_bar: 0, bars: bars.clone(), policy: scripted() });
    assert_eq!(told.run.decide(late), Err(RunError::StaleAdvance { from_bar: 0, next_bar: 2 }));
}

#[test]
fn an_advance_to_a_later_bar_decides_the_next_chunk() {
    let bars = us_hourly();
    let told = Told::requested(&hourly_terms(&bars, 2));
    let ahead = RunCommand::Advance(Advance { from_bar: 4, bars: bars.clone(), policy: scripted() });
    assert_eq!(told.run.decide(ahead).unwrap(), advance(&told.run, &bars, &scripted()).unwrap());
}
