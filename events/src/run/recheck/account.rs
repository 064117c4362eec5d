//! The account of a run, kept a second time from its events and bars.

mod imported;

use std::collections::BTreeMap;

use super::difference::{Discrepancy, holds, same};
use super::fill::{Place, check_price};
use super::money::{check_forced, check_money, financing};
use crate::instrument::Market;
use crate::market::{Bars, Columns};
use crate::model::Risk;
use crate::money::value_units;
use crate::policy::{Order, OrderId, OrderKind, OrderSide, OrderType, Refusal};
use crate::run::clock::Clock;
use crate::run::{
    BarsClosed, FinancingCharged, Fingerprint, OrderAccepted, OrderFilled, OrderRefused, Run, RunEvent,
    RunFigures, RunRequested, Session, Trading,
};
use crate::{Cash, Decider, Price, Quantity, Symbol};

/// The state of a recheck.
#[derive(Debug)]
pub(super) struct Account<'a> {
    bars: &'a Bars,
    run: Run,
    clock: Clock,
    /// Changes of the account since the last closed chunk.
    moves: Vec<Move>,
    /// Cash and value at the last closed bar.
    closed_with: (Cash, Cash),
    session: Option<Session>,
    /// Shares held and their marks at the last closed bar, by column.
    held: BTreeMap<usize, (Quantity, Price)>,
    /// The last executed order, where it had waited.
    bracket: Option<Order>,
    /// Bar and record of the next execution, as far as executions tell.
    cursor: Cursor,
}

/// A change of the account.
#[derive(Debug, Clone)]
struct Move {
    bar: u32,
    /// Ledger records that it made.
    records: u32,
    cash: Cash,
    /// Column, shares afterwards and their price so far.
    held: Vec<(usize, Quantity, Price)>,
    made_by: Made,
}

/// What changed the account.
#[derive(Debug, Clone)]
enum Made {
    /// An execution of an order.
    Order(OrderFilled),
    /// Interest and borrow fee.
    Borrowing(Cash, Cash),
    /// A line of an imported ledger.
    Line,
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
            closed_with: (Cash::ZERO, Cash::ZERO),
            session: None,
            held: BTreeMap::new(),
            bracket: None,
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

    fn check_terms(&mut self, requested: &RunRequested) -> Checked {
        let snapshot = &requested.snapshot;
        self.closed_with = (snapshot.initial_cash, snapshot.initial_cash);
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
            RunEvent::FinancingCharged(charged) => self.check_charged(run, charged),
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
        let allowed = &run.snapshot.allowed_order_types;
        let kind = accepted.order.kind;
        if let Some(parent) = accepted.parent {
            holds(allowed.contains(&OrderType::Bracket), "brackets are allowed")?;
            return self.check_exits(accepted, parent);
        }
        let may_wait = match kind {
            OrderKind::Market | OrderKind::Bracket { entry_limit_price: None, .. } => {
                run.snapshot.fill_rule.fills_later()
            }
            OrderKind::Limit { .. }
            | OrderKind::Stop { .. }
            | OrderKind::StopLimit { .. }
            | OrderKind::TrailingStop { .. }
            | OrderKind::Bracket { .. }
            | OrderKind::Oco { .. } => true,
            OrderKind::Recorded { .. } => false,
        };
        holds(may_wait, "only orders that name a price wait, and market orders that fill in a later bar")?;
        holds(allowed.contains(&kind.order_type()), "the type of the order is allowed")
    }

