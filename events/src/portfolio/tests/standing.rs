//! Opening, changing, giving up and taking back.

use super::support::*;
use crate::portfolio::*;
use crate::testing::given;

fn open_with(draft: SettingsDraft, siblings: Siblings) -> PortfolioCommand {
    command(0, PortfolioAct::Open { draft: Box::new(draft), siblings })
}

fn change(change: SettingsChange, siblings: Siblings) -> PortfolioCommand {
    command(5, PortfolioAct::Change { change: Box::new(change), siblings })
}

fn closed(minutes: i64) -> PortfolioEvent {
    PortfolioEvent::PortfolioClosed(PortfolioClosed { at: at(minutes) })
}

#[test]
fn a_portfolio_opens_with_defaults() {
    given::<Portfolio>([]).when(open_with(settings_draft(), others(0))).then([opened()]);
    let draft = SettingsDraft { inception_date: None, ..settings_draft() };
    let state = given::<Portfolio>([]).when(open_with(draft, others(0))).state();
    let settings = state.settings.unwrap();
    assert_eq!(
        (settings.name.as_str(), settings.currency.as_str(), settings.is_active),
        ("Core", "USD", true)
    );
    assert_eq!(settings.inception_date, today());
    given::<Portfolio>([opened()])
        .when(open_with(settings_draft(), others(0)))
        .refused(PortfolioError::AlreadyOpened);
}

#[test]
fn every_broken_rule_of_its_settings_is_reported() {
    let draft = SettingsDraft {
        name: " ".to_owned(),
        account_name: "x".repeat(101),
        description: Some("\u{0}".to_owned()),
        currency: Some("US".to_owned()),
        opening_equity: Some(cash("1000000000000.01")),
        inception_date: Some(today().tomorrow().unwrap()),
        ..settings_draft()
    };
    let expected = [
        ("currency", "invalid"),
        ("equity_balance", "out_of_range"),
        ("name", "required"),
        ("account_name", "too_long"),
        ("description", "invalid"),
        ("inception_date", "future_date"),
    ];
    assert_eq!(faults(&Portfolio::default(), open_with(draft, others(0))), pairs(&expected));
}

#[test]
fn account_names_are_unique_and_portfolios_are_limited() {
    let taken = SettingsDraft { account_name: "oTHER".to_owned(), ..settings_draft() };
    given::<Portfolio>([]).when(open_with(taken, others(1))).refused(PortfolioError::AccountNameTaken);
    let full = PortfolioError::LimitReached { limit: 10, current: 10 };
    given::<Portfolio>([]).when(open_with(settings_draft(), others(10))).refused(full.clone());
    given::<Portfolio>([opened(), closed(1)])
        .when(command(2, PortfolioAct::Restore { siblings: others(10) }))
        .refused(full);
    let rename = SettingsChange { account_name: Some("Other".to_owned()), ..SettingsChange::default() };
    given::<Portfolio>([opened()]).when(change(rename, others(1))).refused(PortfolioError::AccountNameTaken);
}

#[test]
fn a_change_changes_what_is_given_and_the_same_change_nothing() {
    let name = SettingsChange { name: Some("Growth".to_owned()), ..SettingsChange::default() };
    let state = given::<Portfolio>([opened()]).when(change(name.clone(), others(1))).state();
    let settings = state.settings.clone().unwrap();
    assert_eq!((settings.name.as_str(), settings.account_name.as_str()), ("Growth", "Main"));
    assert_eq!(settings.updated_at, at(5));
    assert_eq!(crate::Decider::decide(&state, change(name, others(1))), Ok(vec![]));
}

#[test]
fn equity_that_is_changed_is_an_adjustment_of_today() {
    let equity = SettingsChange { equity: Some(cash("90000")), ..SettingsChange::default() };
    let adjusted = EquityAdjusted { adjustment_date: today(), equity: cash("90000"), notes: None, at: at(5) };
    let adjusted = PortfolioEvent::EquityAdjusted(adjusted);
    given::<Portfolio>([opened()]).when(change(equity.clone(), others(1))).then([adjusted.clone()]);
    given::<Portfolio>([opened(), adjusted]).when(change(equity, others(1))).then([]);
}

#[test]
fn the_last_active_portfolio_stays_active() {
    let deactivate = SettingsChange { is_active: Some(false), ..SettingsChange::default() };
    given::<Portfolio>([opened()]).when(change(deactivate, others(0))).refused(PortfolioError::LastActive);
    let close = |siblings| command(1, PortfolioAct::Close { siblings });
    given::<Portfolio>([opened()]).when(close(others(0))).refused(PortfolioError::LastActive);
    given::<Portfolio>([opened()]).when(close(others(1))).then([closed(1)]);
    given::<Portfolio>([opened(), closed(1)]).when(close(others(1))).then([]);
}

#[test]
fn a_closed_portfolio_refuses_all_but_its_restoration_within_thirty_days() {
    let restore = |minutes| command(minutes, PortfolioAct::Restore { siblings: others(1) });
    let restored = |minutes| PortfolioEvent::PortfolioRestored(PortfolioRestored { at: at(minutes) });
    let history = || [opened(), closed(0)];
    given::<Portfolio>(history()).when(restore(days(30))).then([restored(days(30))]);
    given::<Portfolio>(history()).when(restore(days(30) + 1)).refused(PortfolioError::RestoreWindowOver);
    given::<Portfolio>([opened(), closed(0), restored(1)]).when(restore(2)).then([]);
    given::<Portfolio>(history()).when(open(vec![])).refused(PortfolioError::Closed);
    given::<Portfolio>([]).when(open(vec![])).refused(PortfolioError::NotOpened);
}
