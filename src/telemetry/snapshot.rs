//! What the parts of the application say of themselves at the moment in which somebody reads the metrics.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use actors::DirectoryLoad;
use actors::aggregate::ActorStats;
use actors::work_queue::{self, QueueLag};
use async_nats::jetstream;
use deadpool_postgres::{Pool, Status};
use events::log::{APPEND_BOUNDS_S, AppenderStats, CategoryStats};
use events::{Decider, Run, TradingModel};
use projections::status::{self, ShardStatus};
use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, NoLabelSet};
use prometheus_client::metrics::MetricType;

use super::process;
use crate::app::App;
use crate::worker::RUN_COMMANDS;

/// How long the database and the message server may take; without their answer their metrics are left out.
const PATIENCE: Duration = Duration::from_millis(1_500);

/// What the parts say.
#[derive(Debug)]
pub(super) struct Snapshot {
    appender: AppenderStats,
    categories: BTreeMap<String, CategoryStats>,
    directories: Vec<(&'static str, DirectoryLoad, ActorStats)>,
    pools: Vec<(&'static str, Status)>,
    shards: Vec<ShardStatus>,
    queue: Option<QueueLag>,
    head: i64,
}

/// Labels and value.
type Sample = (Vec<(&'static str, String)>, f64);

impl Snapshot {
    /// Asks all of them.
    pub(super) async fn of(app: &App) -> Self {
        let jetstream = jetstream::new(app.nats.clone());
        let asked = tokio::join!(
            app.models.load(),
            app.runs.load(),
            tokio::time::timeout(PATIENCE, shards(&app.reads)),
            tokio::time::timeout(PATIENCE, work_queue::lag(&jetstream, &app.queue, RUN_COMMANDS)),
        );
        let (models, runs, shards, queue) = asked;
        Self {
            appender: app.log.appender_stats(),
            categories: app.log.category_stats(),
            directories: vec![
                (TradingModel::CATEGORY, models, app.models.stats()),
                (Run::CATEGORY, runs, app.runs.stats()),
            ],
            pools: vec![("reads", app.reads.status()), ("log", app.log.pool().status())],
            shards: shards.unwrap_or_default(),
            queue: queue.ok().flatten(),
            head: app.log.known_head().0,
        }
    }

    fn log(&self, writer: &mut Writer<'_>) -> fmt::Result {
        let AppenderStats { batches, conflicts, duplicates, overloaded, queued, queued_bytes, .. } =
            self.appender;
        writer.gauge("log_head", "Position of the last event", [one(self.head as f64)])?;
        writer.counter("log_batches", "Transactions of the appender", [one(batches as f64)])?;
        writer.counter("log_conflicts", "Appends that another writer was before", [one(conflicts as f64)])?;
        writer.counter(
            "log_duplicates",
            "Appends of commands carried out before",
            [one(duplicates as f64)],
        )?;
        writer.counter("log_overloaded", "Appends refused by a full queue", [one(overloaded as f64)])?;
        writer.gauge("log_queued_appends", "Appends that wait", [one(queued as f64)])?;
        writer.gauge("log_queued_bytes", "Bytes that wait", [one(queued_bytes as f64)])?;
        let events =
            self.categories.iter().map(|(name, stats)| (labelled("category", name), stats.events as f64));
        writer.counter("log_events", "Events appended by category", events)?;
        writer.latencies("log_append_seconds", "Time from queueing to commit by category", &self.categories)
    }

    fn actors(&self, writer: &mut Writer<'_>) -> fmt::Result {
        let of = |value: fn(&DirectoryLoad) -> usize| {
            self.directories
                .iter()
                .map(move |(name, load, _)| (labelled("category", name), value(load) as f64))
        };
        writer.gauge("actors_live", "Actors that are alive", of(|load| load.live))?;
        writer.gauge("actors_live_max", "Actors that may be", of(|load| load.live_max))?;
        writer.gauge(
            "actors_waiting_bytes",
            "Bytes of unanswered commands",
            of(|load| load.waiting_bytes),
        )?;
        writer.gauge("actors_waiting_bytes_max", "Bytes that may wait", of(|load| load.waiting_bytes_max))?;
        let of = |value: fn(&ActorStats) -> u64| {
            self.directories
                .iter()
                .map(move |(name, _, stats)| (labelled("category", name), value(stats) as f64))
        };
        writer.counter("actors_commands", "Commands decided", of(|stats| stats.commands))?;
        writer.counter("actors_refused", "Commands refused by a rule", of(|stats| stats.refused))?;
        writer.counter("actors_overloaded", "Commands without a permit", of(|stats| stats.overloaded))?;
        writer.counter("actors_loads", "Streams folded", of(|stats| stats.loads))?;
        writer.counter("actors_restarts", "Actors started again", of(|stats| stats.restarts))?;
        writer.counter("actors_quarantines", "Streams out of service", of(|stats| stats.quarantines))
    }

    fn read_models(&self, writer: &mut Writer<'_>) -> fmt::Result {
        let of = |value: fn(&ShardStatus) -> f64| {
            self.shards.iter().map(move |shard| {
                let labels =
                    vec![("projection", shard.projection.clone()), ("shard", shard.shard.to_string())];
                (labels, value(shard))
            })
        };
        writer.gauge(
            "projection_lag_events",
            "Events that are not in its rows",
            of(|shard| shard.lag_events as f64),
        )?;
        writer.gauge("projection_lag_seconds", "Age of the oldest of them", of(|shard| shard.lag_s))?;
        writer.gauge(
            "projection_parked_events",
            "Events that wait for a decision",
            of(|shard| shard.parked as f64),
        )?;
        let running = |shard: &ShardStatus| if shard.status == "running" { 1.0 } else { 0.0 };
        writer.gauge("projection_running", "1 while it folds", of(running))
    }

    fn surroundings(&self, writer: &mut Writer<'_>) -> fmt::Result {
        let of = |value: fn(&Status) -> usize| {
            self.pools.iter().map(move |(name, pool)| (labelled("pool", name), value(pool) as f64))
        };
        writer.gauge("pool_connections", "Open connections", of(|pool| pool.size))?;
        writer.gauge("pool_connections_max", "Most connections", of(|pool| pool.max_size))?;
        writer.gauge("pool_available", "Connections that nobody uses", of(|pool| pool.available))?;
        writer.gauge("pool_waiting", "Requests that wait for a connection", of(|pool| pool.waiting))?;
        let queue = |value: fn(&QueueLag) -> u64| {
            self.queue.iter().map(move |lag| (labelled("category", RUN_COMMANDS), value(lag) as f64))
        };
        writer.gauge("work_queue_pending", "Commands that no worker has", queue(|lag| lag.pending))?;
        writer.gauge("work_queue_in_work", "Commands that a worker has", queue(|lag| lag.in_work))?;
        let (memory, cpu) = (process::resident_bytes(), process::cpu_seconds());
        writer.gauge("process_resident_bytes", "Memory of the process", memory.map(one))?;
        writer.counter("process_cpu_seconds", "Processor time of the process", cpu.map(one))
    }
}

async fn shards(reads: &Pool) -> Vec<ShardStatus> {
    let Ok(client) = reads.get().await else { return Vec::new() };
    status::status(&client).await.unwrap_or_default()
}

fn one(value: f64) -> Sample {
    (Vec::new(), value)
}

fn labelled(name: &'static str, value: &str) -> Vec<(&'static str, String)> {
    vec![(name, value.to_owned())]
}

impl Collector for Snapshot {
    fn encode(&self, encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let mut writer = Writer { encoder };
        self.log(&mut writer)?;
        self.actors(&mut writer)?;
        self.read_models(&mut writer)?;
        self.surroundings(&mut writer)
    }
}

struct Writer<'a> {
    encoder: DescriptorEncoder<'a>,
}

impl Writer<'_> {
    fn gauge(&mut self, name: &str, help: &str, samples: impl IntoIterator<Item = Sample>) -> fmt::Result {
        let mut metric = self.encoder.encode_descriptor(name, help, None, MetricType::Gauge)?;
        for (labels, value) in samples {
            match labels.as_slice() {
                [] => metric.encode_gauge(&value)?,
                labels => metric.encode_family(&labels)?.encode_gauge(&value)?,
            }
        }
        Ok(())
    }

    fn counter(&mut self, name: &str, help: &str, samples: impl IntoIterator<Item = Sample>) -> fmt::Result {
        let mut metric = self.encoder.encode_descriptor(name, help, None, MetricType::Counter)?;
        for (labels, value) in samples {
            match labels.as_slice() {
                [] => metric.encode_counter::<NoLabelSet, _, f64>(&value, None)?,
                labels => {
                    metric.encode_family(&labels)?.encode_counter::<NoLabelSet, _, f64>(&value, None)?
                }
            }
        }
        Ok(())
    }

    fn latencies(&mut self, name: &str, help: &str, all: &BTreeMap<String, CategoryStats>) -> fmt::Result {
        let mut metric = self.encoder.encode_descriptor(name, help, None, MetricType::Histogram)?;
        for (category, stats) in all {
            let bounds = APPEND_BOUNDS_S.into_iter().chain([f64::INFINITY]);
            let classes: Vec<(f64, u64)> = bounds.zip(stats.classes).collect();
            let labels = labelled("category", category);
            metric.encode_family(&labels)?.encode_histogram::<NoLabelSet>(
                stats.seconds,
                stats.appends,
                &classes,
                None,
            )?;
        }
        Ok(())
    }
}
