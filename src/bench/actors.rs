//! A hundred thousand live actors: what each costs in memory.

use actors::{CommandEnvelope, Directory, DirectoryOptions};
use anyhow::Context;
use events::log::Log;
use events::{Aggregate, CommandId};
use futures_util::{StreamExt, TryStreamExt, stream};

use super::counter::Counter;
use super::report::{BenchReport, Machine};

const ACTORS: usize = 100_000;
const AT_ONCE: usize = 512;

/// Wakes 100,000 actors with a command each and measures this process's memory.
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
    let mut report = BenchReport::new("actors", Machine::examine());
    report.figure("live", live as f64);
    report.figure("rss_mib", after);
    report.figure("bytes_per_actor", (after - before) * 1_048_576.0 / ACTORS as f64);
    Ok(report)
}

/// Memory of this process that is in RAM.
pub(super) fn resident_mib() -> anyhow::Result<f64> {
    const KIB_PER_MIB: f64 = 1_024.0;
    let status = std::fs::read_to_string("/proc/self/status").context("this bench needs Linux's /proc")?;
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).context("the system does not tell")?;
    let kib: f64 = line.split_whitespace().nth(1).context("the system does not tell")?.parse()?;
    Ok(kib / KIB_PER_MIB)
}