    /// Exits close what the execution before them opened. The terms of a bracket that did not wait are not recorded;
    /// those of one that did are compared.
    fn check_exits(&self, accepted: &OrderAccepted, parent: OrderId) -> Checked {
        let Some(Made::Order(entry)) = self.moves.last().map(|moved| &moved.made_by) else {
            return Err(Discrepancy::rule("exits follow the execution of their bracket"));
        };
        same("parent", parent, entry.order_id)?;
        let order = &accepted.order;
        holds(matches!(order.kind, OrderKind::Oco { .. }), "the exits of a bracket cancel each other")?;
        holds(order.side.side() != entry.side && !order.side.opens(), "exits close what was opened")?;
        holds(order.symbol == entry.symbol, "exits keep the symbol of their bracket")?;
        same("bar", accepted.bar, entry.bar)?;
        same("quantity", order.quantity, entry.quantity)?;
        match &self.bracket {
            Some(bracket) => {
                holds(bracket.exits().as_ref() == Some(order), "exits are those of their bracket")
            }
            None => Ok(()),
        }
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
            Refusal::NoPosition { .. } => {
                let none = match refused.order.side {
                    OrderSide::Cover => !position.is_negative(),
                    OrderSide::Buy | OrderSide::Sell | OrderSide::Short => !position.is_positive(),
                };
                holds(none, "a position that is there refuses nothing")
            }
            Refusal::InsufficientShares { have, want_to_sell } => {
                same("have", *have, position.abs())?;
                holds(want_to_sell > have, "shares that suffice refuse nothing")
            }
            Refusal::OppositePosition { have, .. } => same("have", *have, position),
            Refusal::InsufficientMargin { required, available } => {
                holds(run.snapshot.risk.margin_account, "only a margin account has a margin")?;
                holds(required > available, "a margin that suffices refuses nothing")
            }
            Refusal::Rule { rule, .. } => {
                let known = run.snapshot.risk.rules.iter().any(|known| known.name == *rule);
                holds(known, "the terms have the rule that refuses")
            }
            // Whether these rules are broken shows when the run is decided again.
            Refusal::TooManyOrders { .. }
            | Refusal::AmountNotPositive { .. }
            | Refusal::AmountNotWhole { .. }
            | Refusal::OrderTypeNotAllowed { .. }
            | Refusal::RecordedPriceNotAllowed
            | Refusal::PriceNotPositive { .. }
            | Refusal::TrailOutOfRange { .. }
            | Refusal::LegsCrossed { .. }
            | Refusal::BracketCloses { .. }
            | Refusal::TooManyResting { .. }
            | Refusal::SymbolNotAllowed { .. }
            | Refusal::NoPrice { .. }
            | Refusal::LotSize { .. }
            | Refusal::BoughtToday { .. }
            | Refusal::ShortingNotAllowed { .. }
            | Refusal::Gate { .. }
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
        let resting = run.book.resting().get(&filled.order_id);
        check_price(place, filled, resting)?;
        self.bracket = resting.map(|resting| resting.order.clone());
        check_money(run, filled)?;
        check_forced(&run.snapshot.risk, filled)?;
        self.moves.push(Move {
            bar: filled.bar,
            records: 1,
            cash: filled.cash,
            held: vec![(column, filled.position, filled.price)],
            made_by: Made::Order(filled.clone()),
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
        let (mut cash, mut value) = self.closed_with;
        let mut provisional = false;
        for (offset, bar) in (closed.first_bar..closed.next_bar()).enumerate() {
            let index = warmup + bar as usize;
            let charged = moves.next_if(|it| it.bar == bar && matches!(it.made_by, Made::Borrowing(..)));
            cash -= self.check_day(run, index, (cash, value), charged)?;
            let mut records = 0;
            while let Some(moved) = moves.next_if(|moved| moved.bar == bar) {
                if let Made::Borrowing(..) = moved.made_by {
                    return Err(Discrepancy::rule("borrowing is paid for before anything is traded"));
                }
                for (column, position, price) in moved.held {
                    self.held.insert(column, (position, price));
                }
                cash = moved.cash;
                records += moved.records;
            }
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
        holds(closed.session == self.session, "the trading day is that of the last bar")?;
        self.closed_with = (cash, value);
        self.cursor = Cursor { bar: closed.next_bar(), record: closed.next_record(), executed: false };
        Ok(())
    }

    /// Begins the trading day of the bar at `index`, where the terms depend on days; answers with what borrowing since
    /// the day before cost, which must be what was charged.
    fn check_day(
        &mut self,
        run: &Trading,
        index: usize,
        (cash, value): (Cash, Cash),
        charged: Option<Move>,
    ) -> Result<Cash, Discrepancy> {
        let risk = &run.snapshot.risk;
        let mut owed = (Cash::ZERO, Cash::ZERO);
        if *risk != Risk::default() && run.snapshot.policy.imported().is_none() {
            let start = self.bars.starts().get(index).copied().unwrap_or_default();
            let market = run.snapshot.symbols.first().map_or(Market::UnitedStates, Symbol::market);
            let date = self.clock.trading_date(market, start);
            if self.session.is_none_or(|session| session.date != date) {
                if let Some(before) = self.session {
                    owed = financing(risk, cash, &self.held, (date - before.date).get_days());
                }
                self.session = Some(Session { date, opened_with: value });
            }
        }
        let recorded = match charged.map(|charged| charged.made_by) {
            Some(Made::Borrowing(interest, borrow_fee)) => (interest, borrow_fee),
            Some(Made::Order(_) | Made::Line) | None => (Cash::ZERO, Cash::ZERO),
        };
        same("interest", recorded.0, owed.0)?;
        same("borrow_fee", recorded.1, owed.1)?;
        Ok(owed.0 + owed.1)
    }

    fn check_charged(&mut self, run: &Trading, charged: &FinancingCharged) -> Checked {
        self.check_bar(run, charged.bar, charged.bar_start_s)?;
        same("cash", charged.cash, run.book.cash() - charged.interest - charged.borrow_fee)?;
        self.moves.push(Move {
            bar: charged.bar,
            records: 0,
            cash: charged.cash,
            held: Vec::new(),
            made_by: Made::Borrowing(charged.interest, charged.borrow_fee),
        });
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
