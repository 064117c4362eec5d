//! What a view says is affordable can be paid, and noticeably more cannot.

use proptest::prelude::*;

use crate::market::Columns;
use crate::policy::{Order, OrderSide};
use crate::run::RunSnapshot;
use crate::run::tests::support::{Told, ask, daily, symbol, terms};
use crate::{Cash, Price, Quantity, Rate};

proptest! {
    #[test]
    fn what_is_affordable_is_not_refused_and_noticeably_more_is(
        units in 1_000_000_i64..100_000_000_000,
        commission in 0_i64..10_000_000,
        slippage in 0_i64..10_000_000,
        coin in any::<bool>(),
    ) {
        let name = symbol(if coin { "BTC-USDT" } else { "A" });
        let bars = daily(vec![Columns::flat(name.clone(), [Price::from_units(units); 3].into())]);
        let snapshot = RunSnapshot {
            commission_rate: Rate::from_units(commission),
            slippage_rate: Rate::from_units(slippage),
            ..terms(&bars)
        };
        for more in [false, true] {
            let name = name.clone();
            let lot = name.market().lot();
            let policy = ask(move |view, orders| {
                if view.bar() == 1 {
                    let quantity = view.affordable(0, view.cash());
                    assert!(view.cost_of(0, quantity) <= view.cash());
                    // A price has 8 decimals and cash has 6: what is less than either can tell is not noticed.
                    let unnoticed = quantity.units() / 1_000_000 + 200_000_000 / units;
                    let beyond = lot + lot + Quantity::from_units(unnoticed);
                    let whole_lots = Quantity::from_units(beyond.units() / lot.units() * lot.units());
                    let added = if more { whole_lots } else { Quantity::ZERO };
                    orders.push(Order::market(OrderSide::Buy, name.clone(), quantity + added));
                }
            });
            let told = Told::completed(&snapshot, &bars, &policy);
            prop_assert_eq!(told.fills().len(), usize::from(!more));
        }
    }

    #[test]
    fn proceeds_are_what_a_sale_brings(commission in 0_i64..10_000_000, slippage in 0_i64..10_000_000) {
        let bars = daily(vec![Columns::flat(symbol("A"), [Price::from_units(12_345_678_901); 4].into())]);
        let snapshot = RunSnapshot {
            commission_rate: Rate::from_units(commission),
            slippage_rate: Rate::from_units(slippage),
            ..terms(&bars)
        };
        let policy = ask(|view, orders| {
            let seven = Quantity::whole(7).unwrap();
            let side = if view.bar() == 1 { OrderSide::Buy } else { OrderSide::Sell };
            let bought = Cash::whole(10_000).unwrap() - view.cost_of(0, seven);
            match view.bar() {
                2 => assert_eq!(view.cash(), bought),
                3 => assert_eq!(view.cash(), bought + view.proceeds_of(0, seven)),
                _ => {}
            }
            if view.bar() < 3 {
                orders.push(Order::market(side, symbol("A"), seven));
            }
        });
        let told = Told::completed(&snapshot, &bars, &policy);
        prop_assert_eq!(told.fills().len(), 2);
    }
}
