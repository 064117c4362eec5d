//! The account of a run, kept a second time from its events and bars.

mod imported;

use std::collections::BTreeMap;

use super::difference::{Discrepancy, holds, same};
use super::fill::{Place, check_price};
use crate::market::{Bars, Columns};
use crate::money::value_units;
use crate::policy::{OrderId, OrderKind, Refusal, Side};
use crate::run::clock::Clock;
use crate::run::{
    BarsClosed, Fingerprint, OrderAccepted, OrderFilled, OrderRefused, Run, RunEvent, RunFigures,
    RunRequested, Trading,
};
use crate::{Cash, Decider, Price, Quantity};

/// The state of a recheck.
#[derive(Debug)]
pub(super) struct Account<'a> {
    bars: &'a Bars,
    run: Run,
    clock: Clock,
    /// Changes of the account since the last closed chunk.
    moves: Vec<Move>,
    /// Shares held and their marks at the last closed bar, by column.
    held: BTreeMap<usize, (Quantity, Price)>,
    /// Bar and record of the next execution, as far as executions tell.
    cursor: Cursor,
}

/// A change of the account.
#[derive(Debug, Clone)]
struct Move {
    bar: u32,
    /// Ledger records that it made.
    records: u32,
    cash_before: Cash,
    cash: Cash,
    /// Column, shares afterwards and their price so far.
    held: Vec<(usize, Quantity, Price)>,
}

#[derive(Debug, Clone, Copy, Default)]
struct Cursor {
    bar: u32,
    record: u64,
    executed: bool,
}

type Checked = Result<(), Discrepancy>;

impl<'a> Account<'a> {
    pub fn new(bars: &'a Bars) -> Self {
        Self {
            bars,
            run: Run::default(),
            clock: Clock::new(bars.interval()),
            moves: Vec::new(),
            held: BTreeMap::new(),
            cursor: Cursor::default(),
        }
    }

    /// Looks at the next event, then lets it change the account.
    pub fn observe(&mut self, event: &RunEvent) -> Checked {
        let run = std::mem::take(&mut self.run);
        let checked = match (&run, event) {
            (Run::Unrequested, RunEvent::RunRequested(requested)) => self.check_terms(requested),
            (Run::Trading(_), RunEvent::RunRequested(_) | RunEvent::RunDeleted(_)) => {
                Err(Discrepancy::OutOfPlace { because: "the run is still trading" })
            }
            (Run::Trading(run), event) => self.check(run, event),
            (Run::Over(_), RunEvent::RunDeleted(_)) => Ok(()),
            (Run::Unrequested, _) => Err(Discrepancy::OutOfPlace { because: "the run is not requested yet" }),
            (Run::Over(_), _) => Err(Discrepancy::OutOfPlace { because: "the run is over" }),
            (Run::Deleted, _) => Err(Discrepancy::OutOfPlace { because: "the run is deleted" }),
        };
        self.run = run;
        checked?;
        self.run.evolve(event);
        Ok(())
    }

    fn check_terms(&self, requested: &RunRequested) -> Checked {
        let snapshot = &requested.snapshot;
        let given = Fingerprint(self.bars.fingerprint());
        if snapshot.bars.fingerprint != given {
            let recorded = snapshot.bars.fingerprint.to_string();
            return Err(Discrepancy::OtherBars { recorded, given: given.to_string() });
        }
        match snapshot.check().first() {
            Some(error) => Err(Discrepancy::rule(error.to_string())),
            None => Ok(()),
        }
    }

