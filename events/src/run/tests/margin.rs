//! Margin accounts: what they may buy and sell short, what borrowing costs, and when they are called.

use std::sync::Arc;

use super::support::{
    Told, buy, cash, columns, daily, flat, price, rate, script, sell, shares, symbol, terms,
};
use crate::market::Bars;
use crate::model::{Risk, TradingStyle};
use crate::policy::{Order, OrderKind, OrderSide, Refusal, TimeInForce};
use crate::run::{Action, FinancingCharged, Forced, RunEvent, RunSnapshot};

fn short(quantity: &str) -> Order {
    Order::market(OrderSide::Short, symbol("A"), shares(quantity))
}

fn cover(quantity: &str) -> Order {
    Order::market(OrderSide::Cover, symbol("A"), shares(quantity))
}

fn margin() -> Risk {
    let trading_style = TradingStyle::SwingTrading;
    Risk { trading_style, margin_account: true, allow_shorting: true, ..Risk::default() }
}

fn over(bars: &Arc<Bars>, risk: Risk, orders: Vec<(usize, Vec<Order>)>) -> Told {
    let snapshot = RunSnapshot { risk, ..terms(bars) };
    let policy = script(orders);
    let told = Told::completed(&snapshot, bars, &policy);
    told.assert_rechecks(bars, &policy);
    let parts = Told::completed(&RunSnapshot { chunk_bars: 1, ..snapshot }, bars, &policy);
    assert_eq!((parts.trades(), parts.equity()), (told.trades(), told.equity()));
    let figures = told.figures();
    assert_eq!(figures.realised_pnl + figures.open_pnl, figures.value - figures.initial_cash);
    told
}

fn told(prices: &[&str], risk: Risk, orders: Vec<(usize, Vec<Order>)>) -> Told {
    over(&daily(vec![flat("A", prices)]), risk, orders)
}

fn refusals(told: &Told) -> Vec<Refusal> {
    told.refusals().iter().map(|it| it.refusal.clone()).collect()
}

fn charges(told: &Told) -> Vec<&FinancingCharged> {
    let mut charges = Vec::new();
    for event in &told.events {
        if let RunEvent::FinancingCharged(charged) = event {
            charges.push(charged);
        }
    }
    charges
}

#[test]
fn a_short_sale_needs_half_its_value_within_the_multiple_of_the_account() {
    // The example of the rule: 10,000 on a swing account allow 20,000 of margin.
    let refused = told(&["150"; 3], margin(), vec![(1, vec![short("500")])]);
    let limits = Refusal::InsufficientMargin { required: cash("37500"), available: cash("20000") };
    assert_eq!(refusals(&refused), [limits]);
    let taken = told(&["150"; 3], margin(), vec![(1, vec![short("100")])]);
    assert_eq!(taken.trades(), ["1 sell 100 A 150"]);
    assert_eq!(taken.fills()[0].position, shares("-100"));
    assert_eq!(taken.figures().cash, cash("25000"));
    assert_eq!(taken.equity(), ["10000", "10000", "10000"].map(cash));
}

#[test]
fn margin_in_use_is_not_available_again() {
    let orders = vec![(1, vec![short("200"), short("50"), short("20")])];
    let told = told(&["150"; 3], margin(), orders);
    // 15,000 are in use by the first; 3,750 more fit, and then 1,250 are left.
    assert_eq!(told.trades(), ["1 sell 200 A 150", "1 sell 50 A 150"]);
    let limits = Refusal::InsufficientMargin { required: cash("1500"), available: cash("1250") };
    assert_eq!(refusals(&told), [limits]);
}

#[test]
fn what_was_sold_short_is_bought_back_with_its_profit() {
    let told = told(
        &["150", "150", "140", "160"],
        margin(),
        vec![(1, vec![short("30")]), (2, vec![cover("10")]), (3, vec![cover("20")])],
    );
    let profits: Vec<_> = told.fills().iter().map(|filled| filled.realised_pnl).collect();
    assert_eq!(profits, ["0", "100", "-200"].map(cash));
    let actions: Vec<_> = told.records().iter().map(|record| record.action).collect();
    assert_eq!(actions, [Action::Opened, Action::Short, Action::Cover, Action::Cover]);
    assert_eq!(told.equity(), ["10000", "10000", "10300", "9900"].map(cash));
    assert!(told.run.trading().unwrap().book.holdings().is_empty());
}

#[test]
fn a_position_is_never_turned_around_by_one_order() {
    let orders = vec![
        (1, vec![cover("1"), buy("A", "2"), short("1"), sell("A", "2")]),
        (2, vec![short("5"), buy("A", "1"), sell("A", "1"), cover("6")]),
    ];
    let causes: Vec<_> = refusals(&told(&["150"; 3], margin(), orders)).iter().map(Refusal::cause).collect();
    let expected =
        ["no_position", "opposite_position", "opposite_position", "no_position", "insufficient_shares"];
    assert_eq!(causes, expected);
}

