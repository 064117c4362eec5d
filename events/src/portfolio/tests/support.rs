//! Builders of events and commands that hide what does not matter.

use jiff::civil::{Date, date};
use jiff::{SignedDuration, Timestamp};

use crate::portfolio::*;
use crate::position::AccountType;
use crate::testing::given;
use crate::{Cash, Decider, EquityChangeId, FieldError, PositionId, Price, Quantity, TagId, TargetId};

/// The day of all commands: Monday, 14 July 2025.
pub(in crate::portfolio) fn today() -> Date {
    date(2025, 7, 14)
}

/// So many minutes after noon of that day in New York.
pub(in crate::portfolio) fn at(minutes: i64) -> Timestamp {
    "2025-07-14T16:00:00Z".parse::<Timestamp>().unwrap() + SignedDuration::from_mins(minutes)
}

pub(in crate::portfolio) fn days(number: i64) -> i64 {
    number * 24 * 60
}

pub(in crate::portfolio) fn cash(text: &str) -> Cash {
    text.parse().unwrap()
}

pub(in crate::portfolio) fn price(text: &str) -> Price {
    text.parse().unwrap()
}

pub(in crate::portfolio) fn quantity(text: &str) -> Quantity {
    text.parse().unwrap()
}

pub(in crate::portfolio) fn position(number: u16) -> PositionId {
    PositionId::derived(&[&number.to_be_bytes()])
}

pub(in crate::portfolio) fn flow_id(number: u8) -> EquityChangeId {
    EquityChangeId::derived(&[&[number]])
}

pub(in crate::portfolio) fn tag(number: u8) -> TagId {
    TagId::derived(&[&[number]])
}

pub(in crate::portfolio) fn target_id(number: u8) -> TargetId {
    TargetId::derived(&[&[number]])
}

pub(in crate::portfolio) fn command(minutes: i64, act: PortfolioAct) -> PortfolioCommand {
    PortfolioCommand { at: at(minutes), today: crate::calendar::new_york_date(at(minutes)), act }
}

pub(in crate::portfolio) fn settings_draft() -> SettingsDraft {
    SettingsDraft {
        name: " Core ".to_owned(),
        account_name: "Main".to_owned(),
        account_type: AccountType::Taxable,
        description: None,
        currency: None,
        opening_equity: Some(cash("100000")),
        inception_date: Some(date(2025, 7, 1)),
        is_active: None,
    }
}

pub(in crate::portfolio) fn others(active: usize) -> Siblings {
    Siblings { account_names: ["Other".to_owned()].into(), count: active, active, limit: Some(10) }
}

pub(in crate::portfolio) fn opened() -> PortfolioEvent {
    let settings = Settings::of(settings_draft(), at(0), today()).unwrap();
    PortfolioEvent::PortfolioOpened(PortfolioOpened { settings })
}

/// A lot of shares.
pub(in crate::portfolio) fn shares(symbol: &str, units: &str, entry: &str, on: Date) -> LotDraft {
    LotDraft {
        symbol: symbol.to_owned(),
        quantity: quantity(units),
        entry_price: price(entry),
        entry_date: Some(on),
        ..LotDraft::default()
    }
}

pub(in crate::portfolio) fn new_lot(number: u16, draft: LotDraft) -> NewLot {
    NewLot { position_id: position(number), draft }
}

pub(in crate::portfolio) fn open(lots: Vec<NewLot>) -> PortfolioCommand {
    command(0, PortfolioAct::OpenLots(lots))
}

/// The event of a lot that was entered at minute 0.
pub(in crate::portfolio) fn lot_opened(number: u16, draft: &LotDraft) -> PortfolioEvent {
    let checked = draft.checked(today()).map_err(|errors| format!("{errors:?}"));
    let terms = checked.map(|checked| checked.terms).unwrap();
    PortfolioEvent::LotOpened(LotOpened {
        position_id: position(number),
        terms,
        notes: draft.notes.clone(),
        tags: draft.tag_ids.clone(),
        at: at(0),
    })
}

/// The event of a part of a lot that ended.
pub(in crate::portfolio) fn reduced(
    number: u16,
    units: &str,
    exit: &str,
    on: Date,
    (why, matching): (ReductionReason, Matching),
    realized: &str,
) -> PortfolioEvent {
    let reduction =
        Reduction { date: on, quantity: quantity(units), price: price(exit), why, matching, at: at(0) };
    PortfolioEvent::LotReduced(LotReduced {
        position_id: position(number),
        reduction,
        realized_pnl: cash(realized),
    })
}

/// A trade that named its lot.
pub(in crate::portfolio) const NAMED: (ReductionReason, Matching) =
    (ReductionReason::Closed, Matching::Named);

/// The state after these events, told from an open portfolio.
pub(in crate::portfolio) fn after(events: impl IntoIterator<Item = PortfolioEvent>) -> Portfolio {
    given::<Portfolio>(std::iter::once(opened()).chain(events)).state()
}

/// Does `act` in `portfolio`, which must not refuse it.
pub(in crate::portfolio) fn does(portfolio: &mut Portfolio, minutes: i64, act: PortfolioAct) {
    let events = portfolio.decide(command(minutes, act)).unwrap();
    events.iter().for_each(|event| portfolio.evolve(event));
}

/// Field, code and row of every broken rule.
pub(in crate::portfolio) fn broken(
    portfolio: &Portfolio,
    command: PortfolioCommand,
) -> Vec<(String, String, Option<usize>)> {
    match portfolio.decide(command) {
        Err(PortfolioError::Invalid(errors)) => {
            errors.into_iter().map(|FieldError { field, code, row, .. }| (field, code, row)).collect()
        }
        other => panic!("not refused for its fields: {other:?}"),
    }
}

/// `broken` without rows.
pub(in crate::portfolio) fn faults(
    portfolio: &Portfolio,
    command: PortfolioCommand,
) -> Vec<(String, String)> {
    broken(portfolio, command).into_iter().map(|(field, code, _)| (field, code)).collect()
}

pub(in crate::portfolio) fn pairs(expected: &[(&str, &str)]) -> Vec<(String, String)> {
    expected.iter().map(|(field, code)| ((*field).to_owned(), (*code).to_owned())).collect()
}
