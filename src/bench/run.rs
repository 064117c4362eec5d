//! The trading engine against a bare loop over the same arrays: in memory and with every decision durable.

use std::collections::VecDeque;
use std::hint::black_box;
use std::sync::Arc;
use std::time::Instant;

use actors::{CommandEnvelope, CommandError, Directory, DirectoryOptions, Runs};
use anyhow::{Context, ensure};
use events::log::{Lane, Log};
use events::market::{Bars, Columns};
use events::policy::{
    FillRule, NoParameters, Order, OrderSide, OrderType, Policy, PolicySpec, SharedIndicators, View,
};
use events::run::{Advance, BarsUsed, Fingerprint, Run, RunCommand, RunError, RunEvent, RunSnapshot};
use events::{Cash, CommandId, Decider, Interval, ModelId, Price, Quantity, Rate, RunId, Symbol};
use jiff::Timestamp;

use super::report::{BenchReport, Machine, median};

const SYMBOLS: usize = 10;
const STAMPS: usize = 100_000;
/// Stamps between orders: ten symbols a stamp make it an order every hundred bars.
const STAMPS_PER_ORDER: usize = 10;
/// A run decides ahead of the log by at most this many chunks.
const CHUNKS_IN_FLIGHT: usize = 8;

/// Measures the engine over synthetic minute bars and over the daily bars of the demo.
pub async fn run(log: &Log, daily: Arc<Bars>, rounds: usize) -> anyhow::Result<BenchReport> {
    let mut report = BenchReport::new("run", Machine::examine());
    let runs: Runs = Directory::start(log.clone(), (), DirectoryOptions::default()).await?;
    let bars = Arc::new(synthetic(STAMPS)?);
    let policy: Arc<dyn Policy> = Arc::new(EveryTenth);
    let total = (SYMBOLS * STAMPS) as f64;
    let (mut bare, mut memory, mut durable) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..rounds.max(1) {
        bare.push(bare_loop(&bars));
        let (fills, seconds) =
            seconds_of(|| in_memory(&bars, &policy, PolicySpec::BuyAndHold(NoParameters {})));
        ensure!(fills? == STAMPS.div_ceil(STAMPS_PER_ORDER) - 1, "the engine did not fill every order");
        memory.push(seconds);
        durable.push(in_log(&runs, &bars, &policy).await?);
    }
    let (bare, memory, durable) = (median(&mut bare), median(&mut memory), median(&mut durable));
    report.figure("bare_loop_bars_per_second", total / bare);
    report.figure("memory_bars_per_second", total / memory);
    report.figure("durable_bars_per_second", total / durable);
    report.ratio("memory_vs_bare_loop", bare / memory);
    report.ratio("durable_vs_memory", memory / durable);
    cost_per_order(&runs, &mut report).await?;
    sma(&daily, rounds, &mut report)?;
    Ok(report)
}

/// Buys one share and sells it again by turns, every tenth stamp.
#[derive(Debug)]
struct EveryTenth;

impl Policy for EveryTenth {
    fn propose(&self, view: &View<'_>, orders: &mut Vec<Order>) {
        if view.bar().is_multiple_of(STAMPS_PER_ORDER) {
            push_turn(view, orders, view.bar() / STAMPS_PER_ORDER - 1);
        }
    }
}

/// The same at every stamp: an order a stamp.
#[derive(Debug)]
struct EveryStamp;

impl Policy for EveryStamp {
    fn propose(&self, view: &View<'_>, orders: &mut Vec<Order>) {
        push_turn(view, orders, view.bar() - 1);
    }
}

fn push_turn(view: &View<'_>, orders: &mut Vec<Order>, turn: usize) {
    let column = turn / 2 % SYMBOLS;
    let one = Quantity::from_units(10_i64.pow(Quantity::SCALE));
    if let Some(symbol) = view.symbol(column) {
        let side = if turn.is_multiple_of(2) { OrderSide::Buy } else { OrderSide::Sell };
        orders.push(Order::market(side, symbol.clone(), one));
    }
}

