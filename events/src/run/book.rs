//! The account of a run: cash, positions, waiting orders and the figures that follow from them.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::figures::rate_of;
use super::{
    AccountAdjusted, AdjustedHolding, BarsClosed, Counts, Drawdown, EquityPoint, OrderFilled, RunEvent,
    RunFigures, Session,
};
use crate::policy::{OrderId, OrderSide, RefusedOrder, RestingOrder, Side};
use crate::time::TradingDay;
use crate::{Cash, Quantity, Symbol};

/// Shares of one symbol that are held, or short.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Holding {
    /// How many; negative where they are short.
    pub quantity: Quantity,
    /// What they cost, fees included; for what is short, what it brought, as a negative number.
    pub cost: Cash,
    /// The date of the last purchase.
    pub bought_on: TradingDay,
    /// How many were bought on that date.
    pub bought_that_day: Quantity,
}

/// The account of a run. Only events change it; it keeps no history, so its size does not grow with the run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Book {
    initial_cash: Cash,
    cash: Cash,
    holdings: BTreeMap<Symbol, Holding>,
    resting: BTreeMap<OrderId, RestingOrder>,
    refusals: Vec<RefusedOrder>,
    next_bar: u32,
    next_record: u64,
    next_order: OrderId,
    equity: Cash,
    peak: EquityPoint,
    max_drawdown: Option<Drawdown>,
    realised_pnl: Cash,
    adjustments: Cash,
    fees: Cash,
    traded: Cash,
    counts: Counts,
    session: Option<Session>,
    trades_on: Option<TradingDay>,
    trades_that_day: u32,
}

impl Book {
    /// The account before the first bar.
    pub fn opened_with(initial_cash: Cash) -> Self {
        Self {
            initial_cash,
            cash: initial_cash,
            holdings: BTreeMap::new(),
            resting: BTreeMap::new(),
            refusals: Vec::new(),
            next_bar: 0,
            next_record: 0,
            next_order: OrderId(0),
            equity: initial_cash,
            peak: EquityPoint { bar: 0, value: initial_cash },
            max_drawdown: None,
            realised_pnl: Cash::ZERO,
            adjustments: Cash::ZERO,
            fees: Cash::ZERO,
            traded: Cash::ZERO,
            counts: Counts::default(),
            session: None,
            trades_on: None,
            trades_that_day: 0,
        }
    }

    /// Cash.
    pub fn cash(&self) -> Cash {
        self.cash
    }

    /// Cash with which the account was opened.
    pub fn initial_cash(&self) -> Cash {
        self.initial_cash
    }

    /// What is held, by symbol; nothing that is flat.
    pub fn holdings(&self) -> &BTreeMap<Symbol, Holding> {
        &self.holdings
    }

    /// How many shares of `symbol` are held.
    pub fn position(&self, symbol: &Symbol) -> Quantity {
        self.holdings.get(symbol).map(|holding| holding.quantity).unwrap_or_default()
    }

    /// Orders that wait.
    pub fn resting(&self) -> &BTreeMap<OrderId, RestingOrder> {
        &self.resting
    }

    /// The orders refused in the last bar that refused any.
    pub fn refusals(&self) -> &[RefusedOrder] {
        &self.refusals
    }

    /// The bar that is to be decided next; 0 opens the account.
    pub fn next_bar(&self) -> u32 {
        self.next_bar
    }

    /// The first ledger record of the next bar.
    pub fn next_record(&self) -> u64 {
        self.next_record
    }

    /// The place of the next order.
    pub fn next_order(&self) -> OrderId {
        self.next_order
    }

    /// Cash and positions at the close of the last closed bar.
    pub fn equity(&self) -> Cash {
        self.equity
    }

    /// The highest equity so far.
    pub fn peak(&self) -> EquityPoint {
        self.peak
    }

    /// The trading day of the last closed bar, where the terms of the run depend on days.
    pub fn session(&self) -> Option<Session> {
        self.session
    }

    /// Executions of a trading day.
    pub fn trades_on(&self, date: TradingDay) -> u32 {
        if self.trades_on == Some(date) { self.trades_that_day } else { 0 }
    }

    /// The figures to the last closed bar.
    pub fn figures(&self) -> RunFigures {
        let cost: Cash = self.holdings.values().map(|holding| holding.cost).sum();
        RunFigures {
            bars: self.next_bar,
            records: self.next_record,
            initial_cash: self.initial_cash,
            cash: self.cash,
            value: self.equity,
            total_return: rate_of(self.equity - self.initial_cash, self.initial_cash),
            max_drawdown: self.max_drawdown,
            realised_pnl: self.realised_pnl,
            open_pnl: self.equity - self.cash - cost,
            adjustments: self.adjustments,
            fees: self.fees,
            traded: self.traded,
            counts: self.counts,
        }
    }

