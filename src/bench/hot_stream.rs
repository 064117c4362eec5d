//! One stream, one caller against many: what pipelining commits buys a busy aggregate (EL-155).

use std::time::{Duration, Instant};

use actors::{CommandEnvelope, Directory, DirectoryOptions};
use anyhow::Context;
use events::log::Log;
use events::{Aggregate, CommandId};

use super::counter::Counter;
use super::report::{BenchReport, Machine, median};

const CALLERS: usize = 64;

/// Measures the commands a second of one aggregate with one caller and with 64, interleaved.
pub async fn hot_stream(log: &Log, seconds: f64, rounds: usize) -> anyhow::Result<BenchReport> {
    let counters =
        Directory::<Aggregate<Counter>>::start(log.clone(), (), DirectoryOptions::default()).await?;
    let time = Duration::from_secs_f64(seconds);
    let (mut alone, mut together) = (Vec::new(), Vec::new());
    for _ in 0..rounds.max(1) {
        alone.push(commands_per_second(&counters, 1, time).await?);
        together.push(commands_per_second(&counters, CALLERS, time).await?);
    }
    let (alone, together) = (median(&mut alone), median(&mut together));
    let mut report = BenchReport::new("hot-stream", Machine::examine());
    report.figure("one_caller_per_second", alone);
    report.figure("callers_64_per_second", together);
    report.ratio("vs_one_caller", together / alone);
    Ok(report)
}

async fn commands_per_second(
    counters: &Directory<Aggregate<Counter>>,
    callers: usize,
    time: Duration,
) -> anyhow::Result<f64> {
    let key = CommandId::generate();
    let started = Instant::now();
    let mut workers = Vec::new();
    for _ in 0..callers {
        let counters = counters.clone();
        workers.push(tokio::spawn(async move {
            let mut done = 0_u64;
            while started.elapsed() < time {
                counters.execute(key, CommandEnvelope::new(1, CommandId::generate())).await?;
                done += 1;
            }
            anyhow::Ok(done)
        }));
    }
    let mut done = 0;
    for worker in workers {
        done += worker.await.context("a bench worker panicked")??;
    }
    Ok(done as f64 / started.elapsed().as_secs_f64())
}