fn seconds_of<T>(work: impl FnOnce() -> T) -> (T, f64) {
    let started = Instant::now();
    let result = work();
    (result, started.elapsed().as_secs_f64())
}

/// Minute bars that wander around 100, by arithmetic alone.
fn synthetic(stamps: usize) -> anyhow::Result<Bars> {
    const MINUTE_S: i64 = 60;
    let starts = (0..stamps as i64)
        .map(|stamp| Timestamp::from_second(1_600_000_020 + stamp * MINUTE_S))
        .collect::<Result<Arc<[_]>, _>>()?;
    let columns = (0..SYMBOLS)
        .map(|symbol| {
            let price = |stamp: usize, shift: i64| {
                let wave = ((stamp * (symbol + 3)) % 2_000) as i64 - 1_000;
                Price::from_units(10_000_000_000 + wave.abs() * 1_000_000 + shift * 10_000)
            };
            let column = |shift| (0..stamps).map(|stamp| price(stamp, shift)).collect::<Arc<[_]>>();
            Ok(Columns {
                symbol: format!("S{symbol}").parse::<Symbol>()?,
                open: column(0),
                high: column(3),
                low: column(-3),
                close: column(1),
            })
        })
        .collect::<anyhow::Result<Vec<_>>>()?;
    Ok(Bars::new(Interval::Minute, starts, columns)?)
}

fn snapshot(bars: &Bars, policy: PolicySpec, fill_rule: FillRule) -> anyhow::Result<RunSnapshot> {
    Ok(RunSnapshot {
        model_name: "bench".to_owned(),
        policy,
        symbols: bars.columns().iter().map(|column| column.symbol.clone()).collect(),
        interval: bars.interval(),
        first_bar_at: *bars.starts().first().context("no bars")?,
        last_bar_at: *bars.starts().last().context("no bars")?,
        initial_cash: Cash::whole(1_000_000).context("too much cash")?,
        fill_rule,
        commission_rate: Rate::ZERO,
        slippage_rate: Rate::ZERO,
        allowed_order_types: OrderType::ALL.into(),
        bars: BarsUsed {
            fingerprint: Fingerprint(bars.fingerprint()),
            count: u32::try_from(bars.len())?,
            warmup: 0,
            vintage: 1,
        },
        periods_per_year: 98_280,
        chunk_bars: 512,
        code_version: "bench".to_owned(),
        benchmark: None,
    })
}

/// What the engine is compared with: the same orders over the same arrays, marked every stamp, and nothing else.
fn bare_loop(bars: &Bars) -> f64 {
    let opens: Vec<Vec<f64>> = columns_of(bars, |column| &column.open);
    let closes: Vec<Vec<f64>> = columns_of(bars, |column| &column.close);
    let started = Instant::now();
    let (mut cash, mut held, mut last_value) = (1_000_000.0, [0.0; SYMBOLS], 0.0);
    for stamp in 1..bars.len() {
        if stamp.is_multiple_of(STAMPS_PER_ORDER) {
            let column = stamp / STAMPS_PER_ORDER / 2 % SYMBOLS;
            let price = opens.get(column).and_then(|prices| prices.get(stamp)).copied().unwrap_or(0.0);
            if let Some(quantity) = held.get_mut(column) {
                let change = if *quantity >= 1.0 { -1.0 } else { 1.0 };
                *quantity += change;
                cash -= change * price;
            }
        }
        let marked: f64 = held
            .iter()
            .zip(&closes)
            .map(|(quantity, prices)| quantity * prices.get(stamp).copied().unwrap_or(0.0))
            .sum();
        last_value = black_box(cash + marked);
    }
    black_box(last_value);
    started.elapsed().as_secs_f64()
}

