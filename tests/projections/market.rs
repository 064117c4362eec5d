//! Models and runs to project: real decisions of the domain over small bars.

use std::collections::BTreeMap;
use std::sync::Arc;

use events::log::{Append, Asked, Committed, Expected, Lane, Log, NewEvent};
use events::market::{Bars, Columns};
use events::model::Risk;
use events::model::{ModelChange, ModelCommand, ModelDraft, TradingModel};
use events::policy::{FillRule, NoParameters, Order, OrderSide, OrderType, Policy, PolicySpec, View};
use events::run::{Advance, BarsUsed, Fingerprint, Run, RunCommand, RunEvent, RunSnapshot};
use events::{
    CommandId, Decider, Event, Interval, Metadata, ModelId, Price, Principal, Rate, RunId, StreamName,
    Symbol, Tenant,
};
use jiff::Timestamp;

pub fn symbol(text: &str) -> Symbol {
    text.parse().unwrap()
}

/// What happened to one aggregate, beside its log.
#[derive(Debug, Clone)]
pub struct Told<D: Decider> {
    pub state: D,
    pub events: Vec<D::Event>,
}

impl<D: Decider> Default for Told<D> {
    fn default() -> Self {
        Self { state: D::default(), events: Vec::new() }
    }
}

impl<D: Decider<Error: std::fmt::Debug>> Told<D> {
    /// Decides and appends what follows.
    pub async fn send(
        &mut self,
        log: &Log,
        key: impl std::fmt::Display,
        command: D::Command,
    ) -> Option<Committed> {
        let events = self.state.decide(command).unwrap();
        events.iter().for_each(|event| self.state.evolve(event));
        self.events.extend(events.iter().cloned());
        if events.is_empty() {
            return None;
        }
        let metadata = Metadata::new(Principal("ann".to_owned()), None);
        let append = Append {
            stream: StreamName::new(Tenant::LOCAL, D::CATEGORY, key),
            expected: Expected::Any,
            asked: vec![Asked { meta: Some(metadata), ..Asked::new(CommandId::generate(), events.len()) }],
            events: events.iter().map(|event: &D::Event| NewEvent::encode(event).unwrap()).collect(),
        };
        Some(log.append(append, Lane::Orders).await.unwrap())
    }
}

/// A model of this name.
pub async fn create_model(log: &Log, name: &str, suffix: Option<u32>) -> (ModelId, Told<TradingModel>) {
    let model = ModelId::generate();
    let mut told = Told::default();
    let draft = Box::new(ModelDraft { name: name.to_owned(), ..ModelDraft::default() });
    told.send(log, model, ModelCommand::Create { draft, signature_suffix: suffix }).await;
    (model, told)
}

pub fn renamed(name: &str) -> ModelCommand {
    ModelCommand::Update(Box::new(ModelChange { name: Some(name.to_owned()), ..ModelChange::default() }))
}

/// Daily bars of one price each, from 2025-01-06 on.
pub fn daily(columns: &[(&str, &[&str])]) -> Arc<Bars> {
    let first: Timestamp = "2025-01-06T00:00:00Z".parse().unwrap();
    let count = columns[0].1.len() as i64;
    let starts = (0..count).map(|bar| Timestamp::from_second(first.as_second() + bar * 86_400).unwrap());
    let flat = |(name, prices): &(&str, &[&str])| {
        let prices: Arc<[Price]> = prices.iter().map(|price| price.parse().unwrap()).collect();
        Columns::flat(symbol(name), prices)
    };
    Arc::new(Bars::new(Interval::Day, starts.collect(), columns.iter().map(flat).collect()).unwrap())
}

/// Bars of one symbol that wander, always the same way.
pub fn wandering(count: usize) -> Arc<Bars> {
    let prices: Vec<String> = (0..count)
        .map(|bar| format!("{}.{:02}", 100 + (bar * bar * 7 + bar * 3) % 41, (bar * 37) % 100))
        .collect();
    let prices: Vec<&str> = prices.iter().map(String::as_str).collect();
    daily(&[("AAPL", &prices)])
}

