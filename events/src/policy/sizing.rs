//! From wanted positions to orders that the account can pay for.

use super::{Order, OrderSide, View};
use crate::{Cash, Quantity};

/// An equal part of `amount` for each of `slots`, rounded down; all of it for none.
pub(super) fn slot(amount: Cash, slots: usize) -> Cash {
    let slots = i128::try_from(slots).unwrap_or(i128::MAX).max(1);
    Cash::from_units(amount.units() / slots)
}

/// Appends the orders that bring each column to its target: sells first, then buys as far as the cash reaches.
///
/// Columns that do not trade now, or for which an order waits, are left alone.
pub(super) fn rebalance(view: &View<'_>, targets: &[(usize, Quantity)], orders: &mut Vec<Order>) {
    let tradable = |column: usize| view.price_now(column).is_some() && !view.awaits(column);
    let mut cash = view.cash();
    for &(column, target) in targets {
        let surplus = view.position(column) - target;
        if surplus.is_positive() && tradable(column) {
            cash += view.proceeds_of(column, surplus);
            propose(view, OrderSide::Sell, column, surplus, orders);
        }
    }
    for &(column, target) in targets {
        let lacking = target - view.position(column);
        if lacking.is_positive() && tradable(column) {
            let quantity = lacking.min(view.affordable(column, cash));
            if quantity.is_positive() {
                cash -= view.cost_of(column, quantity);
                propose(view, OrderSide::Buy, column, quantity, orders);
            }
        }
    }
}

/// Appends a market order for a column.
pub(super) fn propose(
    view: &View<'_>,
    side: OrderSide,
    column: usize,
    quantity: Quantity,
    orders: &mut Vec<Order>,
) {
    if let Some(symbol) = view.symbol(column) {
        orders.push(Order::market(side, symbol.clone(), quantity));
    }
}

/// What a signal says about one column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wish {
    /// Hold it.
    Enter,
    /// Hold none of it.
    Leave,
    /// As it is.
    Stay,
}

/// Appends the orders of a signal per column: what is to be left is sold whole, then what is to be entered and is not
/// held gets an equal slot of the account, as far as the cash reaches.
pub(super) fn follow(view: &View<'_>, wish: impl Fn(usize) -> Wish, orders: &mut Vec<Order>) {
    let tradable = |column: usize| view.price_now(column).is_some() && !view.awaits(column);
    let mut cash = view.cash();
    let mut enters = false;
    for &column in view.universe() {
        let position = view.position(column);
        match wish(column) {
            Wish::Enter => enters |= position.is_zero(),
            Wish::Leave if position.is_positive() && tradable(column) => {
                cash += view.proceeds_of(column, position);
                propose(view, OrderSide::Sell, column, position, orders);
            }
            Wish::Leave | Wish::Stay => {}
        }
    }
    if !enters {
        return;
    }
    let slot = slot(view.equity_now(), view.universe().len());
    for &column in view.universe() {
        if view.position(column).is_zero() && wish(column) == Wish::Enter && tradable(column) {
            let quantity = view.affordable(column, slot.min(cash));
            if quantity.is_positive() {
                cash -= view.cost_of(column, quantity);
                propose(view, OrderSide::Buy, column, quantity, orders);
            }
        }
    }
}
