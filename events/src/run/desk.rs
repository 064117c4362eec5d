//! The account at work: orders are checked, wait, fill or are refused, and every change is an event.

use jiff::Timestamp;

use super::clearing::{Rules, Settlement};
use super::clock::Clock;
use super::quote::{Quote, reached_at_open, reached_in_range};
use super::{
    Book, Cleared, OrderAccepted, OrderExpired, OrderFilled, OrderRefused, PriceRule, RunEvent, RunSnapshot,
};
use crate::market::Bars;
use crate::policy::{
    FillRule, Order, OrderId, OrderKind, OrderSide, Refusal, RestingOrder, Side, TimeInForce,
};
use crate::{Cash, Quantity};

/// Where a run is in its calendar.
#[derive(Debug, Clone, Copy)]
pub(super) struct Now {
    /// Bar of the run, 0 being the one that opens the account.
    pub bar: u32,
    /// The same bar in the calendar of the bars.
    pub index: usize,
    /// Its start.
    pub start: Timestamp,
}

/// The moments of a bar at which waiting orders can fill.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Moment {
    /// Its open is known.
    AtOpen,
    /// Between open and close.
    InRange,
    /// It is complete.
    AtClose,
}

/// A working copy of the account, with what the hot loop looks up by column.
#[derive(Debug)]
pub(super) struct Desk<'a> {
    pub snapshot: &'a RunSnapshot,
    pub bars: &'a Bars,
    pub book: Book,
    pub events: Vec<RunEvent>,
    /// The position of each column, resolved from the book.
    pub held: Vec<Quantity>,
    /// The record of the next execution.
    pub next_record: u64,
    /// Executions in this bar; of an imported run all its lines.
    pub executed: u32,
    tradable: Vec<bool>,
    pub clock: Clock,
    reached: Vec<(RestingOrder, Side, Quote)>,
}

impl<'a> Desk<'a> {
    /// A desk over `book`.
    pub fn new(snapshot: &'a RunSnapshot, bars: &'a Bars, book: Book) -> Self {
        let symbols = || bars.columns().iter().map(|columns| &columns.symbol);
        Self {
            held: symbols().map(|symbol| book.position(symbol)).collect(),
            tradable: symbols().map(|symbol| snapshot.symbols.binary_search(symbol).is_ok()).collect(),
            next_record: book.next_record(),
            clock: Clock::new(snapshot.interval),
            snapshot,
            bars,
            book,
            events: Vec::new(),
            executed: 0,
            reached: Vec::new(),
        }
    }

    /// The columns that may be traded, rising.
    pub fn universe(&self) -> Vec<usize> {
        let columns = self.tradable.iter().enumerate();
        columns.filter_map(|(column, tradable)| tradable.then_some(column)).collect()
    }

    /// Checks a proposed order; it fills, waits or is refused.
    pub fn place(&mut self, order: &Order, now: Now) {
        let order_id = self.book.next_order();
        match self.rules(now).validate(order) {
            Ok(cleared) => match cleared.settlement() {
                Settlement::Now(quote) => self.fill(&cleared, order_id, quote, now),
                Settlement::Later(_) => self.accept(&cleared, order_id, now),
            },
            Err(refusal) => self.refuse(order.clone(), order_id, refusal, now),
        }
    }

    /// Records that an order was not taken.
    pub fn refuse(&mut self, order: Order, order_id: OrderId, refusal: Refusal, now: Now) {
        let (bar, bar_start_s) = (now.bar, now.start.as_second());
        self.emit(RunEvent::OrderRefused(OrderRefused { bar, bar_start_s, order_id, order, refusal }));
    }

    /// Ends waiting orders whose day is over.
    pub fn expire_days(&mut self, now: Now) {
        let over: Vec<_> =
            self.book.resting().values().filter(|it| self.day_is_over(it, now)).map(|it| it.id).collect();
        for order_id in over {
            self.emit(RunEvent::OrderExpired(OrderExpired { bar: now.bar, order_id }));
        }
    }

    /// Ends all waiting orders: there is no later bar.
    pub fn expire_all(&mut self, now: Now) {
        let waiting: Vec<_> = self.book.resting().keys().copied().collect();
        for order_id in waiting {
            self.emit(RunEvent::OrderExpired(OrderExpired { bar: now.bar, order_id }));
        }
    }

    /// Fills the orders that wait since an earlier bar and reach their price at this moment, in the order in which
    /// they were proposed; the path of prices within a bar is unknown.
    pub fn fill_waiting(&mut self, moment: Moment, now: Now) {
        let mut reached = std::mem::take(&mut self.reached);
        let waiting = self.book.resting().values().filter(|it| it.accepted_bar < now.bar);
        reached.extend(waiting.filter_map(|it| {
            let side = side_of(it.order.side)?;
            Some((it.clone(), side, self.quote_of(&it.order, side, moment, now)?))
        }));
        for (resting, side, quote) in reached.drain(..) {
            match self.rules(now).validate_waiting(&resting.order, side, quote) {
                Ok(cleared) => self.fill(&cleared, resting.id, quote, now),
                Err(refusal) => self.refuse(resting.order, resting.id, refusal, now),
            }
        }
        self.reached = reached;
    }