#[test]
fn shorting_takes_a_margin_account_that_allows_it() {
    for risk in [Risk { margin_account: false, ..margin() }, Risk { allow_shorting: false, ..margin() }] {
        let told = told(&["150"; 3], risk, vec![(1, vec![short("1"), cover("1")])]);
        let refusal = Refusal::ShortingNotAllowed { symbol: symbol("A") };
        assert_eq!(refusals(&told), [refusal.clone(), refusal]);
    }
}

#[test]
fn a_margin_account_buys_with_what_it_does_not_have() {
    let style = |trading_style, quantity| {
        let risk = Risk { trading_style, ..margin() };
        told(&["100"; 3], risk, vec![(1, vec![buy("A", quantity)])])
    };
    assert_eq!(style(TradingStyle::SwingTrading, "200").figures().cash, cash("-10000"));
    assert_eq!(style(TradingStyle::DayTrading, "400").figures().cash, cash("-30000"));
    let limits = |required, available| Refusal::InsufficientMargin {
        required: cash(required),
        available: cash(available),
    };
    assert_eq!(refusals(&style(TradingStyle::Investing, "201")), [limits("20100", "20000")]);
    assert_eq!(refusals(&style(TradingStyle::Scalping, "401")), [limits("40100", "40000")]);
}

#[test]
fn interest_is_paid_for_lacking_cash_for_every_calendar_day() {
    let risk = Risk { interest_rate: rate("0.0365"), ..margin() };
    // Bars on the 6th, 7th and 8th, then none until the 11th.
    let bars = daily(vec![flat("A", &["100", "100", "100", "", "", "100"]), flat("B", &["1"; 6])]);
    let orders = vec![(1, vec![buy("A", "150")])];
    let daily_charges = over(&bars, risk.clone(), orders.clone());
    let interest: Vec<_> = charges(&daily_charges).iter().map(|it| (it.bar, it.days, it.interest)).collect();
    // A ten-thousandth a day of 5,000, and of the interest itself.
    assert_eq!(interest[0], (2, 1, cash("0.5")));
    assert_eq!(interest[1], (3, 1, cash("0.50005")));
    assert_eq!(daily_charges.equity()[2], cash("9999.5"));
    // A single bar after four days pays for all of them at once.
    let starts: Vec<_> = [0, 1, 2, 6].iter().map(|day| bars.starts()[0].as_second() + day * 86_400).collect();
    let starts = starts.iter().map(|second| jiff::Timestamp::from_second(*second).unwrap()).collect();
    let gap = Arc::new(Bars::new(crate::Interval::Day, starts, vec![flat("A", &["100"; 4])]).unwrap());
    let told = over(&gap, risk, orders);
    assert_eq!(charges(&told).iter().map(|it| it.days).collect::<Vec<_>>(), [1, 4]);
    assert_eq!(charges(&told)[1].interest, cash("2.0002"));
}

#[test]
fn a_fee_is_paid_for_borrowed_shares_at_their_last_close() {
    let risk = Risk { borrow_rate: rate("0.0365"), ..margin() };
    let rows = [
        Some(["150", "150", "150", "150"]),
        Some(["150", "160", "150", "160"]),
        Some(["170", "170", "170", "170"]),
    ];
    let told = over(&daily(vec![columns("A", &rows)]), risk, vec![(1, vec![short("10")])]);
    let fees: Vec<_> = charges(&told).iter().map(|it| (it.bar, it.borrow_fee, it.interest)).collect();
    assert_eq!(fees, [(2, cash("0.16"), cash("0"))]);
    assert_eq!(told.figures().realised_pnl, cash("-0.16"));
}

#[test]
fn an_account_worth_less_than_its_positions_require_is_closed_at_the_open() {
    let told = told(&["150", "150", "200", "230", "100"], margin(), vec![(1, vec![short("100")])]);
    // At 200 it is worth 5,000, a quarter of 20,000: enough. At 230 it is worth 2,000.
    assert_eq!(told.trades(), ["1 sell 100 A 150", "3 buy 100 A 230"]);
    assert_eq!(told.fills()[1].forced_by, Some(Forced::MarginCall));
    assert_eq!(told.figures().value, cash("2000"));
}

#[test]
fn a_short_bracket_covers_at_its_profit_or_its_loss() {
    let kind = OrderKind::Bracket {
        entry_limit_price: None,
        take_profit_price: price("90"),
        stop_loss_price: price("110"),
        time_in_force: TimeInForce::Gtc,
    };
    let flat = Some(["100", "100", "100", "100"]);
    let bracket = Order { kind, ..short("1") };
    let by = |last| {
        let bars = daily(vec![columns("A", &[flat, flat, Some(last)])]);
        over(&bars, margin(), vec![(1, vec![bracket.clone()])]).trades()
    };
    assert_eq!(by(["100", "101", "89", "91"]), ["1 sell 1 A 100", "2 buy 1 A 90"]);
    assert_eq!(by(["100", "112", "89", "91"]), ["1 sell 1 A 100", "2 buy 1 A 110"]);
}