    /// The account after `event`: the one place that changes it.
    pub fn apply(&mut self, event: &RunEvent) {
        match event {
            RunEvent::OrderAccepted(accepted) => {
                self.take_order_id(accepted.order_id);
                self.resting.insert(accepted.order_id, accepted.resting());
            }
            RunEvent::OrderFilled(filled) => self.fill(filled),
            RunEvent::OrderRefused(refused) => {
                self.take_order_id(refused.order_id);
                self.resting.remove(&refused.order_id);
                if self.refusals.last().is_some_and(|earlier| earlier.bar != refused.bar) {
                    self.refusals.clear();
                }
                self.refusals.push(refused.refused());
                self.counts.refusals += 1;
            }
            RunEvent::OrderExpired(expired) => {
                self.resting.remove(&expired.order_id);
            }
            RunEvent::OrderCancelled(cancelled) => {
                self.resting.remove(&cancelled.order_id);
            }
            RunEvent::FinancingCharged(charged) => {
                self.cash = charged.cash;
                self.realised_pnl -= charged.total();
            }
            RunEvent::AccountAdjusted(adjusted) => self.adjust(adjusted),
            RunEvent::BarsClosed(closed) => self.close_bars(closed),
            RunEvent::LineImported(_)
            | RunEvent::RunRequested(_)
            | RunEvent::RunCompleted(_)
            | RunEvent::RunCancelled(_)
            | RunEvent::RunFailed(_)
            | RunEvent::RunDeleted(_) => {}
        }
    }

    fn take_order_id(&mut self, taken: OrderId) {
        self.next_order = self.next_order.max(OrderId(taken.0 + 1));
    }

    fn fill(&mut self, filled: &OrderFilled) {
        self.take_order_id(filled.order_id);
        if !self.resting.is_empty() {
            self.resting.remove(&filled.order_id);
        }
        let value = Cash::of(filled.quantity, filled.price);
        self.cash = filled.cash;
        self.fees += filled.fee;
        self.traded += value;
        self.realised_pnl += filled.realised_pnl;
        self.trades_that_day = self.trades_on(filled.trading_date) + 1;
        self.trades_on = Some(filled.trading_date);
        match filled.side {
            Side::Buy => self.counts.buys += 1,
            Side::Sell => self.counts.sells += 1,
        }
        match filled.order_side() {
            OrderSide::Buy => self.opened(filled, value + filled.fee, filled.quantity),
            // What is short has cost what it brought, below zero.
            OrderSide::Short => self.opened(filled, filled.fee - value, Quantity::ZERO),
            OrderSide::Sell => self.closed(filled, filled.quantity),
            OrderSide::Cover => self.closed(filled, -filled.quantity),
        }
    }

    /// What changed without a decision is neither profit nor loss.
    fn adjust(&mut self, adjusted: &AccountAdjusted) {
        self.adjustments += adjusted.cash - self.cash;
        self.cash = adjusted.cash;
        for AdjustedHolding { symbol, position, cost } in &adjusted.holdings {
            let before = self.holdings.get(symbol).map(|holding| holding.cost).unwrap_or_default();
            self.adjustments += *cost - before;
            if position.is_zero() {
                self.holdings.remove(symbol);
                continue;
            }
            let holding = self.holdings.entry(symbol.clone()).or_insert_with(|| Holding {
                quantity: Quantity::ZERO,
                cost: Cash::ZERO,
                bought_on: TradingDay::constant(1970, 1, 1),
                bought_that_day: Quantity::ZERO,
            });
            (holding.quantity, holding.cost) = (*position, *cost);
        }
    }

    fn opened(&mut self, filled: &OrderFilled, cost: Cash, unsettled: Quantity) {
        let holding = self.holdings.entry(filled.symbol.clone()).or_insert_with(|| Holding {
            quantity: Quantity::ZERO,
            cost: Cash::ZERO,
            bought_on: filled.trading_date,
            bought_that_day: Quantity::ZERO,
        });
        if holding.bought_on != filled.trading_date {
            holding.bought_on = filled.trading_date;
            holding.bought_that_day = Quantity::ZERO;
        }
        holding.quantity = filled.position;
        holding.cost += cost;
        holding.bought_that_day += unsettled;
    }

    fn closed(&mut self, filled: &OrderFilled, part: Quantity) {
        if filled.position.is_zero() {
            self.holdings.remove(&filled.symbol);
        } else if let Some(holding) = self.holdings.get_mut(&filled.symbol) {
            holding.cost -= holding.cost_of(part);
            holding.quantity = filled.position;
        }
    }

    fn close_bars(&mut self, closed: &BarsClosed) {
        for (bar, value) in (closed.first_bar..).zip(&closed.value) {
            let point = EquityPoint { bar, value: *value };
            if point.value > self.peak.value {
                self.peak = point;
            } else if point.value < self.peak.value {
                let fall = Drawdown { peak: self.peak, trough: point };
                if self.max_drawdown.is_none_or(|deepest| fall.is_deeper_than(&deepest)) {
                    self.max_drawdown = Some(fall);
                }
            }
            self.equity = point.value;
        }
        self.session = closed.session;
        self.next_bar = closed.next_bar();
        self.next_record = closed.next_record();
        // Every record but the opening one is an execution or says that there was none.
        let executed = self.counts.buys + self.counts.sells;
        self.counts.holds = self.next_record.saturating_sub(1 + executed);
    }
}

impl Holding {
    /// The cost of `quantity` of these shares at their average, rounded half to even; all of it for all of them. Of
    /// what is short the quantity is negative, as the cost then is.
    pub fn cost_of(&self, quantity: Quantity) -> Cash {
        self.cost.portion(quantity, self.quantity)
    }

    /// How many of the shares were bought on `date`.
    pub fn bought_on(&self, date: TradingDay) -> Quantity {
        if self.bought_on == date { self.bought_that_day } else { Quantity::ZERO }
    }
}
