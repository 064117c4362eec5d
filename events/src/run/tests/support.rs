//! Builders: bars from a few numbers, a snapshot of them, a policy that follows a script, a run to its end.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;

use crate::market::{Bars, Columns};
use crate::model::Risk;
use crate::policy::{FillRule, NoParameters, Order, OrderSide, OrderType, Policy, PolicySpec, View};
use crate::run::{
    Advance, BarsUsed, Fingerprint, LedgerRecord, OrderFilled, OrderRefused, Run, RunCommand, RunError,
    RunEvent, RunFigures, RunSnapshot, ledger, recheck,
};
use crate::{Cash, Decider, Interval, ModelId, Price, Quantity, Rate, Symbol};

pub(crate) fn symbol(text: &str) -> Symbol {
    text.parse().unwrap()
}

pub(crate) fn cash(text: &str) -> Cash {
    text.parse().unwrap()
}

pub(crate) fn price(text: &str) -> Price {
    text.parse().unwrap()
}

pub(crate) fn rate(text: &str) -> Rate {
    text.parse().unwrap()
}

pub(crate) fn shares(text: &str) -> Quantity {
    text.parse().unwrap()
}

pub(crate) fn buy(name: &str, quantity: &str) -> Order {
    Order::market(OrderSide::Buy, symbol(name), shares(quantity))
}

pub(crate) fn sell(name: &str, quantity: &str) -> Order {
    Order::market(OrderSide::Sell, symbol(name), shares(quantity))
}

/// A bar as open, high, low, close; `None` where the symbol has none; a close of zero is open-only.
pub(crate) type Row = Option<[&'static str; 4]>;

pub(crate) fn columns(name: &str, rows: &[Row]) -> Columns {
    let column = |place: usize| -> Arc<[Price]> {
        rows.iter().map(|row| row.map_or(Price::ZERO, |row| price(row[place]))).collect()
    };
    Columns { symbol: symbol(name), open: column(0), high: column(1), low: column(2), close: column(3) }
}

/// Bars of one price each; an empty text is no bar.
pub(crate) fn flat(name: &str, prices: &[&str]) -> Columns {
    let prices = prices.iter().map(|text| if text.is_empty() { Price::ZERO } else { price(text) });
    Columns::flat(symbol(name), prices.collect())
}

/// Daily bars from 2025-01-06 on, day by day.
pub(crate) fn daily(columns: Vec<Columns>) -> Arc<Bars> {
    every(Interval::Day, "2025-01-06T00:00:00Z", 86_400, columns)
}

/// Bars at equal distances.
pub(crate) fn every(interval: Interval, first: &str, seconds: i64, columns: Vec<Columns>) -> Arc<Bars> {
    let first: Timestamp = first.parse().unwrap();
    let count = columns[0].open.len() as i64;
    let starts = (0..count).map(|bar| Timestamp::from_second(first.as_second() + bar * seconds).unwrap());
    Arc::new(Bars::new(interval, starts.collect(), columns).unwrap())
}

/// Default terms over all of `bars`: 10,000 cash, no costs, everything allowed.
pub(crate) fn terms(bars: &Bars) -> RunSnapshot {
    RunSnapshot {
        model_name: "test".to_owned(),
        policy: PolicySpec::BuyAndHold(NoParameters {}),
        symbols: bars.columns().iter().map(|columns| columns.symbol.clone()).collect(),
        interval: bars.interval(),
        first_bar_at: bars.starts()[0],
        last_bar_at: *bars.starts().last().unwrap(),
        initial_cash: cash("10000"),
        fill_rule: FillRule::default_of(bars.interval()),
        commission_rate: Rate::ZERO,
        slippage_rate: Rate::ZERO,
        allowed_order_types: OrderType::ALL.into(),
        bars: BarsUsed {
            fingerprint: Fingerprint(bars.fingerprint()),
            count: u32::try_from(bars.len()).unwrap(),
            warmup: 0,
            vintage: 1,
        },
        periods_per_year: 252,
        chunk_bars: 1_000,
        code_version: "0.1.0".to_owned(),
        benchmark: None,
        risk: Risk::default(),
    }
}

pub(crate) fn request(snapshot: &RunSnapshot) -> RunCommand {
    let model_id = ModelId::derived(&[b"model"]);
    RunCommand::Request { model_id, run_number: 1, snapshot: Box::new(snapshot.clone()) }
}

/// Proposes what a script says for a bar of the run.
#[derive(Debug, Default)]
pub(crate) struct Script(pub BTreeMap<usize, Vec<Order>>);

impl Policy for Script {
    fn propose(&self, view: &View<'_>, orders: &mut Vec<Order>) {
        orders.extend(self.0.get(&view.bar()).into_iter().flatten().cloned());
    }
}

pub(crate) fn script(lines: impl IntoIterator<Item = (usize, Vec<Order>)>) -> Arc<dyn Policy> {
    Arc::new(Script(lines.into_iter().collect()))
}

/// A policy made of a closure.
pub(crate) struct Ask<F>(pub F);

impl<F> std::fmt::Debug for Ask<F> {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Ask")
    }
}

