//! `builtin/buy-and-hold`: every symbol once, in equal slots of the initial cash.

use serde::{Deserialize, Serialize};

use crate::policy::sizing::{propose, slot};
use crate::policy::{Order, OrderSide, Policy, View};

/// The policy has no parameters.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NoParameters {}

/// Buys each symbol in the first bar of the run in which it trades, as many whole lots as its slot pays for.
#[derive(Debug)]
pub(in crate::policy) struct BuyAndHold;

impl Policy for BuyAndHold {
    fn propose(&self, view: &View<'_>, orders: &mut Vec<Order>) {
        let slot = slot(view.initial_cash(), view.universe().len());
        for &column in view.universe() {
            let first_chance = view.position(column).is_zero()
                && !view.traded_before(column)
                && view.price_now(column).is_some()
                && !view.awaits(column);
            if first_chance {
                let quantity = view.affordable(column, slot);
                if quantity.is_positive() {
                    propose(view, OrderSide::Buy, column, quantity, orders);
                }
            }
        }
    }
}
