//! Runs over made-up minute bars, driven as a worker drives them: through their actors, every chunk durable.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Instant;

use actors::{CommandEnvelope, CommandError, RunLoopOptions, Runs};
use anyhow::Context;
use events::log::Lane;
use events::market::{Bars, Columns};
use events::model::Risk;
use events::policy::{FillRule, NoParameters, Order, OrderSide, OrderType, Policy, PolicySpec, View};
use events::run::{Advance, BarsUsed, Fingerprint, RunCommand, RunError, RunSnapshot};
use events::{Cash, CommandId, Interval, ModelId, Price, Quantity, Rate, RunId, Symbol};
use jiff::Timestamp;

/// Symbols of the made-up bars.
pub(super) const SYMBOLS: usize = 10;
/// Stamps between orders: ten symbols a stamp make it an order every hundred bars.
pub(super) const STAMPS_PER_ORDER: usize = 10;
/// Minute bars that wander around 100, by arithmetic alone.
pub(super) fn synthetic(stamps: usize) -> anyhow::Result<Bars> {
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

/// The terms of a run over `bars`.
pub(super) fn snapshot(bars: &Bars, policy: PolicySpec, fill_rule: FillRule) -> anyhow::Result<RunSnapshot> {
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
        risk: Risk::default(),
    })
}

/// A whole run as a worker drives it, chunks ahead of the answers; `answered` is called for each that is durable.
/// Answers with the seconds it took.
pub(super) async fn in_log(
    runs: &Runs,
    bars: &Arc<Bars>,
    policy: &Arc<dyn Policy>,
    mut answered: impl FnMut() -> anyhow::Result<()>,
) -> anyhow::Result<f64> {
    let run_id = RunId::generate();
    let spec = PolicySpec::BuyAndHold(NoParameters {});
    let snapshot = Box::new(snapshot(bars, spec, FillRule::default_of(bars.interval()))?);
    let model_id = ModelId::derived(&[b"bench"]);
    let last_bar = snapshot.run_bars().saturating_sub(1);
    let window = RunLoopOptions::default().window;
    let started = Instant::now();
    let request = RunCommand::Request { model_id, run_number: 1, snapshot };
    runs.execute(run_id, CommandEnvelope::new(request, CommandId::generate())).await?;
    let mut sent = VecDeque::new();
    loop {
        while sent.len() < window {
            let advance = Advance { from_bar: last_bar, bars: bars.clone(), policy: policy.clone() };
            let envelope = CommandEnvelope::new(RunCommand::Advance(advance), CommandId::generate());
            sent.push_back(runs.submit(run_id, envelope.in_lane(Lane::Batch)));
        }
        let Some(first) = sent.pop_front() else { continue };
        match first.outcome().await {
            Ok(_) => answered()?,
            Err(CommandError::Refused(RunError::Over(_))) => return Ok(started.elapsed().as_secs_f64()),
            Err(error) => return Err(error.into()),
        }
    }
}

/// Buys one share and sells it again by turns, every tenth stamp.
#[derive(Debug)]
pub(super) struct EveryTenth;

impl Policy for EveryTenth {
    fn propose(&self, view: &View<'_>, orders: &mut Vec<Order>) {
        if view.bar().is_multiple_of(STAMPS_PER_ORDER) {
            push_turn(view, orders, view.bar() / STAMPS_PER_ORDER - 1);
        }
    }
}

/// The same at every stamp: an order a stamp.
#[derive(Debug)]
pub(super) struct EveryStamp;

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
