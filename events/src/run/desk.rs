//! The account at work: orders are checked, wait, fill or are refused, and every change is an event.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::clearing::{Rules, Settlement};
use super::clock::Clock;
use super::gates::{Known, Marks};
use super::quote::{Quote, reached_at_open, reached_in_range};
use super::watch::Watch;
use super::{
    Book, Cleared, Forced, OrderAccepted, OrderExpired, OrderFilled, OrderRefused, PriceRule, RunEvent,
    RunSnapshot, Session,
};
use crate::market::{Bars, Columns};
use crate::policy::{
    FillRule, Order, OrderId, OrderKind, OrderSide, Refusal, RestingOrder, Side, TimeInForce,
};
use crate::{Cash, Price, Quantity, Symbol};

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
    /// The newest price before the bar of each column that is held.
    pub marks: Vec<Price>,
    /// Whether the terms have margin, gates or rules beyond what is held.
    pub guarded: bool,
    /// The trading day, where the terms are guarded.
    pub session: Option<Session>,
    /// The record of the next execution.
    pub next_record: u64,
    /// Executions in this bar; of an imported run all its lines.
    pub executed: u32,
    tradable: Vec<bool>,
    pub(super) clock: Clock,
    reached: Vec<(RestingOrder, Quote)>,
    watches: BTreeMap<OrderId, Watch>,
}

