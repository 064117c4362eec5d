//! Equity from session to session.

use jiff::civil::{Date, date};

use super::{Quoted, assert_near, rolled};
use crate::Portfolio;
use crate::portfolio::tests::support::*;
use crate::portfolio::*;

/// Tuesday to Thursday, 1 to 3 July 2025, and the sessions after Independence Day.
fn july(day: i8) -> Date {
    date(2025, 7, day)
}

fn flow(number: u8, amount: &str, on: Date) -> PortfolioEvent {
    let amount = cash(amount);
    let change_type =
        if amount.is_negative() { EquityChangeKind::Withdrawal } else { EquityChangeKind::Contribution };
    PortfolioEvent::EquityChangeRecorded(EquityChangeRecorded {
        equity_change_id: flow_id(number),
        change_type,
        amount: amount.abs(),
        change_date: on,
        notes: None,
        at: at(0),
    })
}

fn set(equity: &str, on: Date) -> PortfolioEvent {
    let equity = cash(equity);
    PortfolioEvent::EquityAdjusted(EquityAdjusted { adjustment_date: on, equity, notes: None, at: at(0) })
}

/// The worked example: buy 100 at 150, contribute 5,000, sell 40 at 154, withdraw 2,000.
fn example() -> (Portfolio, Quoted) {
    let portfolio = after([
        lot_opened(1, &shares("AAPL", "100", "150", july(1))),
        flow(1, "5000", july(2)),
        reduced(1, "40", "154", july(3), NAMED, "160"),
        flow(2, "-2000", july(3)),
    ]);
    let prices = Quoted::default().with("AAPL", july(1), "151").with("AAPL", july(2), "153").with(
        "AAPL",
        july(3),
        "152",
    );
    (portfolio, prices)
}

#[test]
fn the_worked_example_to_the_cent() {
    let (portfolio, prices) = example();
    let days = rolled(&portfolio, &prices, july(3));
    let found: Vec<_> = days
        .iter()
        .map(|day| {
            (day.snapshot_date, day.daily_pnl, day.standing.equity.unwrap(), day.standing.cash().unwrap())
        })
        .collect();
    let expected = [
        (july(1), cash("100"), cash("100100"), cash("85000")),
        (july(2), cash("200"), cash("105300"), cash("90000")),
        (july(3), cash("-20"), cash("103280"), cash("94160")),
    ];
    assert_eq!(found, expected);
    let last = &days[2];
    assert_eq!((last.daily_realized, last.cumulative_realized), (cash("160"), cash("160")));
    assert_eq!(
        (last.daily_flow, last.cumulative_flow, last.cumulative_pnl),
        (cash("-2000"), cash("3000"), cash("280"))
    );
    assert_near(days[0].daily_return(), 0.001, 12);
    assert_near(days[1].daily_return(), 0.001998001998, 12);
    assert_near(days[2].daily_return(), -0.000189933523, 12);
    let growth: f64 = days.iter().map(|day| 1.0 + day.daily_return().unwrap()).product();
    assert_near(Some(growth - 1.0), 0.002809496676, 12);
    assert!(days.iter().all(|day| day.is_complete && !day.baseline));
}

#[test]
fn what_is_opened_and_closed_in_one_session_earns_the_difference() {
    let portfolio = after([
        lot_opened(1, &shares("AAPL", "-100", "150", july(2))),
        reduced(1, "100", "148", july(2), NAMED, "200"),
    ]);
    let days = rolled(&portfolio, &Quoted::default(), july(3));
    let pnl: Vec<_> = days.iter().map(|day| (day.daily_pnl, day.lots.len())).collect();
    assert_eq!(pnl, [(cash("0"), 0), (cash("200"), 1), (cash("0"), 0)]);
    assert!(days[1].is_complete, "nothing is open that needed a price");
}

#[test]
fn flows_between_sessions_count_at_the_next_one() {
    let portfolio = after([flow(1, "500", july(4)), flow(2, "-100", july(6))]);
    let days = rolled(&portfolio, &Quoted::default(), july(7));
    let found: Vec<_> = days.iter().map(|day| (day.snapshot_date, day.daily_flow)).collect();
    let none = cash("0");
    assert_eq!(found, [(july(1), none), (july(2), none), (july(3), none), (july(7), cash("400"))]);
    assert_eq!(days[3].standing.equity, Some(cash("100400")));
    assert_eq!(
        portfolio.equity_on(july(4), None, &Quoted::default()),
        Some(cash("100500")),
        "it is there already"
    );
    assert_eq!(portfolio.equity_on(july(3), None, &Quoted::default()), Some(cash("100000")));
    assert_eq!(portfolio.equity_on(july(7), Some(flow_id(1)), &Quoted::default()), Some(cash("99900")));
}

#[test]
fn what_is_recorded_late_rolls_again_from_its_date() {
    let (mut portfolio, prices) = example();
    let before = rolled(&portfolio, &prices, july(3));
    let late = EquityChangeDraft {
        change_type: EquityChangeKind::Contribution,
        amount: cash("1000"),
        change_date: july(2),
        notes: None,
    };
    does(
        &mut portfolio,
        1,
        PortfolioAct::RecordEquityChange { equity_change_id: flow_id(9), draft: late, equity: None },
    );
    let after = rolled(&portfolio, &prices, july(3));
    assert_eq!(after[0], before[0]);
    assert_eq!(after[1].standing.equity, Some(cash("106300")));
    assert_eq!(after[2].standing.equity, Some(cash("104280")));
    let earlier = july(1).yesterday().unwrap();
    let first = after_first(&portfolio, earlier);
    assert_eq!(first.roll_start(), Some(earlier), "a flow before the inception begins the roll");
}

