//! Rules of recorded valuations.

use jiff::civil::date;
use jiff::{SignedDuration, Timestamp};

use super::*;
use crate::portfolio::valuation::Standing;
use crate::testing::given;

fn at(minutes: i64) -> Timestamp {
    Timestamp::UNIX_EPOCH + SignedDuration::from_mins(minutes)
}

fn from(portfolio_version: i64, vintage: i64) -> ComputedFrom {
    let portfolio_version = Version(portfolio_version);
    ComputedFrom { method_version: METHOD_VERSION, portfolio_version, vintage }
}

fn july(day: i8) -> Date {
    date(2025, 7, day)
}

fn snapshot(day: i8, equity: &str) -> Snapshot {
    let cash = |text: &str| text.parse().unwrap();
    Snapshot {
        snapshot_date: july(day),
        standing: Standing { equity: Some(cash(equity)), ..Standing::default() },
        opening_equity: None,
        daily_pnl: cash("0"),
        cumulative_pnl: cash("0"),
        daily_realized: cash("0"),
        cumulative_realized: cash("0"),
        daily_flow: cash("0"),
        cumulative_flow: cash("0"),
        adjustment: cash("0"),
        baseline: false,
        is_complete: true,
        target_returns: None,
        lots: vec![],
    }
}

/// Of all days in July 2025.
fn record(
    computed_from: ComputedFrom,
    part: Part,
    snapshots: impl IntoIterator<Item = Snapshot>,
) -> ValuationCommand {
    let snapshots = snapshots.into_iter().map(|snapshot| Digested::of(snapshot).unwrap()).collect();
    let (from, through) = (july(1), july(31));
    let calculations = BTreeSet::new();
    let record = RecordSnapshots { computed_from, from, through, snapshots, part, calculations };
    ValuationCommand { at: at(1), act: ValuationAct::Record(record) }
}

/// The same, begun after these were asked for.
fn answering(calculations: &[CalculationId], mut command: ValuationCommand) -> ValuationCommand {
    if let ValuationAct::Record(record) = &mut command.act {
        record.calculations = calculations.iter().copied().collect();
    }
    command
}

fn recorded<const COUNT: usize>(
    computed_from: ComputedFrom,
    snapshots: [Snapshot; COUNT],
    removed: &[Date],
) -> ValuationEvent {
    let (snapshots, removed) = (snapshots.to_vec(), removed.to_vec());
    ValuationEvent::SnapshotsRecorded(SnapshotsRecorded { computed_from, snapshots, removed, at: at(1) })
}

fn completed(computed_from: ComputedFrom, calculations: &[CalculationId]) -> ValuationEvent {
    let calculations = calculations.to_vec();
    let completed = ValuationCompleted { computed_from, through: july(31), calculations, at: at(1) };
    ValuationEvent::ValuationCompleted(completed)
}

fn three_days() -> [ValuationEvent; 2] {
    let days = [snapshot(1, "100"), snapshot(2, "110"), snapshot(3, "120")];
    [recorded(from(1, 1), days, &[]), completed(from(1, 1), &[])]
}

fn calculation(number: u8) -> CalculationId {
    CalculationId::derived(&[&[number]])
}

fn request(number: u8) -> ValuationCommand {
    ValuationCommand { at: at(0), act: asking(number, Beside::Nothing) }
}

fn asking(number: u8, beside: Beside) -> ValuationAct {
    ValuationAct::Request { calculation_id: calculation(number), beside }
}

fn requested(number: u8) -> ValuationEvent {
    let requested = CalculationRequested { calculation_id: calculation(number), at: at(0) };
    ValuationEvent::CalculationRequested(requested)
}

#[test]
fn only_what_differs_is_recorded_again() {
    let all = [snapshot(1, "100"), snapshot(2, "110"), snapshot(3, "120")];
    given::<Valuation>([]).when(record(from(1, 1), Part::Last, all.clone())).then(three_days());
    let late = [snapshot(1, "100"), snapshot(2, "111"), snapshot(3, "121")];
    let [_, second, third] = late.clone();
    given::<Valuation>(three_days())
        .when(record(from(2, 1), Part::Last, late))
        .then([recorded(from(2, 1), [second, third], &[]), completed(from(2, 1), &[])]);
    given::<Valuation>(three_days()).when(record(from(1, 1), Part::Last, all)).then([]);
}

#[test]
fn sessions_that_are_not_there_any_more_are_named() {
    let rest = [snapshot(2, "110"), snapshot(3, "120")];
    given::<Valuation>(three_days())
        .when(record(from(2, 1), Part::Last, rest))
        .then([recorded(from(2, 1), [], &[july(1)]), completed(from(2, 1), &[])]);
}