impl<'a> Desk<'a> {
    /// A desk over `book`.
    pub fn new(snapshot: &'a RunSnapshot, bars: &'a Bars, book: Book) -> Self {
        let symbols = || bars.columns().iter().map(|columns| &columns.symbol);
        Self {
            held: symbols().map(|symbol| book.position(symbol)).collect(),
            tradable: symbols().map(|symbol| snapshot.symbols.binary_search(symbol).is_ok()).collect(),
            marks: vec![Price::ZERO; bars.columns().len()],
            guarded: !snapshot.risk.is_default(),
            session: book.session(),
            next_record: book.next_record(),
            clock: Clock::new(snapshot.interval),
            snapshot,
            bars,
            book,
            events: Vec::new(),
            executed: 0,
            reached: Vec::new(),
            watches: BTreeMap::new(),
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
        let known = if self.snapshot.fill_rule.sees_complete_bar() { Known::Complete } else { Known::Open };
        match self.rules(now, known).validate(order) {
            Ok(cleared) => match cleared.settlement() {
                Settlement::Now(quote) => self.fill(&cleared, order_id, quote, None, now),
                Settlement::Later(_) => self.accept(order.clone(), None, now),
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
        // The bar itself is not watched, so that once a bar is enough.
        if moment == Moment::AtOpen {
            self.watch(now);
        }
        let known = if moment == Moment::AtClose { Known::Complete } else { Known::Open };
        let mut reached = std::mem::take(&mut self.reached);
        let waiting = self.book.resting().values().filter(|it| it.accepted_bar < now.bar);
        reached.extend(waiting.filter_map(|it| {
            let side = it.order.side.side();
            Some((it.clone(), self.quote_of(it, side, moment, now)?))
        }));
        for (resting, quote) in reached.drain(..) {
            match self.rules(now, known).validate_waiting(&resting.order, quote) {
                Ok(cleared) => self.fill(&cleared, resting.id, quote, None, now),
                Err(refusal) => self.refuse(resting.order, resting.id, refusal, now),
            }
        }
        self.reached = reached;
    }

    /// Brings what is watched for waiting orders up to the bar before this one.
    fn watch(&mut self, now: Now) {
        if !self.watches.is_empty() {
            self.watches.retain(|order_id, _| self.book.resting().contains_key(order_id));
        }
        for resting in self.book.resting().values().filter(|it| Watch::is_needed(it.order.kind)) {
            let Some(columns) = columns_of(self.bars, &resting.order.symbol) else { continue };
            let accepted = now.index.saturating_sub((now.bar - resting.accepted_bar) as usize);
            let watch = self.watches.entry(resting.id).or_insert_with(|| {
                let open = columns.open_at(accepted).unwrap_or_default();
                let seen = self.snapshot.fill_rule.sees_complete_bar();
                let close = columns.close_at(accepted).filter(|_| seen);
                Watch::begun(accepted, close.unwrap_or(open))
            });
            watch.advance(now.index, resting.order.kind, resting.order.side.side(), columns);
        }
    }

    fn quote_of(&self, resting: &RestingOrder, side: Side, moment: Moment, now: Now) -> Option<Quote> {
        let kind = resting.order.kind;
        let columns = columns_of(self.bars, &resting.order.symbol)?;
        let watch = self.watches.get(&resting.id).copied().unwrap_or_default();
        let at_market =
            matches!(kind, OrderKind::Market | OrderKind::Bracket { entry_limit_price: None, .. });
        let (rule, reference) = match (moment, self.snapshot.fill_rule) {
            (Moment::AtOpen, FillRule::NextOpen) if at_market => {
                (PriceRule::Open, columns.open_at(now.index)?)
            }
            (Moment::AtClose, FillRule::NextClose) if at_market => {
                (PriceRule::Close, columns.close_at(now.index)?)
            }
            (Moment::AtOpen, _) => reached_at_open(kind, side, columns.open_at(now.index)?, watch)?,
            (Moment::InRange, _) => reached_in_range(kind, side, columns.bar_at(now.index)?, watch)?,
            (Moment::AtClose, _) => return None,
        };
        Some(Quote::slipped(rule, reference, side, self.snapshot).within_limit_of(kind, side))
    }

    /// Whether the first bar in which a day order could fill has an earlier date than this one.
    fn day_is_over(&self, resting: &RestingOrder, now: Now) -> bool {
        if resting.order.kind.time_in_force() != TimeInForce::Day {
            return false;
        }
        let symbol = &resting.order.symbol;
        let Some(opens) = columns_of(self.bars, symbol).map(|columns| &columns.open) else { return false };
        let since = now.index.saturating_sub((now.bar - resting.accepted_bar) as usize) + 1;
        let waited = opens.iter().zip(self.bars.starts()).take(now.index).skip(since);
        let first_chance = waited.filter(|(open, _)| open.is_positive()).map(|(_, start)| *start).next();
        let date = |start| self.clock.trading_date(symbol.market(), start);
        first_chance.is_some_and(|start| date(start) < date(now.start))
    }

    fn accept(&mut self, order: Order, parent: Option<OrderId>, now: Now) {
        let (bar, bar_start_s, order_id) = (now.bar, now.start.as_second(), self.book.next_order());
        self.emit(RunEvent::OrderAccepted(OrderAccepted { bar, bar_start_s, order_id, order, parent }));
    }

    pub(super) fn fill(
        &mut self,
        cleared: &Cleared<&Order>,
        order_id: OrderId,
        quote: Quote,
        forced_by: Option<Forced>,
        now: Now,
    ) {
        let order = *cleared.order();
        let (value, fee) = quote.value_and_fee(order.quantity, self.snapshot);
        let held = self.book.position(&order.symbol);
        let (cash, position) = match cleared.side() {
            Side::Buy => (self.book.cash() - value - fee, held + order.quantity),
            Side::Sell => (self.book.cash() + value - fee, held - order.quantity),
        };
        let cost = |part| {
            let holding = self.book.holdings().get(&order.symbol);
            holding.map(|holding| holding.cost_of(part)).unwrap_or_default()
        };
        let realised_pnl = match order.side {
            OrderSide::Buy | OrderSide::Short => Cash::ZERO,
            OrderSide::Sell => value - fee - cost(order.quantity),
            OrderSide::Cover => -cost(-order.quantity) - value - fee,
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
            forced_by,
        };
        self.next_record += 1;
        self.executed += 1;
        self.emit(RunEvent::OrderFilled(filled));
        // What was opened may be closed in a later bar.
        if let Some(exits) = order.exits() {
            self.accept(exits, Some(order_id), now);
        }
    }

    /// Every change goes through the account's own fold.
    pub fn emit(&mut self, event: RunEvent) {
        self.book.apply(&event);
        self.events.push(event);
    }

    pub(super) fn rules(&self, now: Now, known: Known) -> Rules<'_> {
        Rules {
            snapshot: self.snapshot,
            bars: self.bars,
            tradable: &self.tradable,
            index: now.index,
            book: &self.book,
            clock: &self.clock,
            guarded: self.guarded,
            marks: Marks { known, ..self.marks_at_open(now) },
            session: self.session,
        }
    }

    /// The newest prices of positions at the open of a bar.
    pub(super) fn marks_at_open(&self, now: Now) -> Marks<'_> {
        let (held, before) = (&self.held, &self.marks);
        Marks { bars: self.bars, index: now.index, known: Known::Open, held, before }
    }
}

fn columns_of<'b>(bars: &'b Bars, symbol: &Symbol) -> Option<&'b Columns> {
    bars.columns().get(bars.column_of(symbol)?)
}
