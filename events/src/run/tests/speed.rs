//! How fast runs are decided; run with `cargo test --release -p events speed -- --ignored --nocapture`.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::support::{Told, ask, every, terms};
use crate::market::{Bars, Columns};
use crate::policy::{Order, OrderSide, Policy, PolicySpec, SharedIndicators, SmaCrossParameters};
use crate::run::RunSnapshot;
use crate::{Interval, Price, Quantity};

/// Prices that wander, the same ones every time.
fn wandering(symbols: usize, stamps: usize) -> Arc<Bars> {
    let mut seed = 42_u64;
    let mut step = || {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (i64::try_from(seed >> 40).unwrap() % 2_001 - 1_000) * 100_000
    };
    let columns = (0..symbols).map(|number| {
        let mut close = 10_000_000_000_i64;
        let mut columns: [Vec<Price>; 4] = Default::default();
        for _ in 0..stamps {
            let open = close;
            close = (close + step()).max(100_000_000);
            let around = 50_000_000;
            let bar = [open, open.max(close) + around, open.min(close) - around, close];
            columns.iter_mut().zip(bar).for_each(|(column, units)| column.push(Price::from_units(units)));
        }
        let [open, high, low, close] = columns.map(Arc::from);
        Columns { symbol: format!("S{number:03}").parse().unwrap(), open, high, low, close }
    });
    every(Interval::Minute, "2000-01-03T14:30:00Z", 60, columns.collect())
}

/// Buys and sells a share by turns, an order every `bars` bars.
fn every_so_often(bars: usize) -> Arc<dyn Policy> {
    ask(move |view, orders| {
        if view.bar().is_multiple_of(bars) {
            let turn = view.bar() / bars;
            let column = (turn / 2) % view.universe().len();
            let side = if turn.is_multiple_of(2) { OrderSide::Buy } else { OrderSide::Sell };
            orders.push(Order::market(
                side,
                view.symbol(column).unwrap().clone(),
                Quantity::whole(1).unwrap(),
            ));
        }
    })
}

fn best_of(rounds: usize, mut work: impl FnMut() -> Told) -> (Duration, Told) {
    let mut best = None;
    for _ in 0..rounds {
        let started = Instant::now();
        let told = work();
        let taken = started.elapsed();
        if best.as_ref().is_none_or(|(fastest, _)| taken < *fastest) {
            best = Some((taken, told));
        }
    }
    best.unwrap()
}

#[test]
#[ignore = "measures; meaningful in release builds only"]
fn speed_of_a_million_bars() {
    let bars = wandering(10, 100_000);
    let snapshot = RunSnapshot { fill_rule: crate::policy::FillRule::Open, ..terms(&bars) };
    let policy = every_so_often(10);
    let (taken, told) = best_of(5, || Told::completed(&snapshot, &bars, &policy));
    println!(
        "1 M bars, an order every 10 stamps: {taken:?}, {} fills, {} events",
        told.fills().len(),
        told.events.len()
    );
    let policy = every_so_often(100);
    let (taken, told) = best_of(5, || Told::completed(&snapshot, &bars, &policy));
    println!(
        "1 M bars, an order every 100 stamps: {taken:?}, {} fills, {} events",
        told.fills().len(),
        told.events.len()
    );
    let started = Instant::now();
    let bytes: usize = told.bytes().iter().map(Vec::len).sum();
    println!("as JSON: {:?}, {bytes} bytes", started.elapsed());
    let started = Instant::now();
    crate::run::recheck::recheck(&bars, &told.events).unwrap();
    println!("rechecked: {:?}", started.elapsed());
}

#[test]
#[ignore = "measures; meaningful in release builds only"]
fn speed_of_a_moving_average() {
    let bars = wandering(20, 8_313);
    let shared = SharedIndicators::default();
    let spec = PolicySpec::SmaCross(SmaCrossParameters::default());
    let started = Instant::now();
    let kept = shared.of(&bars);
    println!("indicators: {:?}", started.elapsed());
    let snapshot = RunSnapshot { fill_rule: crate::policy::FillRule::Open, ..terms(&bars) };
    let (taken, told) = best_of(20, || Told::completed(&snapshot, &bars, &spec.build(&bars, &shared)));
    println!("sma-cross, 8,313 x 20: {taken:?}, {} fills", told.fills().len());
    drop(kept);
}