#[test]
fn other_inputs_with_the_same_result_are_told_once() {
    let all = || [snapshot(1, "100"), snapshot(2, "110"), snapshot(3, "120")];
    let newer = completed(from(1, 2), &[]);
    given::<Valuation>(three_days()).when(record(from(1, 2), Part::Last, all())).then([newer.clone()]);
    given::<Valuation>(three_days().into_iter().chain([newer]))
        .when(record(from(1, 2), Part::Last, all()))
        .then([]);
}

#[test]
fn a_part_completes_nothing() {
    let all = || [snapshot(1, "100"), snapshot(2, "110"), snapshot(3, "120")];
    let begun = recorded(from(1, 1), all(), &[]);
    given::<Valuation>([]).when(record(from(1, 1), Part::More, all())).then([begun.clone()]);
    let state = given::<Valuation>([begun.clone()]).state();
    assert_eq!(state.completed(), None);
    // Whoever begins again after a crash finds what was recorded and goes on.
    given::<Valuation>([begun])
        .when(record(from(1, 1), Part::Last, all()))
        .then([completed(from(1, 1), &[])]);
}

#[test]
fn a_slower_reader_of_older_facts_or_prices_is_refused() {
    for older in [from(1, 9), from(2, 1)] {
        given::<Valuation>([recorded(from(2, 2), [snapshot(1, "1")], &[])])
            .when(record(older, Part::Last, [snapshot(1, "2")]))
            .refused(ValuationError::Outdated { newest: from(2, 2) });
    }
}

#[test]
fn snapshots_stand_in_their_order_and_range() {
    let wrong = [
        (vec![snapshot(2, "1"), snapshot(1, "1")], july(1)),
        (vec![snapshot(2, "1"), snapshot(2, "1")], july(2)),
        (vec![Snapshot { snapshot_date: date(2025, 8, 1), ..snapshot(1, "1") }], date(2025, 8, 1)),
    ];
    for (snapshots, date) in wrong {
        given::<Valuation>([])
            .when(record(from(1, 1), Part::Last, snapshots))
            .refused(ValuationError::OutOfOrder { date });
    }
}

#[test]
fn a_calculation_runs_until_the_valuation_is_complete_or_fails() {
    given::<Valuation>([]).when(request(1)).then([requested(1)]);
    given::<Valuation>([requested(1)]).when(request(1)).then([]);
    given::<Valuation>([requested(1)])
        .when(request(2))
        .refused(ValuationError::Running { calculation_id: calculation(1) });
    let all = || [snapshot(1, "100"), snapshot(2, "110"), snapshot(3, "120")];
    let done = completed(from(1, 1), &[calculation(1)]);
    given::<Valuation>(three_days().into_iter().chain([requested(1)]))
        .when(answering(&[calculation(1)], record(from(1, 1), Part::Last, all())))
        .then([done.clone()]);
    given::<Valuation>([requested(1), done]).when(request(2)).then([requested(2)]);
    let fail = || ValuationCommand { at: at(2), act: ValuationAct::Fail { reason: "no".to_owned() } };
    let failed = CalculationFailed { calculations: vec![calculation(1)], reason: "no".to_owned(), at: at(2) };
    let failed = ValuationEvent::CalculationFailed(failed);
    given::<Valuation>([requested(1)]).when(fail()).then([failed.clone()]);
    given::<Valuation>([requested(1), failed]).when(fail()).then([]);
}

#[test]
fn a_valuation_that_began_before_a_calculation_was_asked_for_does_not_complete_it() {
    let all = || [snapshot(1, "100"), snapshot(2, "110"), snapshot(3, "120")];
    let history = || three_days().into_iter().chain([requested(1)]);
    given::<Valuation>(history()).when(record(from(1, 1), Part::Last, all())).then([]);
    let beside = ValuationCommand { at: at(0), act: asking(2, Beside::Others) };
    given::<Valuation>(history()).when(beside).then([requested(2)]);
    let both = history().chain([requested(2)]);
    let first = answering(&[calculation(1)], record(from(1, 1), Part::Last, all()));
    let outcome = given::<Valuation>(both).when(first).then([completed(from(1, 1), &[calculation(1)])]);
    assert_eq!(outcome.state().running().keys().copied().collect::<Vec<_>>(), [calculation(2)]);
}

#[test]
fn a_snapshot_that_was_read_back_has_the_same_digest() {
    let one = snapshot(1, "100.10");
    let back: Snapshot = serde_json::from_slice(&serde_json::to_vec(&one).unwrap()).unwrap();
    assert_eq!(SnapshotDigest::of(&back).unwrap(), SnapshotDigest::of(&one).unwrap());
    assert_ne!(SnapshotDigest::of(&snapshot(1, "100.11")).unwrap(), SnapshotDigest::of(&one).unwrap());
}