fn columns_of(bars: &Bars, get: impl Fn(&Columns) -> &Arc<[Price]>) -> Vec<Vec<f64>> {
    bars.columns().iter().map(|column| get(column).iter().map(|price| price.to_f64()).collect()).collect()
}

fn requested(bars: &Bars, spec: PolicySpec, fill_rule: FillRule) -> anyhow::Result<(Run, Vec<RunEvent>)> {
    let mut run = Run::default();
    let snapshot = Box::new(snapshot(bars, spec, fill_rule)?);
    let model_id = ModelId::derived(&[b"bench"]);
    let events = run.decide(RunCommand::Request { model_id, run_number: 1, snapshot })?;
    events.iter().for_each(|event| run.evolve(event));
    Ok((run, events))
}

fn advance(
    run: &mut Run,
    from_bar: u32,
    bars: &Arc<Bars>,
    policy: &Arc<dyn Policy>,
) -> anyhow::Result<Vec<RunEvent>> {
    let advance = Advance { from_bar, bars: bars.clone(), policy: policy.clone() };
    let events = run.decide(RunCommand::Advance(advance))?;
    events.iter().for_each(|event| run.evolve(event));
    Ok(events)
}

/// A whole run through the engine, its events dropped; answers with the number of fills.
fn in_memory(bars: &Arc<Bars>, policy: &Arc<dyn Policy>, spec: PolicySpec) -> anyhow::Result<usize> {
    let rule = FillRule::default_of(bars.interval());
    let (mut run, _) = requested(bars, spec, rule)?;
    let mut fills = 0;
    while let Some(bar) = run.next_bar() {
        let events = advance(&mut run, bar, bars, policy)?;
        fills += events.iter().filter(|event| matches!(event, RunEvent::OrderFilled(_))).count();
    }
    Ok(fills)
}

/// A whole run as a worker drives it: through its actor, every chunk durable, a few chunks ahead of the answers.
async fn in_log(runs: &Runs, bars: &Arc<Bars>, policy: &Arc<dyn Policy>) -> anyhow::Result<f64> {
    let run_id = RunId::generate();
    let spec = PolicySpec::BuyAndHold(NoParameters {});
    let snapshot = Box::new(snapshot(bars, spec, FillRule::default_of(bars.interval()))?);
    let model_id = ModelId::derived(&[b"bench"]);
    let (chunk, run_bars) = (snapshot.chunk_bars, snapshot.run_bars());
    let started = Instant::now();
    let request = RunCommand::Request { model_id, run_number: 1, snapshot };
    runs.execute(run_id, CommandEnvelope::new(request, CommandId::generate())).await?;
    let mut sent = VecDeque::new();
    let (mut from_bar, mut stale) = (0, None);
    loop {
        if let Some(next_bar) = stale
            && sent.is_empty()
        {
            // A chunk ended early by its number of events; what was sent behind it was refused.
            (from_bar, stale) = (next_bar, None);
        }
        while stale.is_none() && from_bar < run_bars && sent.len() < CHUNKS_IN_FLIGHT {
            let advance = Advance { from_bar, bars: bars.clone(), policy: policy.clone() };
            let envelope = CommandEnvelope::new(RunCommand::Advance(advance), CommandId::generate());
            sent.push_back(runs.submit(run_id, envelope.in_lane(Lane::Batch)));
            from_bar = (from_bar / chunk + 1) * chunk;
        }
        let Some(first) = sent.pop_front() else { break };
        match first.outcome().await {
            Ok(_) => {}
            Err(CommandError::Refused(RunError::StaleAdvance { next_bar, .. })) => stale = Some(next_bar),
            Err(error) => return Err(error.into()),
        }
    }
    Ok(started.elapsed().as_secs_f64())
}

