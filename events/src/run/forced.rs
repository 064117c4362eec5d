//! What a run does by itself at the open of a bar, before anybody decides: it pays for borrowing when a day begins, and
//! closes what may not stay open.

use super::RunEvent;
use super::desk::{Desk, Now};
use super::events::{FinancingCharged, Forced, OrderCancelled, Session};
use super::gates::{Known, Worth, loss_of_day};
use crate::model::{Limit, LossResponse, Risk};
use crate::money::{divide_half_even, value_units};
use crate::policy::{Order, OrderSide};
use crate::time::TradingDay;
use crate::{Cash, Rate, Symbol};

/// What borrowing is counted by, a year: calendar days.
const DAYS_PER_YEAR: i128 = 365;

/// What `base` costs for `days` at `yearly`, rounded half to even once.
pub(super) fn financing(base: Cash, yearly: Rate, days: u32) -> Cash {
    let units = base.units().saturating_mul(i128::from(yearly.units())).saturating_mul(i128::from(days));
    Cash::from_units(divide_half_even(units, 10_i128.pow(Rate::SCALE) * DAYS_PER_YEAR))
}

/// Calendar days from one date to a later one.
pub(super) fn days_between(from: TradingDay, to: TradingDay) -> u32 {
    u32::try_from((to - from).get_days()).unwrap_or(0)
}

/// What is judged at the open of a bar.
#[derive(Debug, Clone, Copy)]
struct Opening {
    worth: Worth,
    time: jiff::civil::Time,
}

impl Desk<'_> {
    /// Begins a bar, and a trading day with its first bar; `equity` is the value at the close before.
    pub fn begin_bar(&mut self, equity: Cash, now: Now) {
        let date = self.clock.trading_date(self.snapshot.market(), now.start);
        let before = self.session;
        if before.is_some_and(|session| session.date == date) {
            return;
        }
        if let Some(before) = before {
            self.charge(days_between(before.date, date), now);
        }
        self.session = Some(Session { date, opened_with: equity });
    }

    fn charge(&mut self, days: u32, now: Now) {
        let risk = &self.snapshot.risk;
        let cash = self.book.cash();
        let interest = financing((-cash).max(Cash::ZERO), risk.interest_rate, days);
        let short = self.short_at_close();
        let borrow_fee = financing(short, risk.borrow_rate, days);
        let total = interest + borrow_fee;
        if total.is_positive() {
            let (bar, bar_start_s, cash) = (now.bar, now.start.as_second(), cash - total);
            let charged = FinancingCharged { bar, bar_start_s, days, interest, borrow_fee, cash };
            self.emit(RunEvent::FinancingCharged(charged));
        }
    }

    /// The value of what is short at the last close.
    fn short_at_close(&self) -> Cash {
        let short = self.held.iter().zip(&self.marks).filter(|(quantity, _)| quantity.is_negative());
        Cash::from_value_units(short.map(|(quantity, mark)| -value_units(*quantity, *mark)).sum())
    }

    /// Closes, at the open of the bar, what may not stay open.
    pub fn liquidate(&mut self, now: Now) {
        if self.held.iter().all(|quantity| quantity.is_zero()) {
            return;
        }
        let rules = self.rules(now, Known::Open);
        let opening = Opening { worth: rules.worth(), time: rules.local().time() };
        for column in 0..self.held.len() {
            self.close_column(column, opening, now);
        }
    }

    fn close_column(&mut self, column: usize, opening: Opening, now: Now) {
        let held = self.held.get(column).copied().unwrap_or_default();
        let Some(symbol) = self.bars.columns().get(column).map(|columns| columns.symbol.clone()) else {
            return;
        };
        if held.is_zero() {
            return;
        }
        let Some(forced) = self.reason_to_close(&symbol, opening) else { return };
        let side = if held.is_negative() { OrderSide::Cover } else { OrderSide::Sell };
        let order = Order::market(side, symbol, held.abs());
        let Some((cleared, quote)) = self.rules(now, Known::Open).clear_forced(&order) else { return };
        let order_id = self.book.next_order();
        self.fill(&cleared, order_id, quote, Some(forced), now);
        if self.book.position(&order.symbol).is_zero() {
            self.cancel_exits(&order.symbol);
        }
    }

    fn reason_to_close(&self, symbol: &Symbol, Opening { worth, time }: Opening) -> Option<Forced> {
        let risk = &self.snapshot.risk;
        if is_called(risk, worth) {
            return Some(Forced::MarginCall);
        }
        let rules = risk.rules.iter().filter(|rule| rule.applies_to(symbol));
        rules
            .filter_map(|rule| {
                let name = || rule.name.clone();
                match &rule.limit {
                    // What was carried over from another day missed its time, for want of a bar.
                    Limit::CloseAllBy { time: by } => (time >= *by || self.is_carried_over(symbol))
                        .then(|| Forced::CloseAllBy { rule: name() }),
                    Limit::MaxDailyLoss { fraction, response: LossResponse::ForceLiquidate } => {
                        let limit = self.session?.opened_with.share(*fraction);
                        let lost = loss_of_day(self.session, worth.value) > limit;
                        lost.then(|| Forced::DailyLoss { rule: name() })
                    }
                    Limit::MaxDailyLoss { response: LossResponse::RejectTrade, .. }
                    | Limit::MaxPosition { .. }
                    | Limit::MaxPositions { .. }
                    | Limit::MinCashReserve { .. }
                    | Limit::MaxTradesPerSession { .. }
                    | Limit::Blackout { .. }
                    | Limit::ApprovedSymbols { .. }
                    | Limit::ExcludedSymbols { .. } => None,
                }
            })
            .next()
    }

    /// Whether a position was opened on another trading day than this.
    fn is_carried_over(&self, symbol: &Symbol) -> bool {
        let holding = self.book.holdings().get(symbol);
        holding.zip(self.session).is_some_and(|(holding, session)| holding.bought_on != session.date)
    }

    /// Ends waiting orders that would have closed what is closed now.
    fn cancel_exits(&mut self, symbol: &Symbol) {
        let exits = self.book.resting().values();
        let exits = exits.filter(|it| it.order.symbol == *symbol && !it.order.side.opens());
        let exits: Vec<_> = exits.map(|it| it.id).collect();
        for order_id in exits {
            self.emit(RunEvent::OrderCancelled(OrderCancelled { order_id }));
        }
    }
}

/// Whether a margin account is worth less than its positions require.
pub(super) fn is_called(risk: &Risk, worth: Worth) -> bool {
    risk.margin_account && worth.value < (worth.long + worth.short).share(risk.maintenance_rate)
}