/// Default terms over all of `bars`.
pub fn terms(bars: &Bars, chunk_bars: u32) -> RunSnapshot {
    RunSnapshot {
        model_name: "frozen name".to_owned(),
        policy: PolicySpec::BuyAndHold(NoParameters {}),
        symbols: bars.columns().iter().map(|columns| columns.symbol.clone()).collect(),
        interval: bars.interval(),
        first_bar_at: bars.starts()[0],
        last_bar_at: *bars.starts().last().unwrap(),
        initial_cash: "10000".parse().unwrap(),
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
        chunk_bars,
        code_version: "0.1.0".to_owned(),
        benchmark: None,
        risk: Risk::default(),
    }
}

/// Proposes what a script says for a bar of the run.
#[derive(Debug, Default)]
pub struct Script(BTreeMap<usize, Vec<Order>>);

impl Policy for Script {
    fn propose(&self, view: &View<'_>, orders: &mut Vec<Order>) {
        orders.extend(self.0.get(&view.bar()).into_iter().flatten().cloned());
    }
}

/// Lines are `bar side quantity symbol`.
pub fn script(lines: &[&str]) -> Arc<dyn Policy> {
    let mut script = Script::default();
    for line in lines {
        let words: Vec<&str> = line.split(' ').collect();
        let side = if words[1] == "buy" { OrderSide::Buy } else { OrderSide::Sell };
        let order = Order::market(side, symbol(words[3]), words[2].parse().unwrap());
        script.0.entry(words[0].parse().unwrap()).or_default().push(order);
    }
    Arc::new(script)
}

/// A run in the log.
#[derive(Debug, Clone)]
pub struct Ran {
    pub run: RunId,
    pub told: Told<Run>,
}

impl Ran {
    pub async fn request(log: &Log, model: ModelId, run_number: u32, snapshot: &RunSnapshot) -> Self {
        let mut ran = Self { run: RunId::generate(), told: Told::default() };
        let snapshot = Box::new(snapshot.clone());
        ran.send(log, RunCommand::Request { model_id: model, run_number, snapshot }).await;
        ran
    }

    pub async fn send(&mut self, log: &Log, command: RunCommand) -> Option<Committed> {
        self.told.send(log, self.run, command).await
    }

    pub async fn advance(&mut self, log: &Log, bars: &Arc<Bars>, policy: &Arc<dyn Policy>) {
        let from_bar = self.told.state.next_bar().unwrap();
        let advance = Advance { from_bar, bars: Arc::clone(bars), policy: Arc::clone(policy) };
        self.send(log, RunCommand::Advance(advance)).await;
    }

    /// A run from its request to its end.
    pub async fn completed(
        log: &Log,
        model: ModelId,
        run_number: u32,
        bars: &Arc<Bars>,
        policy: &Arc<dyn Policy>,
        chunk_bars: u32,
    ) -> Self {
        let mut ran = Self::request(log, model, run_number, &terms(bars, chunk_bars)).await;
        while ran.told.state.next_bar().is_some() {
            ran.advance(log, bars, policy).await;
        }
        ran
    }

    /// Its equity series, straight from its events.
    pub fn values(&self) -> Vec<events::Cash> {
        let mut values = Vec::new();
        for event in &self.told.events {
            if let RunEvent::BarsClosed(closed) = event {
                values.extend(closed.value.iter().copied());
            }
        }
        values
    }
}

/// All event types that the read models know by name exist.
#[test]
fn every_type_that_a_filter_names_is_an_event() {
    use projections::Projection;
    let known: Vec<&str> =
        RunEvent::TYPES.iter().chain(events::model::ModelEvent::TYPES).map(|(name, _)| *name).collect();
    for filter in [
        projections::runs::Runs::filter(),
        projections::equity::Equity::filter(),
        projections::ledger::Ledger::filter(),
        projections::leaderboard::Leaderboard::filter(),
    ] {
        for name in filter.event_types {
            assert!(known.contains(&name.as_str()), "{name}");
        }
    }
}
