//! How options end.

use jiff::civil::{Date, date};

use super::support::*;
use crate::portfolio::*;
use crate::testing::given;
use crate::{Decider, Portfolio};

const EXPIRY: &str = "250718";

fn option(right: char, units: &str) -> PortfolioEvent {
    lot_opened(1, &shares(&format!("SPY{EXPIRY}{right}00600000"), units, "4", date(2025, 7, 1)))
}

fn settle(outcome: OptionOutcome, contracts: Option<&str>, on: Date) -> PortfolioCommand {
    let settlement = SettleOption {
        position_id: position(1),
        outcome,
        contracts: contracts.map(quantity),
        date: on,
        shares_position_id: position(9),
    };
    command(0, PortfolioAct::SettleOption(settlement))
}

fn shares_lot(units: &str) -> PortfolioEvent {
    let stock = LotDraft {
        investment_subtype: Some(crate::position::InvestmentSubtype::Stock),
        ..shares("SPY", units, "600", today())
    };
    lot_opened(9, &stock)
}

fn gone(why: ReductionReason, units: &str, realized: &str) -> PortfolioEvent {
    reduced(1, units, "0", today(), (why, Matching::Named), realized)
}

#[test]
fn an_option_expires_worthless_on_its_date() {
    let after_expiry = |contracts| PortfolioCommand {
        today: date(2025, 7, 21),
        ..settle(OptionOutcome::Expired, contracts, date(2025, 7, 21))
    };
    let expired = (ReductionReason::Expired, Matching::Named);
    let written = reduced(1, "4", "0", date(2025, 7, 18), expired, "1600");
    given::<Portfolio>([opened(), option('P', "-4")]).when(after_expiry(None)).then([written]);
    let state = after([option('C', "10")]);
    let early = settle(OptionOutcome::Expired, None, today());
    assert_eq!(faults(&state, early), pairs(&[("outcome", "not_expired")]));
    assert_eq!(faults(&state, after_expiry(Some("11"))), pairs(&[("contracts", "out_of_range")]));
}

#[test]
fn an_exercised_call_becomes_shares_at_the_strike() {
    let events = [gone(ReductionReason::Exercised, "2", "-800"), shares_lot("200")];
    let exercise = settle(OptionOutcome::Exercised, Some("2"), today());
    let state = given::<Portfolio>([opened(), option('C', "10")]).when(exercise).then(events).state();
    assert_eq!(state.lots[&position(1)].open_quantity(), quantity("8"));
}

#[test]
fn an_exercised_put_sells_what_is_held_and_the_rest_short() {
    let held = lot_opened(2, &shares("SPY", "150", "500", date(2025, 7, 1)));
    let sold = reduced(2, "150", "600", today(), (ReductionReason::Closed, Matching::Fifo), "15000");
    let events = [gone(ReductionReason::Exercised, "2", "-800"), sold, shares_lot("-50")];
    let exercise = settle(OptionOutcome::Exercised, None, today());
    given::<Portfolio>([opened(), option('P', "2"), held]).when(exercise).then(events);
}

#[test]
fn an_assigned_call_delivers_what_is_held() {
    let held = lot_opened(2, &shares("SPY", "150", "500", date(2025, 7, 1)));
    let sold = reduced(2, "100", "600", today(), (ReductionReason::Closed, Matching::Fifo), "10000");
    let assign = settle(OptionOutcome::Assigned, None, today());
    let events = [gone(ReductionReason::Assigned, "1", "400"), sold];
    given::<Portfolio>([opened(), option('C', "-1"), held]).when(assign).then(events);
}

#[test]
fn an_assigned_put_covers_what_is_short_before_it_buys() {
    let short = lot_opened(2, &shares("SPY", "-30", "620", date(2025, 7, 1)));
    let covered = reduced(2, "30", "600", today(), (ReductionReason::Closed, Matching::Fifo), "600");
    let assign = settle(OptionOutcome::Assigned, None, today());
    let events = [gone(ReductionReason::Assigned, "1", "400"), covered, shares_lot("70")];
    given::<Portfolio>([opened(), option('P', "-1"), short]).when(assign).then(events);
}

#[test]
fn what_cannot_be_settled_is_refused() {
    let held = after([option('C', "10")]);
    let assigned = settle(OptionOutcome::Assigned, None, today());
    assert_eq!(faults(&held, assigned), pairs(&[("outcome", "not_allowed")]));
    let written = after([option('C', "-10")]);
    let exercised = settle(OptionOutcome::Exercised, None, date(2025, 6, 30));
    assert_eq!(faults(&written, exercised), pairs(&[("outcome", "not_allowed"), ("date", "out_of_range")]));
    let future = settle(OptionOutcome::Exercised, None, date(2025, 7, 15));
    assert_eq!(faults(&held, future), pairs(&[("date", "future_date")]));
    let stock = after([lot_opened(1, &shares("SPY", "1", "1", today()))]);
    let exercised = settle(OptionOutcome::Exercised, None, today());
    assert_eq!(faults(&stock, exercised.clone()), pairs(&[("position_id", "not_an_option")]));
    let taken = after([option('C', "10"), shares_lot("1")]);
    assert_eq!(taken.decide(exercised), Err(PortfolioError::PositionExists(position(9))));
}