fn after_first(portfolio: &Portfolio, on: Date) -> Portfolio {
    let mut portfolio = portfolio.clone();
    crate::Decider::evolve(&mut portfolio, &flow(10, "1", on));
    portfolio
}

#[test]
fn equity_that_is_set_by_hand_has_the_last_word_of_its_date() {
    let prices = Quoted::default().with("AAPL", july(1), "151").with("AAPL", july(2), "153");
    let history = [lot_opened(1, &shares("AAPL", "100", "150", july(1))), set("90000", july(1))];
    let days = rolled(&after(history), &prices, july(2));
    assert_eq!((days[0].standing.equity, days[0].adjustment), (Some(cash("90000")), cash("-10100")));
    assert_eq!((days[1].standing.equity, days[1].adjustment), (Some(cash("90200")), cash("0")));
    assert_eq!(days[1].opening_equity, Some(cash("90000")));
}

#[test]
fn equity_that_is_set_between_sessions_counts_before_the_next() {
    let prices = Quoted::default().with("AAPL", july(3), "150").with("AAPL", july(7), "151");
    let lot = || lot_opened(1, &shares("AAPL", "100", "150", july(3)));
    let days = rolled(
        &after([lot(), flow(1, "10", july(4)), set("90000", july(5)), flow(2, "7", july(6))]),
        &prices,
        july(7),
    );
    let last = days.last().unwrap();
    assert_eq!((last.opening_equity, last.standing.equity), (Some(cash("90000")), Some(cash("90107"))));
    // What it had become: 100,000 and the flow of 10 before the date.
    assert_eq!((last.adjustment, last.daily_flow), (cash("-10010"), cash("17")));
    let portfolio = after([lot(), set("90000", july(5))]);
    assert_eq!(portfolio.equity_on(july(6), None, &prices), Some(cash("90000")));
}

#[test]
fn lots_from_before_the_beginning_count_from_its_first_close() {
    let prices = Quoted::default().with("AAPL", july(1), "151").with("AAPL", july(2), "153");
    let portfolio = after([lot_opened(1, &shares("AAPL", "100", "120", date(2024, 1, 2)))]);
    let days = rolled(&portfolio, &prices, july(2));
    assert_eq!((days[0].daily_pnl, days[0].baseline), (cash("0"), true));
    assert_eq!((days[1].daily_pnl, days[1].baseline), (cash("200"), false));
}

#[test]
fn a_session_without_a_price_loses_nothing() {
    let far = date(2025, 8, 1);
    let prices = Quoted::default().with("AAPL", july(1), "151").with("AAPL", far, "161");
    let portfolio = after([lot_opened(1, &shares("AAPL", "100", "150", july(1)))]);
    let days = rolled(&portfolio, &prices, far);
    let unpriced = days.iter().filter(|day| !day.is_complete).count();
    assert!(unpriced > 5, "{unpriced} sessions are more than ten after the last close");
    let last = days.last().unwrap();
    assert_eq!((last.daily_pnl, last.cumulative_pnl), (cash("1000"), cash("1100")));
    assert!(last.is_complete);
}

#[test]
fn without_positions_equity_is_cash() {
    let days = rolled(&after([]), &Quoted::default(), july(1));
    assert_eq!(
        (days[0].standing.equity, days[0].standing.cash()),
        (Some(cash("100000")), Some(cash("100000")))
    );
    assert_eq!(rolled(&Portfolio::default(), &Quoted::default(), july(1)), vec![]);
}

#[test]
fn unknown_equity_stays_unknown_until_capital_comes() {
    let settings = SettingsDraft { opening_equity: None, ..settings_draft() };
    let siblings = others(0);
    let mut portfolio = Portfolio::default();
    does(&mut portfolio, 0, PortfolioAct::Open { draft: Box::new(settings), siblings });
    crate::Decider::evolve(&mut portfolio, &flow(1, "500", july(2)));
    let days = rolled(&portfolio, &Quoted::default(), july(3));
    let equity: Vec<_> = days.iter().map(|day| day.standing.equity).collect();
    assert_eq!(equity, [None, Some(cash("500")), Some(cash("500"))]);
    assert_eq!(days[1].daily_return(), None);
}

#[test]
fn an_exercised_option_loses_its_value_and_the_shares_bring_it_back() {
    let call = shares("SPY250718C00600000", "1", "4", july(1));
    let exercise = SettleOption {
        position_id: position(1),
        outcome: OptionOutcome::Exercised,
        contracts: None,
        date: july(2),
        shares_position_id: position(9),
    };
    let mut portfolio = after([lot_opened(1, &call)]);
    does(&mut portfolio, 0, PortfolioAct::SettleOption(exercise));
    let prices = Quoted::default().with("SPY250718C00600000", july(1), "6").with("SPY", july(2), "607");
    let days = rolled(&portfolio, &prices, july(2));
    // (6 − 4) · 100; then the option's 600 go and the shares bring (607 − 600) · 100.
    assert_eq!((days[0].daily_pnl, days[1].daily_pnl), (cash("200"), cash("100")));
    assert_eq!(days[1].standing.cash(), Some(cash("100300") - cash("60700")));
}
