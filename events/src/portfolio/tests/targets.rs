//! Target prices.

use jiff::civil::date;

use super::support::*;
use crate::Decider;
use crate::portfolio::*;
use crate::position::PositionType;
use crate::testing::given;

fn prices(eoy: &str, downside: Option<&str>) -> TargetPrices {
    TargetPrices {
        eoy: Some(price(eoy)),
        next_year: None,
        downside: downside.map(price),
        current_price: Some(price("200")),
    }
}

fn draft(symbol: &str, prices: TargetPrices) -> TargetDraft {
    TargetDraft { symbol: symbol.to_owned(), position_type: None, position_id: None, prices }
}

fn create(targets: Vec<(u8, TargetDraft)>, existing: ExistingTarget) -> PortfolioCommand {
    let targets = targets.into_iter().map(|(number, draft)| (target_id(number), draft)).collect();
    command(0, PortfolioAct::CreateTargets { targets, existing })
}

fn created(number: u8, symbol: &str, prices: TargetPrices) -> PortfolioEvent {
    PortfolioEvent::TargetCreated(TargetCreated {
        target_id: target_id(number),
        symbol: symbol.parse().unwrap(),
        position_type: PositionType::Long,
        position_id: None,
        prices,
        effective_date: today(),
        at: at(0),
    })
}

fn edit(target: TargetName) -> TargetEdit {
    TargetEdit { target, eoy: None, next_year: None, downside: None, current_price: None }
}

#[test]
fn targets_are_created_once_a_symbol_and_type() {
    let command = || create(vec![(1, draft("aapl", prices("230", Some("0"))))], ExistingTarget::Refuse);
    given::<Portfolio>([opened()]).when(command()).then([created(1, "AAPL", prices("230", Some("0")))]);
    let history = || [opened(), created(1, "AAPL", prices("230", None))];
    given::<Portfolio>(history()).when(command()).then([]);
    let exists = |row| PortfolioError::TargetExists { symbol: "AAPL".to_owned(), position_type: "LONG", row };
    let again = create(vec![(2, draft("AAPL", prices("1", None)))], ExistingTarget::Refuse);
    given::<Portfolio>(history()).when(again).refused(exists(0));
    let twice = vec![(2, draft("MSFT", prices("1", None))), (3, draft("AAPL", prices("1", None)))];
    given::<Portfolio>(history()).when(create(twice, ExistingTarget::Refuse)).refused(exists(1));
    let short = TargetDraft { position_type: Some(PositionType::Short), ..draft("AAPL", prices("1", None)) };
    let events =
        given::<Portfolio>(history()).when(create(vec![(2, short)], ExistingTarget::Refuse)).events();
    assert_eq!(events.len(), 1);
}

#[test]
fn an_import_may_update_what_exists() {
    let targets = vec![(2, draft("AAPL", prices("240", None))), (3, draft("MSFT", prices("1", None)))];
    let changed = PortfolioEvent::TargetChanged(TargetChanged {
        target_id: target_id(1),
        prices: prices("240", None),
        effective_date: today(),
        at: at(0),
    });
    given::<Portfolio>([opened(), created(1, "AAPL", prices("230", None))])
        .when(create(targets, ExistingTarget::Update))
        .then([changed, created(3, "MSFT", prices("1", None))]);
}

#[test]
fn a_null_clears_and_silence_keeps() {
    let history = || [opened(), created(1, "AAPL", prices("230", Some("170")))];
    let edits = vec![TargetEdit { downside: Some(None), ..edit(TargetName::Id(target_id(1))) }];
    let state =
        given::<Portfolio>(history()).when(command(1, PortfolioAct::ChangeTargets(edits.clone()))).state();
    assert_eq!(state.targets[&target_id(1)].latest(), prices("230", None));
    assert_eq!(state.decide(command(2, PortfolioAct::ChangeTargets(edits))), Ok(vec![]));
    let by_pair = edit(TargetName::Of("AAPL".parse().unwrap(), PositionType::Long));
    let act = PortfolioAct::ChangeTargets(vec![TargetEdit { eoy: Some(Some(price("0"))), ..by_pair }]);
    assert_eq!(given::<Portfolio>(history()).when(command(1, act)).events().len(), 1);
}

#[test]
fn every_broken_rule_of_targets_is_reported_with_its_row() {
    let state = after([created(1, "AAPL", prices("230", None))]);
    let wrong = TargetDraft {
        position_id: Some(position(7)),
        ..draft("A B", TargetPrices { current_price: Some(price("0")), ..prices("-1", None) })
    };
    let expected = [
        ("target_price_eoy", "out_of_range"),
        ("current_price", "out_of_range"),
        ("symbol", "invalid"),
        ("position_id", "unknown"),
    ];
    let found = broken(
        &state,
        create(vec![(2, draft("MSFT", prices("1", None))), (3, wrong)], ExistingTarget::Refuse),
    );
    let expected: Vec<_> =
        expected.iter().map(|(field, code)| ((*field).to_owned(), (*code).to_owned(), Some(1))).collect();
    assert_eq!(found, expected);
    let edits = vec![
        TargetEdit { eoy: Some(Some(price("-1"))), ..edit(TargetName::Id(target_id(1))) },
        edit(TargetName::Id(target_id(1))),
        edit(TargetName::Of("MSFT".parse().unwrap(), PositionType::Long)),
    ];
    let expected = [("target_price_eoy", "out_of_range"), ("symbol", "not_unique"), ("symbol", "unknown")];
    assert_eq!(faults(&state, command(0, PortfolioAct::ChangeTargets(edits))), pairs(&expected));
    assert_eq!(
        faults(&state, create(vec![], ExistingTarget::Refuse)),
        pairs(&[("target_prices", "required")])
    );
    let unknown = vec![edit(TargetName::Id(target_id(9)))];
    let refusal = state.decide(command(0, PortfolioAct::ChangeTargets(unknown)));
    assert_eq!(refusal, Err(PortfolioError::NoTarget(target_id(9))));
}

#[test]
fn what_was_expected_on_a_date_stays_what_it_was() {
    let mut state = after([created(1, "AAPL", prices("230", None))]);
    let change = TargetEdit { eoy: Some(Some(price("250"))), ..edit(TargetName::Id(target_id(1))) };
    does(&mut state, days(1), PortfolioAct::ChangeTargets(vec![change]));
    does(&mut state, days(2), PortfolioAct::RemoveTargets(vec![target_id(1)]));
    let target = &state.targets[&target_id(1)];
    let eoy_on = |day| target.prices_on(date(2025, 7, day)).and_then(|prices| prices.eoy);
    assert_eq!([13, 14, 15, 16].map(eoy_on), [None, Some(price("230")), Some(price("250")), None]);
    let again = command(days(2), PortfolioAct::RemoveTargets(vec![target_id(1)]));
    assert_eq!(state.decide(again), Ok(vec![]));
    let unknown = command(0, PortfolioAct::RemoveTargets(vec![target_id(9)]));
    assert_eq!(state.decide(unknown), Err(PortfolioError::NoTarget(target_id(9))));
    assert_eq!(
        state
            .decide(create(vec![(2, draft("AAPL", prices("1", None)))], ExistingTarget::Refuse))
            .unwrap()
            .len(),
        1
    );
}
