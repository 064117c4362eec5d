//! The bar clock: what happens in a bar, in which order, and where a chunk of bars ends.
//!
//! The first bar opens the account and is not traded. In every later bar an order of events makes look-ahead
//! impossible: first what follows from the bar's open, then, under [`FillRule::Open`], the decision that knows no
//! more than this open, then what follows from the bar's range, then, under the other rules, the decision that knows
//! the complete bar. Were waiting orders matched against the range before a decision at the open, their fills would
//! tell the decision what the range will be.

use jiff::Timestamp;

use super::desk::{Desk, Moment, Now};
use super::{Advance, BarsClosed, Fingerprint, RunCompleted, RunError, RunEvent, Trading};
use crate::market::Bars;
use crate::money::value_units;
use crate::policy::{FillRule, Order, Policy, Refusal, View, ViewParts};
use crate::{Cash, Price};

/// A chunk ends with the bar in which it has gathered so many events, however few its bars.
pub const CHUNK_EVENTS_MAX: usize = 500;

/// Orders of one bar that are looked at.
pub const ORDERS_PER_BAR_MAX: usize = 1_000;

/// The events of the next chunk of bars.
pub(super) fn advance(run: &Trading, advance: &Advance) -> Result<Vec<RunEvent>, RunError> {
    let next_bar = run.book.next_bar();
    // Beyond the next bar is not too far: chunks before it may have ended early by the number of their events.
    if advance.from_bar < next_bar {
        return Err(RunError::StaleAdvance { from_bar: advance.from_bar, next_bar });
    }
    check_bars(run, &advance.bars)?;
    Ok(Chunk::new(run, &advance.bars, advance.policy.as_ref()).events())
}

/// The bars must be those that the snapshot froze.
fn check_bars(run: &Trading, bars: &Bars) -> Result<(), RunError> {
    let snapshot = &run.snapshot;
    let (expected, given) = (snapshot.bars.fingerprint, Fingerprint(bars.fingerprint()));
    if expected != given {
        return Err(RunError::OtherBars { expected, given });
    }
    let warmup = usize::try_from(snapshot.bars.warmup).unwrap_or(usize::MAX);
    let known = |symbol| bars.column_of(symbol).is_some();
    if usize::try_from(snapshot.bars.count) != Ok(bars.len()) {
        Err(RunError::SnapshotMismatch("the number of bars differs"))
    } else if bars.interval() != snapshot.interval {
        Err(RunError::SnapshotMismatch("the interval differs"))
    } else if bars.starts().get(warmup) != Some(&snapshot.first_bar_at) {
        Err(RunError::SnapshotMismatch("the first bar differs"))
    } else if bars.starts().last() != Some(&snapshot.last_bar_at) {
        Err(RunError::SnapshotMismatch("the last bar differs"))
    } else if !snapshot.symbols.iter().all(known) {
        Err(RunError::SnapshotMismatch("a symbol has no prices"))
    } else {
        Ok(())
    }
}

/// A chunk of bars being decided.
struct Chunk<'a> {
    desk: Desk<'a>,
    policy: &'a dyn Policy,
    first: usize,
    universe: Vec<usize>,
    equity: Cash,
    proposals: Vec<Order>,
    closed: BarsClosed,
}

impl<'a> Chunk<'a> {
    fn new(run: &'a Trading, bars: &'a Bars, policy: &'a dyn Policy) -> Self {
        let mut desk = Desk::new(&run.snapshot, bars, run.book.clone());
        let first = usize::try_from(run.snapshot.bars.warmup).unwrap_or(usize::MAX);
        let next = first + usize::try_from(run.book.next_bar()).unwrap_or(usize::MAX);
        desk.marks = last_marks(&desk, next);
        let closed = BarsClosed {
            first_bar: run.book.next_bar(),
            first_record: run.book.next_record(),
            bar_starts_s: Vec::new(),
            cash: Vec::new(),
            value: Vec::new(),
            records: Vec::new(),
            provisional: false,
            session: None,
        };
        Self {
            universe: desk.universe(),
            equity: run.book.equity(),
            proposals: Vec::new(),
            desk,
            policy,
            first,
            closed,
        }
    }

    fn events(mut self) -> Vec<RunEvent> {
        let snapshot = self.desk.snapshot;
        let last = snapshot.run_bars().saturating_sub(1);
        let mut now = self.at(self.closed.first_bar);
        loop {
            self.step(now);
            let full = self.desk.events.len() >= CHUNK_EVENTS_MAX;
            let whole = full || (now.bar + 1).is_multiple_of(snapshot.chunk_bars);
            // Chunks of the ledger are told apart by their first record: each needs one.
            let told = self.desk.next_record > self.closed.first_record;
            if now.bar >= last || (whole && told) {
                break;
            }
            now = self.at(now.bar + 1);
        }
        self.closed.session = self.desk.session;
        self.desk.emit(RunEvent::BarsClosed(self.closed));
        if now.bar >= last {
            self.desk.expire_all(now);
            let figures = self.desk.book.figures();
            self.desk.emit(RunEvent::RunCompleted(RunCompleted { figures }));
        }
        self.desk.events
    }