impl<F: Fn(&View<'_>, &mut Vec<Order>) + Send + Sync> Policy for Ask<F> {
    fn propose(&self, view: &View<'_>, orders: &mut Vec<Order>) {
        (self.0)(view, orders);
    }
}

pub(crate) fn ask(answer: impl Fn(&View<'_>, &mut Vec<Order>) + Send + Sync + 'static) -> Arc<dyn Policy> {
    Arc::new(Ask(answer))
}

pub(crate) fn advance(
    run: &Run,
    bars: &Arc<Bars>,
    policy: &Arc<dyn Policy>,
) -> Result<Vec<RunEvent>, RunError> {
    let from_bar = run.next_bar().unwrap_or(0);
    run.decide(RunCommand::Advance(Advance { from_bar, bars: Arc::clone(bars), policy: Arc::clone(policy) }))
}

/// A run and everything that happened in it.
#[derive(Debug, Clone)]
pub(crate) struct Told {
    pub run: Run,
    pub events: Vec<RunEvent>,
}

impl Told {
    /// Requests a run under `snapshot`.
    pub fn requested(snapshot: &RunSnapshot) -> Self {
        let mut told = Self { run: Run::default(), events: Vec::new() };
        told.send(request(snapshot)).unwrap();
        told
    }

    /// Requests a run and lets `policy` decide all of it.
    pub fn completed(snapshot: &RunSnapshot, bars: &Arc<Bars>, policy: &Arc<dyn Policy>) -> Self {
        let mut told = Self::requested(snapshot);
        while told.run.next_bar().is_some() {
            told.advance(bars, policy);
        }
        told
    }

    pub fn advance(&mut self, bars: &Arc<Bars>, policy: &Arc<dyn Policy>) {
        let events = advance(&self.run, bars, policy).unwrap();
        self.take(events);
    }

    pub fn send(&mut self, command: RunCommand) -> Result<(), RunError> {
        let events = self.run.decide(command)?;
        self.take(events);
        Ok(())
    }

    fn take(&mut self, events: Vec<RunEvent>) {
        events.iter().for_each(|event| self.run.evolve(event));
        self.events.extend(events);
    }

    pub fn fills(&self) -> Vec<&OrderFilled> {
        let mut fills = Vec::new();
        for event in &self.events {
            if let RunEvent::OrderFilled(filled) = event {
                fills.push(filled);
            }
        }
        fills
    }

    /// Fills as `bar side quantity symbol price`.
    pub fn trades(&self) -> Vec<String> {
        let line =
            |it: &&OrderFilled| format!("{} {} {} {} {}", it.bar, it.side, it.quantity, it.symbol, it.price);
        self.fills().iter().map(line).collect()
    }

    pub fn refusals(&self) -> Vec<&OrderRefused> {
        let mut refusals = Vec::new();
        for event in &self.events {
            if let RunEvent::OrderRefused(refused) = event {
                refusals.push(refused);
            }
        }
        refusals
    }

    pub fn equity(&self) -> Vec<Cash> {
        let mut equity = Vec::new();
        for event in &self.events {
            if let RunEvent::BarsClosed(closed) = event {
                equity.extend_from_slice(&closed.value);
            }
        }
        equity
    }

    pub fn figures(&self) -> &RunFigures {
        match self.events.last().unwrap() {
            RunEvent::RunCompleted(completed) => &completed.figures,
            RunEvent::RunCancelled(cancelled) => &cancelled.figures,
            other => panic!("the run is not over: {other:?}"),
        }
    }

    pub fn records(&self) -> Vec<LedgerRecord> {
        ledger::records(&self.events).collect()
    }

    /// The bytes of every payload.
    pub fn bytes(&self) -> Vec<Vec<u8>> {
        self.events.iter().map(|event| crate::Event::to_json(event).unwrap()).collect()
    }

    /// Both ways of rechecking agree with the run.
    #[track_caller]
    pub fn assert_rechecks(&self, bars: &Arc<Bars>, policy: &Arc<dyn Policy>) {
        let checked =
            recheck::recheck(bars, &self.events).unwrap_or_else(|difference| panic!("{difference}"));
        assert_eq!(checked.fills, self.fills().len() as u64);
        recheck::redecide(bars, policy, &self.events).unwrap_or_else(|difference| panic!("{difference}"));
    }
}