    fn check(&mut self, run: &Trading, event: &RunEvent) -> Checked {
        match event {
            RunEvent::OrderAccepted(accepted) => self.check_accepted(run, accepted),
            RunEvent::OrderFilled(filled) => match run.snapshot.policy.imported() {
                Some(imported) => self.check_executed_line(run, imported, filled),
                None => self.check_filled(run, filled),
            },
            RunEvent::AccountAdjusted(adjusted) => self.check_adjusted(run, adjusted),
            RunEvent::LineImported(line) => self.check_line(run, line),
            RunEvent::OrderRefused(refused) => self.check_refused(run, refused),
            RunEvent::OrderExpired(expired) => check_waiting(run, expired.order_id),
            RunEvent::OrderCancelled(cancelled) => check_waiting(run, cancelled.order_id),
            RunEvent::BarsClosed(closed) => self.check_closed(run, closed),
            RunEvent::RunCompleted(completed) => {
                same("bars", completed.figures.bars, run.snapshot.run_bars())?;
                self.check_figures(run, &completed.figures)
            }
            RunEvent::RunCancelled(cancelled) => self.check_figures(run, &cancelled.figures),
            RunEvent::RunFailed(failed) => self.check_figures(run, &failed.figures),
            RunEvent::RunRequested(_) | RunEvent::RunDeleted(_) => Ok(()),
        }
    }

    /// The bar must be one of the run's, not before what is already recorded, and carry its own start.
    fn check_bar(&self, run: &Trading, bar: u32, bar_start_s: i64) -> Result<usize, Discrepancy> {
        let open = bar >= self.cursor.bar && bar > 0 && bar < run.snapshot.run_bars();
        holds(open, "the bar is traded and not closed yet")?;
        let index = (run.snapshot.bars.warmup as usize) + (bar as usize);
        let start = self.bars.starts().get(index).map(|start| start.as_second()).unwrap_or_default();
        same("bar_start_s", bar_start_s, start)?;
        Ok(index)
    }

    fn check_accepted(&self, run: &Trading, accepted: &OrderAccepted) -> Checked {
        self.check_bar(run, accepted.bar, accepted.bar_start_s)?;
        same("order_id", accepted.order_id, run.book.next_order())?;
        let may_wait = match accepted.order.kind {
            OrderKind::Market => run.snapshot.fill_rule.fills_later(),
            OrderKind::Limit { .. } | OrderKind::Stop { .. } => true,
            OrderKind::Recorded { .. } => false,
        };
        holds(may_wait, "only limit and stop orders wait, and market orders that fill in a later bar")?;
        let allowed = &run.snapshot.allowed_order_types;
        holds(allowed.contains(&accepted.order.kind.order_type()), "the type of the order is allowed")
    }

    fn check_refused(&self, run: &Trading, refused: &OrderRefused) -> Checked {
        self.check_bar(run, refused.bar, refused.bar_start_s)?;
        check_order_id(run, refused.order_id)?;
        let position = run.book.position(&refused.order.symbol);
        match &refused.refusal {
            Refusal::InsufficientCash { required_cash, cash_available, .. } => {
                same("cash_available", *cash_available, run.book.cash())?;
                holds(required_cash > cash_available, "cash that suffices refuses nothing")
            }
            Refusal::NoPosition { .. } => same("position", Quantity::ZERO, position),
            Refusal::InsufficientShares { have, want_to_sell } => {
                same("have", *have, position)?;
                holds(want_to_sell > have, "shares that suffice refuse nothing")
            }
            // Whether these rules are broken shows when the run is decided again.
            Refusal::TooManyOrders { .. }
            | Refusal::AmountNotPositive { .. }
            | Refusal::AmountNotWhole { .. }
            | Refusal::OrderTypeNotAllowed { .. }
            | Refusal::RecordedPriceNotAllowed
            | Refusal::PriceNotPositive { .. }
            | Refusal::TooManyResting { .. }
            | Refusal::SymbolNotAllowed { .. }
            | Refusal::NoPrice { .. }
            | Refusal::LotSize { .. }
            | Refusal::BoughtToday { .. }
            | Refusal::ShortingNotAllowed { .. }
            | Refusal::PositionTooLarge { .. } => Ok(()),
        }
    }

