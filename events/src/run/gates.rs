//! What an order may open: the margin of the account, and the hard gates. Orders that close a position pass them all.

use super::Session;
use super::clearing::Rules;
use super::quote::Quote;
use crate::market::Bars;
use crate::model::Gates;
use crate::money::value_units;
use crate::policy::{Gate, Order, OrderSide, Refusal};
use crate::{Cash, Price, Quantity, Rate};

/// An account below this part of its initial cash opens nothing any more: 75 %.
const ACCOUNT_VALUE_MIN: Rate = Rate::from_units(75_000_000);
/// The largest order of a cash account, as a part of its value: half.
const ORDER_SHARE_MAX: Rate = Rate::from_units(50_000_000);
/// The cash that a cash account keeps, as a part of its value: 10 %.
const CASH_RESERVE_MIN: Rate = Rate::from_units(10_000_000);
/// The margin of what is short, as a part of its value: half.
const SHORT_MARGIN: Rate = Rate::from_units(50_000_000);

/// What is known of the bar being traded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Known {
    /// Its open.
    Open,
    /// All of it.
    Complete,
}

/// What an account is worth.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Worth {
    /// Cash and positions.
    pub value: Cash,
    /// What is held.
    pub long: Cash,
    /// What is short, as a positive amount.
    pub short: Cash,
}

/// Prices of positions: those of the bar as far as they are known, else the newest before it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Marks<'a> {
    pub bars: &'a Bars,
    /// The bar in the calendar.
    pub index: usize,
    pub known: Known,
    /// The position of each column.
    pub held: &'a [Quantity],
    /// The newest price before the bar of each column that is held.
    pub before: &'a [Price],
}

impl Marks<'_> {
    /// What an account of this much cash is worth.
    pub fn worth(&self, cash: Cash) -> Worth {
        let (mut long, mut short) = (0, 0);
        for ((quantity, columns), before) in self.held.iter().zip(self.bars.columns()).zip(self.before) {
            if quantity.is_zero() {
                continue;
            }
            let close = columns.close_at(self.index).filter(|_| self.known == Known::Complete);
            let price = close.or_else(|| columns.open_at(self.index)).unwrap_or(*before);
            let units = value_units(*quantity, price);
            if quantity.is_negative() { short -= units } else { long += units }
        }
        Worth {
            value: cash + Cash::from_value_units(long - short),
            long: Cash::from_value_units(long),
            short: Cash::from_value_units(short),
        }
    }
}

/// The loss since the close of the day before; negative for a profit.
pub(super) fn loss_of_day(session: Option<Session>, value: Cash) -> Cash {
    session.map_or(Cash::ZERO, |session| session.opened_with - value)
}

impl Rules<'_> {
    /// What the account is worth at this moment.
    pub fn worth(&self) -> Worth {
        self.marks.worth(self.book.cash())
    }

    /// Checks an order that opens or enlarges a position against margin and gates.
    pub fn check_opening(&self, order: &Order, quote: Quote) -> Result<(), Refusal> {
        let risk = &self.snapshot.risk;
        let (amount, fee) = quote.value_and_fee(order.quantity, self.snapshot);
        let worth = self.worth();
        if risk.margin_account {
            self.check_margin(order.side, amount, fee, worth)?;
        }
        let gate = |kept: bool, gate, figure, limit| {
            if kept { Ok(()) } else { Err(Refusal::Gate { gate, figure, limit }) }
        };
        if let Some(limit) = risk.max_daily_loss {
            let loss = loss_of_day(self.session, worth.value);
            gate(loss <= limit, Gate::DailyLoss, loss, limit)?;
        }
        if risk.gates == Gates::All {
            let least = self.snapshot.initial_cash.share(ACCOUNT_VALUE_MIN);
            gate(worth.value >= least, Gate::AccountValue, worth.value, least)?;
        }
        if let Some(limit) = risk.max_position_size {
            gate(amount <= limit, Gate::OrderValue, amount, limit)?;
        }
        // A margin account borrows: its margin stands in the place of the gates for cash.
        if risk.gates == Gates::All && !risk.margin_account {
            let most = worth.value.share(ORDER_SHARE_MAX);
            gate(amount <= most, Gate::OrderShare, amount, most)?;
            let (left, least) = (self.book.cash() - amount - fee, worth.value.share(CASH_RESERVE_MIN));
            gate(left >= least, Gate::CashReserve, left, least)?;
        }
        Ok(())
    }

    /// A margin account may use its value times its multiple: all of what it buys, half of what it sells short.
    fn check_margin(&self, side: OrderSide, amount: Cash, fee: Cash, worth: Worth) -> Result<(), Refusal> {
        let multiple = self.snapshot.risk.buying_power_multiple();
        let capacity = Cash::from_units(worth.value.units().max(0).saturating_mul(multiple));
        let available = capacity - worth.long - worth.short.share(SHORT_MARGIN);
        let required = match side {
            OrderSide::Short => amount.share(SHORT_MARGIN) + fee,
            OrderSide::Buy | OrderSide::Sell | OrderSide::Cover => amount + fee,
        };
        if required > available {
            return Err(Refusal::InsufficientMargin { required, available });
        }
        Ok(())
    }
}