/// Durable seconds per order at 10,000 and at 1,000,000 orders: flat when history does not slow the engine down.
async fn cost_per_order(runs: &Runs, report: &mut BenchReport) -> anyhow::Result<()> {
    let policy: Arc<dyn Policy> = Arc::new(EveryStamp);
    let mut costs = Vec::new();
    for orders in [10_000, 1_000_000] {
        let bars = Arc::new(synthetic(orders + 2)?);
        let micros = in_log(runs, &bars, &policy).await? * 1e6 / orders as f64;
        report.figure(format!("durable_us_per_order_{orders}"), micros);
        costs.push(micros);
    }
    if let [few, many] = costs.as_slice() {
        report.ratio("cost_per_order_1000000_vs_10000", many / few);
    }
    Ok(())
}

/// `sma-cross` over daily bars against a bare loop, and a hundred parameter pairs that share bars and averages.
fn sma(bars: &Arc<Bars>, rounds: usize, report: &mut BenchReport) -> anyhow::Result<()> {
    let total = (bars.len() * bars.columns().len()) as f64;
    let (mut bare, mut engine, mut sweep) = (Vec::new(), Vec::new(), Vec::new());
    let spec = |fast: usize, slow: usize| -> anyhow::Result<PolicySpec> {
        let named =
            serde_json::json!({ "name": "builtin/sma-cross", "parameters": { "fast": fast, "slow": slow } });
        Ok(serde_json::from_value(named)?)
    };
    for _ in 0..rounds.max(1) {
        bare.push(bare_sma(bars, 20, 50));
        let twenty_fifty = spec(20, 50)?;
        let (fills, seconds) = seconds_of(|| {
            let policy = twenty_fifty.build(bars, &SharedIndicators::default());
            in_memory(bars, &policy, twenty_fifty.clone())
        });
        report.figure("sma_fills", fills? as f64);
        engine.push(seconds);
        let (done, seconds) = seconds_of(|| -> anyhow::Result<()> {
            let shared = SharedIndicators::default();
            for fast in 1..=10 {
                for slow in 1..=10 {
                    let spec = spec(fast * 5, 50 + slow * 10)?;
                    let policy = spec.build(bars, &shared);
                    in_memory(bars, &policy, spec)?;
                }
            }
            Ok(())
        });
        done?;
        sweep.push(seconds);
    }
    let (bare, engine, sweep) = (median(&mut bare), median(&mut engine), median(&mut sweep));
    report.figure("sma_bars_per_second", total / engine);
    report.figure("sma_100_pairs_bars_per_second", 100.0 * total / sweep);
    report.ratio("sma_vs_bare_loop", bare / engine);
    Ok(())
}

/// Rolling sums, a comparison, a whole-lot position and a mark for every bar.
fn bare_sma(bars: &Bars, fast: usize, slow: usize) -> f64 {
    let closes = columns_of(bars, |column| &column.close);
    let started = Instant::now();
    let slot = 1_000_000.0 / closes.len() as f64;
    let mut cash = 1_000_000.0;
    let mut held = vec![0.0; closes.len()];
    let mut sums = vec![(0.0, 0.0); closes.len()];
    for stamp in 0..bars.len() {
        let mut value = cash;
        for ((prices, sum), quantity) in closes.iter().zip(&mut sums).zip(&mut held) {
            let price = |at: Option<usize>| at.and_then(|at| prices.get(at)).copied().unwrap_or(0.0);
            let now = price(Some(stamp));
            sum.0 += now - price(stamp.checked_sub(fast));
            sum.1 += now - price(stamp.checked_sub(slow));
            let long = stamp >= slow && sum.0 * slow as f64 > sum.1 * fast as f64;
            if long && *quantity == 0.0 {
                *quantity = (slot / now).floor();
                cash -= *quantity * now;
            } else if !long && *quantity > 0.0 {
                cash += *quantity * now;
                *quantity = 0.0;
            }
            value += *quantity * now;
        }
        black_box(value);
    }
    started.elapsed().as_secs_f64()
}