    fn check_filled(&mut self, run: &Trading, filled: &OrderFilled) -> Checked {
        let index = self.check_bar(run, filled.bar, filled.bar_start_s)?;
        self.check_record(filled)?;
        let (column, columns) = self.column_of(filled)?;
        holds(run.snapshot.symbols.binary_search(&filled.symbol).is_ok(), "the symbol belongs to the run")?;
        let market = filled.symbol.market();
        let start = self.bars.starts().get(index).copied().unwrap_or_default();
        same("trading_date", filled.trading_date, self.clock.trading_date(market, start))?;
        let whole = filled.quantity.is_positive() && filled.quantity.units() % market.lot().units() == 0;
        holds(whole, "the quantity is a positive number of lots")?;
        check_order_id(run, filled.order_id)?;
        let place =
            Place { snapshot: &run.snapshot, columns, index, warmup: run.snapshot.bars.warmup as usize };
        check_price(place, filled, run.book.resting().get(&filled.order_id))?;
        check_money(run, filled)?;
        self.moves.push(Move {
            bar: filled.bar,
            records: 1,
            cash_before: before(filled),
            cash: filled.cash,
            held: vec![(column, filled.position, filled.price)],
        });
        Ok(())
    }

    /// Record ids have no gaps: one per execution, one per bar without any.
    fn check_record(&mut self, filled: &OrderFilled) -> Checked {
        let mut cursor = self.cursor;
        while cursor.bar < filled.bar {
            cursor.record += u64::from(!cursor.executed);
            cursor = Cursor { bar: cursor.bar + 1, record: cursor.record, executed: false };
        }
        same("record", filled.record, cursor.record)?;
        self.cursor = Cursor { bar: cursor.bar, record: cursor.record + 1, executed: true };
        Ok(())
    }

    fn column_of(&self, filled: &OrderFilled) -> Result<(usize, &'a Columns), Discrepancy> {
        let column = self.bars.column_of(&filled.symbol);
        let found = column.and_then(|column| Some((column, self.bars.columns().get(column)?)));
        found.ok_or_else(|| Discrepancy::rule("the symbol has prices"))
    }

    fn check_closed(&mut self, run: &Trading, closed: &BarsClosed) -> Checked {
        same("first_bar", closed.first_bar, run.book.next_bar())?;
        same("first_record", closed.first_record, run.book.next_record())?;
        let bars = closed.bar_starts_s.len();
        let aligned =
            [closed.cash.len(), closed.value.len(), closed.records.len()].iter().all(|it| *it == bars);
        holds(aligned && bars > 0, "all columns have one entry per bar")?;
        holds(closed.next_bar() <= run.snapshot.run_bars(), "the bars belong to the run")?;
        let warmup = run.snapshot.bars.warmup as usize;
        let least = u32::from(run.snapshot.policy.imported().is_none());
        let mut moves = std::mem::take(&mut self.moves).into_iter().peekable();
        let mut cash = moves.peek().map_or(run.book.cash(), |first| first.cash_before);
        let mut provisional = false;
        for (offset, bar) in (closed.first_bar..closed.next_bar()).enumerate() {
            let mut records = 0;
            while let Some(moved) = moves.next_if(|moved| moved.bar == bar) {
                for (column, position, price) in moved.held {
                    self.held.insert(column, (position, price));
                }
                cash = moved.cash;
                records += moved.records;
            }
            let index = warmup + bar as usize;
            let value;
            (value, provisional) = self.valued(cash, index);
            let figure = |name: &str| format!("{name} of bar {bar}");
            let start = self.bars.starts().get(index).map(|start| start.as_second());
            same(&figure("bar_starts_s"), entry(&closed.bar_starts_s, offset), start.unwrap_or_default())?;
            same(&figure("records"), entry(&closed.records, offset), records.max(least))?;
            same(&figure("cash"), entry(&closed.cash, offset), cash)?;
            same(&figure("value"), entry(&closed.value, offset), value)?;
        }
        holds(moves.peek().is_none(), "every execution belongs to a closed bar")?;
        same("provisional", closed.provisional, provisional)?;
        self.cursor = Cursor { bar: closed.next_bar(), record: closed.next_record(), executed: false };
        Ok(())
    }

