//! What a view says is affordable can be paid, and one lot more cannot.

use proptest::prelude::*;

use crate::market::Columns;
use crate::policy::{Order, OrderSide};
use crate::run::RunSnapshot;
use crate::run::tests::support::{Told, ask, daily, symbol, terms};
use crate::{Cash, Price, Quantity, Rate};

proptest! {
    #[test]
    fn what_is_affordable_is_not_refused_and_one_lot_more_is(
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
            let lot = if more { name.market().lot() } else { Quantity::ZERO };
            let policy = ask(move |view, orders| {
                if view.bar() == 1 {
                    let quantity = view.affordable(0, view.cash());
                    assert!(view.cost_of(0, quantity) <= view.cash());
                    orders.push(Order::market(OrderSide::Buy, name.clone(), quantity + lot));
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
