//! What a hundred thousand live actors cost in memory, and what a long run costs beyond a short one.

use std::sync::Arc;

use actors::{CommandEnvelope, Directory, DirectoryOptions, Runs};
use anyhow::Context;
use events::log::Log;
use events::policy::Policy;
use events::{Aggregate, CommandId};
use futures_util::{StreamExt, TryStreamExt, stream};

use super::counter::Counter;
use super::report::{BenchReport, Machine};
use super::synthetic::{EveryTenth, in_log, synthetic};

const ACTORS: usize = 100_000;
const AT_ONCE: usize = 512;

/// Stamps of the long run; ten symbols make them ten million bars.
const STAMPS: usize = 1_000_000;

/// Wakes 100,000 actors with a command each, drives a run over ten million bars beside them, and measures this
/// process's memory.
pub async fn live_actors(log: &Log) -> anyhow::Result<BenchReport> {
    let counters =
        Directory::<Aggregate<Counter>>::start(log.clone(), (), DirectoryOptions::default()).await?;
    let before = resident_mib()?;
    stream::iter(0..ACTORS)
        .map(|number| {
            let counters = counters.clone();
            async move { counters.execute(number, CommandEnvelope::new(1, CommandId::generate())).await }
        })
        .buffer_unordered(AT_ONCE)
        .try_for_each(|_| async { Ok(()) })
        .await?;
    let live = counters.live().await.len();
    let after = resident_mib()?;
    // While they live: what they would give back would hide what the run takes.
    let growth = growth_of_a_long_run(log).await?;
    let mut report = BenchReport::new("actors", Machine::examine());
    report.figure("rss_growth_mib", growth);
    report.figure("live", live as f64);
    report.figure("rss_mib", after);
    report.figure("bytes_per_actor", (after - before) * 1_048_576.0 / ACTORS as f64);
    Ok(report)
}

/// The most memory that a run takes in the last nine tenths of its bars beyond the most it took in the first.
async fn growth_of_a_long_run(log: &Log) -> anyhow::Result<f64> {
    let runs: Runs = Directory::start(log.clone(), (), DirectoryOptions::default()).await?;
    let bars = Arc::new(synthetic(STAMPS)?);
    let policy: Arc<dyn Policy> = Arc::new(EveryTenth);
    let mut resident = Vec::new();
    let sample = || {
        resident.push(resident_mib()?);
        Ok(())
    };
    in_log(&runs, &bars, &policy, sample).await?;
    let (first, rest) = resident.split_at(resident.len() / 10);
    let most = |samples: &[f64]| samples.iter().copied().fold(0.0, f64::max);
    Ok((most(rest) - most(first)).max(0.0))
}

/// Memory of this process that is in RAM.
pub(super) fn resident_mib() -> anyhow::Result<f64> {
    const KIB_PER_MIB: f64 = 1_024.0;
    let status = std::fs::read_to_string("/proc/self/status").context("this bench needs Linux's /proc")?;
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).context("the system does not tell")?;
    let kib: f64 = line.split_whitespace().nth(1).context("the system does not tell")?.parse()?;
    Ok(kib / KIB_PER_MIB)
}