    /// Cash and positions at the newest prices of the bar at `index`, and whether a position is marked at an open.
    fn valued(&mut self, cash: Cash, index: usize) -> (Cash, bool) {
        let mut provisional = false;
        let mut units = 0;
        self.held.retain(|_, (quantity, _)| !quantity.is_zero());
        for (column, (quantity, mark)) in &mut self.held {
            let columns = self.bars.columns().get(*column);
            let close = columns.and_then(|columns| columns.close_at(index));
            let open = columns.and_then(|columns| columns.open_at(index));
            provisional |= close.is_none() && open.is_some();
            *mark = close.or(open).unwrap_or(*mark);
            units += value_units(*quantity, *mark);
        }
        (cash + Cash::from_value_units(units), provisional)
    }

    fn check_figures(&self, run: &Trading, figures: &RunFigures) -> Checked {
        holds(self.moves.is_empty(), "every execution belongs to a closed bar")?;
        let expected = run.book.figures();
        same("value", figures.value, expected.value)?;
        same("cash", figures.cash, expected.cash)?;
        same(
            "realised and open profit with adjustments",
            figures.realised_pnl + figures.open_pnl + figures.adjustments,
            figures.value - figures.initial_cash,
        )?;
        same("realised_pnl", figures.realised_pnl, expected.realised_pnl)?;
        same("fees", figures.fees, expected.fees)?;
        same("return", figures.total_return, expected.total_return)?;
        same("records", figures.records, expected.records)?;
        holds(*figures == expected, "drawdown, counts and turnover follow from the events")
    }
}

/// Cash before an execution.
fn before(filled: &OrderFilled) -> Cash {
    let value = Cash::of(filled.quantity, filled.price);
    match filled.side {
        Side::Buy => filled.cash + value + filled.fee,
        Side::Sell => filled.cash - value + filled.fee,
    }
}

fn entry<T: Copy + Default>(column: &[T], offset: usize) -> T {
    column.get(offset).copied().unwrap_or_default()
}

fn check_waiting(run: &Trading, order_id: OrderId) -> Checked {
    holds(run.book.resting().contains_key(&order_id), "the order waits")
}

fn check_order_id(run: &Trading, order_id: OrderId) -> Checked {
    if run.book.resting().contains_key(&order_id) {
        return Ok(());
    }
    same("order_id", order_id, run.book.next_order())
}

/// Cash, position and profit must follow from the account before, and stay zero or more.
fn check_money(run: &Trading, filled: &OrderFilled) -> Checked {
    same("cash before", before(filled), run.book.cash())?;
    let held = run.book.position(&filled.symbol);
    let (position, profit) = match filled.side {
        Side::Buy => (held + filled.quantity, Cash::ZERO),
        Side::Sell => {
            let holding = run.book.holdings().get(&filled.symbol);
            let cost = holding.map(|holding| holding.cost_of(filled.quantity)).unwrap_or_default();
            let bought_today =
                holding.map(|holding| holding.bought_on(filled.trading_date)).unwrap_or_default();
            let settled =
                !filled.symbol.market().settles_next_day() || held - bought_today >= filled.quantity;
            holds(settled, "what was bought today is not sold today")?;
            let value = Cash::of(filled.quantity, filled.price);
            (held - filled.quantity, value - filled.fee - cost)
        }
    };
    same("position", filled.position, position)?;
    same("realised_pnl", filled.realised_pnl, profit)?;
    holds(!filled.cash.is_negative(), "cash is never negative")?;
    holds(!filled.position.is_negative(), "holdings are never negative")
}
