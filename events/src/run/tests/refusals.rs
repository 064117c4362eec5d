//! Every rule that an order can break, and the order in which rules are checked.

use std::sync::Arc;

use super::support::{Told, ask, buy, cash, daily, every, flat, price, script, sell, shares, symbol, terms};
use crate::instrument::Market;
use crate::market::Bars;
use crate::policy::{Order, OrderKind, OrderSide, OrderType, Refusal};
use crate::run::{ORDERS_PER_BAR_MAX, RESTING_ORDERS_MAX, RunSnapshot};
use crate::{Interval, Price, Quantity};

fn bars() -> Arc<Bars> {
    daily(vec![flat("600519.SH", &["10"; 4]), flat("A", &["100", "100", "", "100"]), flat("B", &["5"; 4])])
}

/// US symbols and an A-share do not share a currency; these terms allow the first or the second.
fn refused_by(snapshot: &RunSnapshot, bar: usize, orders: Vec<Order>) -> Vec<Refusal> {
    let (bars, policy) = (bars(), script([(bar, orders)]));
    let told = Told::completed(snapshot, &bars, &policy);
    told.assert_rechecks(&bars, &policy);
    told.refusals().iter().map(|it| it.refusal.clone()).collect()
}

fn dollars() -> RunSnapshot {
    RunSnapshot { symbols: vec![symbol("A"), symbol("B")], ..terms(&bars()) }
}

fn yuan() -> RunSnapshot {
    RunSnapshot { symbols: vec![symbol("600519.SH")], ..terms(&bars()) }
}

#[test]
fn an_amount_is_positive_and_whole() {
    let refusals = refused_by(&dollars(), 1, vec![buy("A", "0"), sell("A", "-1"), buy("A", "1.5")]);
    let step = shares("1");
    assert_eq!(
        refusals,
        [
            Refusal::AmountNotPositive { amount: shares("0") },
            Refusal::AmountNotPositive { amount: shares("-1") },
            Refusal::AmountNotWhole { amount: shares("1.5"), step },
        ]
    );
}

#[test]
fn an_order_type_is_allowed_and_its_price_positive() {
    let only_market = RunSnapshot { allowed_order_types: [OrderType::Market].into(), ..dollars() };
    let limit = Order::limit(OrderSide::Buy, symbol("A"), shares("1"), price("90"));
    let refusals = refused_by(&only_market, 1, vec![limit]);
    assert_eq!(refusals, [Refusal::OrderTypeNotAllowed { order_type: OrderType::Limit }]);
    let free = Order::stop(OrderSide::Buy, symbol("A"), shares("1"), Price::ZERO);
    assert_eq!(refused_by(&dollars(), 1, vec![free]), [Refusal::PriceNotPositive { price: Price::ZERO }]);
}

#[test]
fn only_recorded_decisions_name_their_price() {
    let kind = OrderKind::Recorded { price: price("1") };
    let bargain = Order { kind, ..buy("A", "1") };
    assert_eq!(refused_by(&dollars(), 1, vec![bargain]), [Refusal::RecordedPriceNotAllowed]);
}

#[test]
fn a_symbol_belongs_to_the_run_and_has_a_price_at_the_bar() {
    let only_b = RunSnapshot { symbols: vec![symbol("B")], ..dollars() };
    let refusals = refused_by(&only_b, 1, vec![buy("A", "1"), buy("ZZZ", "1")]);
    let not_allowed = |name| Refusal::SymbolNotAllowed { symbol: symbol(name) };
    assert_eq!(refusals, [not_allowed("A"), not_allowed("ZZZ")]);
    let no_price = Refusal::NoPrice { symbol: symbol("A"), market: Market::UnitedStates };
    assert_eq!(refused_by(&dollars(), 2, vec![buy("A", "1")]), [no_price]);
}

#[test]
fn a_shares_trade_in_lots() {
    let refusals = refused_by(&yuan(), 1, vec![buy("600519.SH", "150"), buy("600519.SH", "40")]);
    let lot = shares("100");
    let of = |amount, below, above| Refusal::LotSize {
        amount: shares(amount),
        lot,
        below: shares(below),
        above: shares(above),
    };
    assert_eq!(refusals, [of("150", "100", "200"), of("40", "0", "100")]);
    assert_eq!(refusals[0].to_string(), "A-shares trade in multiples of 100, not 150; 100 and 200 are near");
}

