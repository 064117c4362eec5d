//! The trading engine against a bare loop over the same arrays: in memory and with every decision durable.

use std::hint::black_box;
use std::sync::Arc;
use std::time::Instant;

use actors::{Directory, DirectoryOptions, Runs};
use anyhow::ensure;
use events::log::Log;
use events::market::{Bars, Columns};
use events::policy::{FillRule, NoParameters, Policy, PolicySpec, SharedIndicators};
use events::run::{Advance, Run, RunCommand, RunEvent};
use events::{Decider, ModelId, Price};

use super::report::{BenchReport, Machine, median};
use super::synthetic::{EveryStamp, EveryTenth, STAMPS_PER_ORDER, SYMBOLS, in_log, snapshot, synthetic};

const STAMPS: usize = 100_000;
/// Runs of 10,000 orders before each run of a million: together they take a fraction of its time.
const SHORT_RUNS: usize = 9;

/// Measures the engine over synthetic minute bars and over the daily bars of the demo.
pub async fn run(log: &Log, daily: Arc<Bars>, rounds: usize) -> anyhow::Result<BenchReport> {
    let mut report = BenchReport::new("run", Machine::examine());
    let runs: Runs = Directory::start(log.clone(), (), DirectoryOptions::default()).await?;
    orders_every_hundred_bars(&runs, rounds, &mut report).await?;
    cost_per_order(&runs, rounds, &mut report).await?;
    sma(&daily, rounds, &mut report)?;
    Ok(report)
}

/// A million bars, an order every hundred: bare, in memory, and durable.
pub(super) async fn orders_every_hundred_bars(
    runs: &Runs,
    rounds: usize,
    report: &mut BenchReport,
) -> anyhow::Result<()> {
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
        durable.push(in_log(runs, &bars, &policy, || Ok(())).await?);
    }
    let (bare, memory, durable) = (median(&mut bare), median(&mut memory), median(&mut durable));
    report.figure("bare_loop_bars_per_second", total / bare);
    report.figure("memory_bars_per_second", total / memory);
    report.figure("durable_bars_per_second", total / durable);
    report.ratio("memory_vs_bare_loop", bare / memory);
    report.ratio("durable_vs_memory", memory / durable);
    Ok(())
}

fn seconds_of<T>(work: impl FnOnce() -> T) -> (T, f64) {
    let started = Instant::now();
    let result = work();
    (result, started.elapsed().as_secs_f64())
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

/// Durable time per order at 10,000 and at 1,000,000 orders: flat when history does not slow the engine down. A short
/// run is over before a checkpoint or a scheduler's whim evens out, so several are measured beside each long one.
pub(super) async fn cost_per_order(
    runs: &Runs,
    rounds: usize,
    report: &mut BenchReport,
) -> anyhow::Result<()> {
    const LENGTHS: [(usize, usize); 2] = [(10_000, SHORT_RUNS), (1_000_000, 1)];
    let policy: Arc<dyn Policy> = Arc::new(EveryStamp);
    let bars = [Arc::new(synthetic(10_000 + 2)?), Arc::new(synthetic(1_000_000 + 2)?)];
    let mut costs = [Vec::new(), Vec::new()];
    for _ in 0..rounds.max(1) {
        for (((orders, times), bars), costs) in LENGTHS.iter().zip(&bars).zip(&mut costs) {
            for _ in 0..*times {
                let seconds = in_log(runs, bars, &policy, || Ok(())).await?;
                costs.push(seconds * 1e6 / *orders as f64);
            }
        }
    }
    let [few, many] = costs.map(|mut costs| median(&mut costs));
    report.figure("durable_us_per_order_10000", few);
    report.figure("durable_us_per_order_1000000", many);
    report.ratio("cost_per_order_1000000_vs_10000", many / few);
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
