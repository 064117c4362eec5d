//! From request to deletion: which command is taken in which state.

use super::support::{Told, advance, buy, daily, flat, request, script, symbol, terms};
use crate::model::{ModelDraft, ModelSettings};
use crate::policy::{FieldError, Order, OrderSide};
use crate::run::{
    Fingerprint, Freeze, InvalidFingerprint, RunCommand, RunError, RunEvent, RunSnapshot, RunStatus,
};
use crate::testing::given;
use crate::{Decider, Run};

fn cancel() -> RunCommand {
    RunCommand::Cancel { reason: "changed my mind".to_owned() }
}

fn fail() -> RunCommand {
    RunCommand::Fail { reason: "no prices".to_owned() }
}

fn snapshot() -> RunSnapshot {
    terms(&daily(vec![flat("A", &["1"; 3])]))
}

#[test]
fn a_run_is_requested_once() {
    let requested = given::<Run>([]).when(request(&snapshot())).events();
    given::<Run>(requested.clone()).when(request(&snapshot())).then([]);
    let other = RunSnapshot { chunk_bars: 7, ..snapshot() };
    given::<Run>(requested).when(request(&other)).refused(RunError::AlreadyRequested);
}

#[test]
fn terms_report_every_broken_rule() {
    let broken = RunSnapshot {
        symbols: vec![],
        initial_cash: "0".parse().unwrap(),
        slippage_rate: "0.2".parse().unwrap(),
        chunk_bars: 0,
        ..snapshot()
    };
    let Err(RunError::InvalidSnapshot(errors)) = Run::default().decide(request(&broken)) else {
        panic!("the terms are taken")
    };
    let fields: Vec<_> = errors.iter().map(|error| error.field.as_str()).collect();
    assert_eq!(fields, ["symbols", "initial_cash", "slippage_rate", "chunk_bars"]);
}

#[test]
fn a_snapshot_freezes_the_model_and_reports_symbols_without_bars() {
    let bars = daily(vec![flat("A", &["1"; 3]), flat("B", &["1"; 3])]);
    let draft = ModelDraft { name: "Steady".to_owned(), ..ModelDraft::default() };
    let settings = ModelSettings::of(draft).unwrap();
    let freeze = |symbols: Option<Vec<crate::Symbol>>, warmup| {
        let from = Freeze {
            settings: &settings,
            bars: &bars,
            warmup,
            vintage: 4,
            symbols,
            initial_cash: None,
            chunk_bars: None,
            code_version: "0.1.0",
        };
        RunSnapshot::freeze(from)
    };
    let snapshot = freeze(None, 1).unwrap();
    assert_eq!(snapshot.symbols, [symbol("A"), symbol("B")]);
    assert_eq!((snapshot.run_bars(), snapshot.periods_per_year, snapshot.bars.vintage), (2, 252, 4));
    assert_eq!(snapshot.first_bar_at, bars.starts()[1]);
    Told::completed(&snapshot, &bars, &script([]));
    let fields = |refused: Vec<FieldError>| refused.into_iter().map(|error| error.field).collect::<Vec<_>>();
    assert_eq!(fields(freeze(Some(vec![symbol("C")]), 0).unwrap_err()), ["symbols"]);
    assert_eq!(fields(freeze(None, 3).unwrap_err()), ["bars"]);
}

#[test]
fn a_fingerprint_reads_back_from_its_digits() {
    let fingerprint = snapshot().bars.fingerprint;
    assert_eq!(fingerprint.to_string().parse(), Ok(fingerprint));
    for text in ["", "00", &"g".repeat(64), &"é".repeat(32)] {
        assert_eq!(text.parse::<Fingerprint>(), Err(InvalidFingerprint));
    }
}

#[test]
fn nothing_but_a_request_begins_a_run() {
    for command in [cancel(), fail(), RunCommand::Delete] {
        given::<Run>([]).when(command).refused(RunError::NotRequested);
    }
}