#[test]
fn a_shares_bought_today_are_sold_from_the_next_date_on() {
    // Hours of two dates in Shanghai: bars 0 to 2 of the 5th, bars 3 and 4 of the 6th.
    let bars = every(Interval::Hour, "2025-11-05T13:00:00Z", 3_600, vec![flat("600519.SH", &["10"; 5])]);
    let policy = script([
        (1, vec![buy("600519.SH", "300")]),
        (2, vec![sell("600519.SH", "100")]),
        (3, vec![sell("600519.SH", "100"), buy("600519.SH", "100"), sell("600519.SH", "300")]),
        (4, vec![sell("600519.SH", "200")]),
    ]);
    let told = Told::completed(&terms(&bars), &bars, &policy);
    let trades = [
        "1 buy 300 600519.SH 10",
        "3 sell 100 600519.SH 10",
        "3 buy 100 600519.SH 10",
        "4 sell 200 600519.SH 10",
    ];
    assert_eq!(told.trades(), trades);
    let refusals: Vec<_> = told.refusals().iter().map(|it| it.refusal.clone()).collect();
    let bought_today = |total, bought, sellable, wanted| Refusal::BoughtToday {
        total_position: shares(total),
        bought_today: shares(bought),
        sellable_today: shares(sellable),
        want_to_sell: shares(wanted),
    };
    assert_eq!(refusals, [bought_today("300", "300", "0", "100"), bought_today("300", "100", "200", "300")]);
    told.assert_rechecks(&bars, &policy);
}

#[test]
fn nothing_is_sold_short_or_covered() {
    let side = |side| Order { side, ..buy("A", "1") };
    let refusals = refused_by(&dollars(), 1, vec![side(OrderSide::Short), side(OrderSide::Cover)]);
    let refusal = Refusal::ShortingNotAllowed { symbol: symbol("A") };
    assert_eq!(refusals, [refusal.clone(), refusal]);
}

#[test]
fn cash_and_holdings_suffice() {
    let dear = RunSnapshot { commission_rate: "0.001".parse().unwrap(), ..dollars() };
    let refusals = refused_by(
        &dear,
        1,
        vec![buy("A", "100"), sell("A", "1"), buy("A", "1"), sell("A", "2"), buy("A", "99")],
    );
    assert_eq!(
        refusals,
        [
            Refusal::InsufficientCash {
                required_cash: cash("10010"),
                cash_available: cash("10000"),
                price: price("100"),
            },
            Refusal::NoPosition { symbol: symbol("A") },
            Refusal::InsufficientShares { have: shares("1"), want_to_sell: shares("2") },
            Refusal::InsufficientCash {
                required_cash: cash("9909.9"),
                cash_available: cash("9899.9"),
                price: price("100"),
            },
        ]
    );
    assert_eq!(refusals[0].to_string(), "10010 required at 100, 10000 available");
}

#[test]
fn a_position_stays_within_the_range_of_quantities() {
    let bars = daily(vec![flat("A", &["0.00000001"; 3])]);
    let most = Quantity::whole(9_000_000_000_000).unwrap();
    let order = Order::market(OrderSide::Buy, symbol("A"), most);
    let policy = script([(1, vec![order.clone(), order])]);
    let snapshot = RunSnapshot { initial_cash: cash("1000000"), ..terms(&bars) };
    let told = Told::completed(&snapshot, &bars, &policy);
    assert_eq!(told.refusals()[0].refusal, Refusal::PositionTooLarge { have: most, amount: most });
}

#[test]
fn orders_of_a_bar_and_waiting_orders_are_bounded() {
    let limit = Order::limit(OrderSide::Buy, symbol("B"), shares("1"), price("1"));
    let refusals = refused_by(&dollars(), 1, vec![limit.clone(); ORDERS_PER_BAR_MAX + 5]);
    assert_eq!(refusals, [Refusal::TooManyOrders { limit: 1_000, dropped: 5 }]);
    let (bars, policy) = (bars(), script([(1, vec![limit.clone(); RESTING_ORDERS_MAX]), (2, vec![limit])]));
    let told = Told::completed(&dollars(), &bars, &policy);
    assert_eq!(told.refusals()[0].refusal, Refusal::TooManyResting { limit: 1_000 });
}

#[test]
fn the_first_broken_rule_refuses() {
    let everything_wrong = Order {
        side: OrderSide::Short,
        symbol: symbol("ZZZ"),
        quantity: shares("-1"),
        kind: OrderKind::Limit { limit_price: Price::ZERO, time_in_force: Default::default() },
    };
    let steps = [
        everything_wrong.clone(),
        Order { quantity: shares("1"), ..everything_wrong.clone() },
        Order { quantity: shares("1"), kind: OrderKind::Market, ..everything_wrong.clone() },
        Order { quantity: shares("1"), kind: OrderKind::Market, symbol: symbol("A"), ..everything_wrong },
    ];
    let causes: Vec<_> = refused_by(&dollars(), 1, steps.into()).iter().map(Refusal::cause).collect();
    assert_eq!(
        causes,
        ["amount_not_positive", "price_not_positive", "symbol_not_allowed", "shorting_not_allowed"]
    );
}

#[test]
fn a_policy_sees_its_refusals_at_the_next_decision() {
    let bars = bars();
    let policy = ask(|view, orders| match view.bar() {
        1 => orders.push(sell("A", "1")),
        2 | 3 => {
            let causes: Vec<_> = view.refusals().iter().map(|it| (it.bar, it.refusal.cause())).collect();
            assert_eq!(causes, [(1, "no_position")]);
        }
        _ => {}
    });
    Told::completed(&dollars(), &bars, &policy);
}
