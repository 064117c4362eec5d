//! Contributions, withdrawals and equity that is set by hand.

use jiff::civil::date;

use super::support::*;
use crate::portfolio::*;
use crate::testing::given;
use crate::{Cash, Decider};

fn draft(change_type: EquityChangeKind, amount: &str) -> EquityChangeDraft {
    EquityChangeDraft { change_type, amount: cash(amount), change_date: date(2025, 7, 10), notes: None }
}

fn record(draft: EquityChangeDraft, equity: Option<Cash>) -> PortfolioCommand {
    command(0, PortfolioAct::RecordEquityChange { equity_change_id: flow_id(1), draft, equity })
}

fn recorded() -> PortfolioEvent {
    PortfolioEvent::EquityChangeRecorded(EquityChangeRecorded {
        equity_change_id: flow_id(1),
        change_type: EquityChangeKind::Contribution,
        amount: cash("5000"),
        change_date: date(2025, 7, 10),
        notes: None,
        at: at(0),
    })
}

fn edit(minutes: i64, amount: &str) -> PortfolioCommand {
    let edit = EquityChangeEdit { amount: Some(cash(amount)), ..EquityChangeEdit::default() };
    command(minutes, PortfolioAct::EditEquityChange { equity_change_id: flow_id(1), edit, equity: None })
}

fn delete(minutes: i64) -> PortfolioCommand {
    command(minutes, PortfolioAct::DeleteEquityChange { equity_change_id: flow_id(1) })
}

fn refusal(rule: EquityRule) -> PortfolioError {
    PortfolioError::EquityChange(rule)
}

#[test]
fn a_contribution_is_recorded_once() {
    let contribution = || record(draft(EquityChangeKind::Contribution, "5000"), None);
    given::<Portfolio>([opened()]).when(contribution()).then([recorded()]);
    given::<Portfolio>([opened(), recorded()]).when(contribution()).then([]);
}

#[test]
fn a_withdrawal_may_take_all_there_is_and_not_more() {
    let withdrawal = |amount| record(draft(EquityChangeKind::Withdrawal, amount), Some(cash("2000")));
    assert_eq!(after([]).decide(withdrawal("2000")).unwrap().len(), 1);
    assert_eq!(faults(&after([]), withdrawal("2000.01")), pairs(&[("amount", "EQUITY_003")]));
    let unknown = record(draft(EquityChangeKind::Withdrawal, "1"), None);
    assert_eq!(faults(&after([]), unknown), pairs(&[("amount", "EQUITY_003")]));
}

#[test]
fn every_broken_rule_of_a_flow_is_reported() {
    let wrong = EquityChangeDraft {
        change_date: today().tomorrow().unwrap(),
        notes: Some("x".repeat(501)),
        ..draft(EquityChangeKind::Contribution, "0")
    };
    let expected = [("amount", "EQUITY_001"), ("change_date", "EQUITY_002"), ("notes", "too_long")];
    assert_eq!(faults(&after([]), record(wrong, None)), pairs(&expected));
    let huge = record(draft(EquityChangeKind::Contribution, "1000000000000.01"), None);
    assert_eq!(faults(&after([]), huge), pairs(&[("amount", "out_of_range")]));
}

#[test]
fn a_flow_can_be_edited_for_seven_days() {
    let edited = PortfolioEvent::EquityChangeEdited(EquityChangeEdited {
        equity_change_id: flow_id(1),
        amount: cash("6000"),
        change_date: date(2025, 7, 10),
        notes: None,
        change_date_before: date(2025, 7, 10),
        at: at(days(7)),
    });
    let history = || [opened(), recorded()];
    given::<Portfolio>(history()).when(edit(days(7), "6000")).then([edited]);
    given::<Portfolio>(history()).when(edit(1, "5000")).then([]);
    given::<Portfolio>(history())
        .when(edit(days(7) + 1, "6000"))
        .refused(refusal(EquityRule::EditWindowOver));
    given::<Portfolio>([opened()]).when(edit(1, "6000")).refused(refusal(EquityRule::NotFound));
    assert_eq!(faults(&after([recorded()]), edit(1, "-1")), pairs(&[("amount", "EQUITY_001")]));
}

#[test]
fn a_flow_can_be_deleted_for_thirty_days_and_once() {
    let deleted = |minutes| {
        PortfolioEvent::EquityChangeDeleted(EquityChangeDeleted {
            equity_change_id: flow_id(1),
            change_date: date(2025, 7, 10),
            at: at(minutes),
        })
    };
    let history = || [opened(), recorded()];
    given::<Portfolio>(history()).when(delete(days(30))).then([deleted(days(30))]);
    given::<Portfolio>(history()).when(delete(days(30) + 1)).refused(refusal(EquityRule::DeleteWindowOver));
    let twice = [opened(), recorded(), deleted(1)];
    given::<Portfolio>(twice.clone()).when(delete(2)).refused(refusal(EquityRule::AlreadyDeleted));
    let state = given::<Portfolio>(twice).state();
    assert_eq!((state.equity_changes.len(), state.flow_on(date(2025, 7, 10))), (1, Cash::ZERO));
}

#[test]
fn the_rules_have_their_published_codes() {
    let rules = [
        EquityRule::AmountNotPositive,
        EquityRule::FutureDate,
        EquityRule::AboveEquity,
        EquityRule::EditWindowOver,
        EquityRule::DeleteWindowOver,
        EquityRule::NotFound,
        EquityRule::AlreadyDeleted,
    ];
    let codes = ["001", "002", "003", "006", "007", "008", "009"].map(|number| format!("EQUITY_{number}"));
    assert_eq!(rules.map(EquityRule::code).to_vec(), codes);
}

#[test]
fn equity_is_set_once_a_date_and_the_last_word_counts() {
    let set = |equity: &str, on| {
        let act = PortfolioAct::AdjustEquity { adjustment_date: on, equity: cash(equity), notes: None };
        command(0, act)
    };
    let mut state = after([]);
    for equity in ["1", "2", "2"] {
        let events = state.decide(set(equity, today())).unwrap();
        events.iter().for_each(|event| state.evolve(event));
    }
    assert_eq!(state.equity_adjustments.len(), 1);
    assert_eq!(state.equity_adjustments[&today()].equity, cash("2"));
    assert_eq!(state.decide(set("2", today())), Ok(vec![]));
    let wrong = set("-1", today().tomorrow().unwrap());
    let expected = [("equity_balance", "out_of_range"), ("adjustment_date", "future_date")];
    assert_eq!(faults(&state, wrong), pairs(&expected));
}