#[test]
fn a_run_goes_from_pending_through_running_to_completed() {
    let bars = daily(vec![flat("A", &["1"; 3])]);
    let mut told = Told::requested(&RunSnapshot { chunk_bars: 2, ..terms(&bars) });
    assert_eq!(told.run.status(), Some(RunStatus::Pending));
    told.advance(&bars, &script([]));
    assert_eq!(told.run.status(), Some(RunStatus::Running));
    told.advance(&bars, &script([]));
    assert_eq!(told.run.status(), Some(RunStatus::Completed));
    assert_eq!(advance(&told.run, &bars, &script([])), Err(RunError::Over(RunStatus::Completed)));
}

#[test]
fn a_run_advances_only_over_the_bars_of_its_snapshot() {
    let bars = daily(vec![flat("A", &["1", "1", "2"])]);
    let told = Told::requested(&snapshot());
    assert!(matches!(advance(&told.run, &bars, &script([])), Err(RunError::OtherBars { .. })));
    let mut lying = terms(&bars);
    lying.bars.warmup = 1;
    let told = Told::requested(&lying);
    let refused = advance(&told.run, &bars, &script([]));
    assert_eq!(refused, Err(RunError::SnapshotMismatch("the first bar differs")));
}

#[test]
fn cancelling_twice_is_cancelling_once() {
    let mut told = Told::requested(&snapshot());
    told.send(cancel()).unwrap();
    assert_eq!(told.run.status(), Some(RunStatus::Cancelled));
    assert_eq!(told.run.decide(cancel()), Ok(vec![]));
    assert_eq!(told.run.decide(fail()), Err(RunError::Over(RunStatus::Cancelled)));
}

#[test]
fn a_failed_run_keeps_what_it_did_and_ends_what_waits() {
    let bars = daily(vec![flat("A", &["10"; 4])]);
    let limit =
        Order::limit(OrderSide::Buy, buy("A", "1").symbol, buy("A", "1").quantity, "5".parse().unwrap());
    let policy = script([(1, vec![buy("A", "1"), limit])]);
    let mut told = Told::requested(&RunSnapshot { chunk_bars: 2, ..terms(&bars) });
    told.advance(&bars, &policy);
    told.send(fail()).unwrap();
    assert_eq!(told.run.status(), Some(RunStatus::Failed));
    let [.., RunEvent::OrderCancelled(ended), RunEvent::RunFailed(failed)] = told.events.as_slice() else {
        panic!("the waiting order and the run end")
    };
    assert_eq!((ended.order_id.0, failed.figures.bars, failed.figures.records), (1, 2, 2));
    told.assert_rechecks(&bars, &policy);
}

#[test]
fn only_a_run_that_is_over_is_deleted_and_then_refuses_everything() {
    let mut told = Told::requested(&snapshot());
    assert_eq!(told.run.decide(RunCommand::Delete), Err(RunError::StillTrading));
    told.send(cancel()).unwrap();
    told.send(RunCommand::Delete).unwrap();
    assert_eq!(told.run, Run::Deleted);
    assert_eq!(told.run.decide(RunCommand::Delete), Ok(vec![]));
    assert_eq!(told.run.decide(cancel()), Err(RunError::Deleted));
    assert_eq!(told.run.decide(request(&snapshot())), Err(RunError::Deleted));
}

#[test]
fn the_state_reads_back_from_a_stored_snapshot_of_it() {
    let bars = daily(vec![flat("A", &["10"; 6])]);
    let limit =
        Order::limit(OrderSide::Buy, buy("A", "1").symbol, buy("A", "1").quantity, "5".parse().unwrap());
    let policy = script([(1, vec![buy("A", "1"), limit, buy("A", "9999")])]);
    let mut told = Told::requested(&RunSnapshot { chunk_bars: 2, ..terms(&bars) });
    told.advance(&bars, &policy);
    let json = serde_json::to_vec(&told.run).unwrap();
    assert_eq!(serde_json::from_slice::<Run>(&json).unwrap(), told.run);
}