    fn quote_of(&self, order: &Order, side: Side, moment: Moment, now: Now) -> Option<Quote> {
        let columns = self.bars.columns().get(self.bars.column_of(&order.symbol)?)?;
        let (rule, reference) = match (moment, order.kind, self.snapshot.fill_rule) {
            (Moment::AtOpen, OrderKind::Market, FillRule::NextOpen) => {
                (PriceRule::Open, columns.open_at(now.index)?)
            }
            (Moment::AtClose, OrderKind::Market, FillRule::NextClose) => {
                (PriceRule::Close, columns.close_at(now.index)?)
            }
            (Moment::AtOpen, kind, _) => reached_at_open(kind, side, columns.open_at(now.index)?)?,
            (Moment::InRange, kind, _) => reached_in_range(kind, side, columns.bar_at(now.index)?)?,
            (Moment::AtClose, _, _) => return None,
        };
        Some(Quote::slipped(rule, reference, side, self.snapshot))
    }

    /// Whether the first bar in which a day order could fill has an earlier date than this one.
    fn day_is_over(&self, resting: &RestingOrder, now: Now) -> bool {
        if resting.order.kind.time_in_force() != TimeInForce::Day {
            return false;
        }
        let symbol = &resting.order.symbol;
        let column = self.bars.column_of(symbol).and_then(|column| self.bars.columns().get(column));
        let Some(opens) = column.map(|columns| &columns.open) else { return false };
        let since = now.index.saturating_sub((now.bar - resting.accepted_bar) as usize) + 1;
        let waited = opens.iter().zip(self.bars.starts()).take(now.index).skip(since);
        let first_chance = waited.filter(|(open, _)| open.is_positive()).map(|(_, start)| *start).next();
        let date = |start| self.clock.trading_date(symbol.market(), start);
        first_chance.is_some_and(|start| date(start) < date(now.start))
    }

    fn accept(&mut self, cleared: &Cleared<&Order>, order_id: OrderId, now: Now) {
        let (bar, bar_start_s, order) = (now.bar, now.start.as_second(), (*cleared.order()).clone());
        self.emit(RunEvent::OrderAccepted(OrderAccepted { bar, bar_start_s, order_id, order }));
    }

    fn fill(&mut self, cleared: &Cleared<&Order>, order_id: OrderId, quote: Quote, now: Now) {
        let order = *cleared.order();
        let (value, fee) = quote.value_and_fee(order.quantity, self.snapshot);
        let (cash, position, realised_pnl) = match cleared.side() {
            Side::Buy => {
                let position = self.book.position(&order.symbol) + order.quantity;
                (self.book.cash() - value - fee, position, Cash::ZERO)
            }
            Side::Sell => {
                let holding = self.book.holdings().get(&order.symbol);
                let cost = holding.map(|holding| holding.cost_of(order.quantity)).unwrap_or_default();
                let position = self.book.position(&order.symbol) - order.quantity;
                (self.book.cash() + value - fee, position, value - fee - cost)
            }
        };
        if let Some(held) = self.held.get_mut(cleared.column()) {
            *held = position;
        }
        let filled = OrderFilled {
            bar: now.bar,
            bar_start_s: now.start.as_second(),
            trading_date: cleared.trading_date(),
            record: self.next_record,
            order_id,
            side: cleared.side(),
            symbol: order.symbol.clone(),
            quantity: order.quantity,
            price: quote.executed,
            reference_price: quote.reference,
            price_rule: quote.rule,
            fee,
            cash,
            position,
            realised_pnl,
        };
        self.next_record += 1;
        self.executed += 1;
        self.emit(RunEvent::OrderFilled(filled));
    }

    /// Every change goes through the account's own fold.
    pub fn emit(&mut self, event: RunEvent) {
        self.book.apply(&event);
        self.events.push(event);
    }

    fn rules(&self, now: Now) -> Rules<'_> {
        Rules {
            snapshot: self.snapshot,
            bars: self.bars,
            tradable: &self.tradable,
            index: now.index,
            book: &self.book,
            clock: &self.clock,
        }
    }
}

/// Only purchases and sales wait.
const fn side_of(side: OrderSide) -> Option<Side> {
    match side {
        OrderSide::Buy => Some(Side::Buy),
        OrderSide::Sell => Some(Side::Sell),
        OrderSide::Short | OrderSide::Cover => None,
    }
}