    fn at(&self, bar: u32) -> Now {
        let index = self.first + usize::try_from(bar).unwrap_or(usize::MAX);
        let start = self.desk.bars.starts().get(index).copied().unwrap_or(Timestamp::UNIX_EPOCH);
        Now { bar, index, start }
    }

    fn step(&mut self, now: Now) {
        self.desk.executed = 0;
        let imported = self.desk.snapshot.policy.imported();
        if self.desk.guarded && imported.is_none() {
            self.desk.begin_bar(self.equity, now);
            self.desk.liquidate(now);
        }
        if let Some(imported) = imported {
            let until = self.end_of(now);
            self.desk.repeat(imported, until, now);
        } else if now.bar > 0 {
            self.trade(now);
        }
        if self.desk.executed == 0 && imported.is_none() {
            // The record that opens the account, or says that nothing was executed.
            self.desk.next_record += 1;
        }
        let provisional = self.mark(now);
        let held = self.desk.held.iter().zip(&self.desk.marks);
        let units = held.map(|(quantity, mark)| value_units(*quantity, *mark)).sum();
        self.equity = self.desk.book.cash() + Cash::from_value_units(units);
        self.closed.bar_starts_s.push(now.start.as_second());
        self.closed.cash.push(self.desk.book.cash());
        self.closed.value.push(self.equity);
        let least = u32::from(imported.is_none());
        self.closed.records.push(self.desk.executed.max(least));
        self.closed.provisional = provisional;
    }

    /// When the next bar of the run starts.
    fn end_of(&self, now: Now) -> Timestamp {
        if now.bar + 1 >= self.desk.snapshot.run_bars() {
            return Timestamp::MAX;
        }
        self.desk.bars.starts().get(now.index + 1).copied().unwrap_or(Timestamp::MAX)
    }

    fn trade(&mut self, now: Now) {
        let at_open = self.desk.snapshot.fill_rule == FillRule::Open;
        if !self.desk.book.resting().is_empty() {
            self.desk.expire_days(now);
            self.desk.fill_waiting(Moment::AtOpen, now);
        }
        if at_open {
            self.ask(now);
        }
        if !self.desk.book.resting().is_empty() {
            self.desk.fill_waiting(Moment::InRange, now);
            self.desk.fill_waiting(Moment::AtClose, now);
        }
        if !at_open {
            self.ask(now);
        }
    }

    /// Asks the policy and places what it proposes, each order against the state that the one before left.
    fn ask(&mut self, now: Now) {
        let mut proposals = std::mem::take(&mut self.proposals);
        self.policy.propose(&self.view(now), &mut proposals);
        for order in proposals.iter().take(ORDERS_PER_BAR_MAX) {
            self.desk.place(order, now);
        }
        if let Some(order) = proposals.get(ORDERS_PER_BAR_MAX) {
            let refusal = Refusal::TooManyOrders {
                limit: u32::try_from(ORDERS_PER_BAR_MAX).unwrap_or(u32::MAX),
                dropped: (proposals.len() - ORDERS_PER_BAR_MAX) as u64,
            };
            self.desk.refuse(order.clone(), self.desk.book.next_order(), refusal, now);
        }
        proposals.clear();
        self.proposals = proposals;
    }

    fn view(&self, now: Now) -> View<'_> {
        let (snapshot, book) = (self.desk.snapshot, &self.desk.book);
        View::new(ViewParts {
            bars: self.desk.bars,
            first: self.first,
            now: now.index,
            fill_rule: snapshot.fill_rule,
            universe: &self.universe,
            held: &self.desk.held,
            cash: book.cash(),
            initial_cash: book.initial_cash(),
            equity: self.equity,
            commission_rate: snapshot.commission_rate,
            slippage_rate: snapshot.slippage_rate,
            resting: book.resting(),
            refusals: book.refusals(),
        })
    }

    /// Marks what is held at this bar's close, or at its open where the bar is not complete; tells whether the
    /// latter occurred. A symbol without a bar keeps its mark.
    fn mark(&mut self, now: Now) -> bool {
        let mut provisional = false;
        let held = self.desk.held.iter().zip(self.desk.bars.columns()).zip(&mut self.desk.marks);
        for ((quantity, columns), mark) in held {
            if quantity.is_zero() {
                continue;
            }
            if let Some(close) = columns.close_at(now.index) {
                *mark = close;
            } else if let Some(open) = columns.open_at(now.index) {
                *mark = open;
                provisional = true;
            }
        }
        provisional
    }
}

/// The newest price before bar `next` of the calendar of each column that is held.
fn last_marks(desk: &Desk<'_>, next: usize) -> Vec<Price> {
    let held = desk.held.iter().zip(desk.bars.columns());
    held.map(|(quantity, columns)| if quantity.is_zero() { None } else { columns.newest_before(next) })
        .map(Option::unwrap_or_default)
        .collect()
}
