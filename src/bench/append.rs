//! Durable single-event commands on distinct streams, against the same bytes written by bare inserts (EL-150…152).

use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::Context;
use bytes::Bytes;
use events::codec::Codec;
use events::log::{Append, Connector, Expected, Lane, Log, LogOptions, NewEvent, Pending};
use events::{CommandId, StreamName, StreamTip, Tenant};
use tokio_postgres::Client;

use super::disk::Disk;
use super::report::{BenchReport, Machine, median, percentile};
use super::wal;

/// How long and how often to measure.
#[derive(Debug, Clone)]
pub struct AppendBench {
    /// Length of one measurement.
    pub seconds: f64,
    /// Measurements of each kind, interleaved; the median counts.
    pub rounds: usize,
    /// Connections that append.
    pub appenders: usize,
    /// How many callers append at once, one measurement each.
    pub callers: Vec<usize>,
}

/// A fill as a run records it: about 170 bytes of JSON.
const PAYLOAD: &[u8] = br#"{"bar":4711,"record":1287,"order":"0198c5a2-7e11-7cc3-98c4-dc0c0c07398f","side":"buy","symbol":"NVDA","quantity":"20","price":"208.0999","fee":"0","cash_after":"5838.002"}"#;

#[derive(Debug, Default, Clone)]
pub(super) struct Measured {
    pub(super) rate: f64,
    p50_us: f64,
    p99_us: f64,
    wal_bytes: f64,
    per_batch: f64,
}

/// A baseline and what is compared with it, measured one right after the other, as often as there are rounds.
#[derive(Debug, Default)]
struct Pair {
    bare: Vec<Measured>,
    ours: Vec<Measured>,
}

/// Measures appends of so many callers, each right after bare inserts over 1 connection (one caller) or 32 (more).
pub async fn append(connector: &Connector, bench: AppendBench) -> anyhow::Result<BenchReport> {
    let options = LogOptions { appenders: bench.appenders, ..LogOptions::default() };
    let log = Log::open(connector.clone(), options).await?;
    let operator = connector.connect().await?;
    prepare_bare(&operator).await?;
    let time = Duration::from_secs_f64(bench.seconds);
    let mut pairs: Vec<(usize, Pair)> =
        bench.callers.iter().map(|callers| (*callers, Pair::default())).collect();
    let mut ready = Some(i64::MAX);
    for _ in 0..bench.rounds {
        for (callers, pair) in &mut pairs {
            let warmed = wal::warm(&operator).await?;
            ready = ready.and_then(|least| warmed.map(|now| now.min(least)));
            pair.bare.push(bare_inserts(connector, baseline(*callers), time).await?);
            pair.ours.push(appends(&log, &operator, *callers, time).await?);
        }
    }
    let mut report = BenchReport::new("append", Machine::examine());
    report.note(match ready {
        Some(least) => format!(
            "before each pair of measurements a checkpoint recycled old WAL segments, at least {least} lay ready: neither \
             side waits for new ones to be created"
        ),
        None => "this role may not prepare WAL segments: creating them is part of what was measured".to_owned(),
    });
    report.note("each measurement of appends follows its own baseline; every ratio is the median over the rounds' pairs");
    for (callers, pair) in &pairs {
        summarise(&mut report, *callers, pair);
    }
    let disk = Disk::look(&operator).await?;
    report.figure("event_disk_bytes", disk.event_bytes);
    report.figure("command_disk_bytes", disk.command_bytes);
    // What an event may take: 2.3 times its payload, and 100 bytes.
    report.ratio("event_disk_vs_limit", disk.event_bytes / (2.3 * PAYLOAD.len() as f64 + 100.0));
    let chain_us = chain_us()?;
    report.figure("hash_chain_us_per_event", chain_us);
    if let Some((_, pair)) = pairs.iter().find(|(callers, _)| *callers == 256) {
        // Of the time of one core that an append takes, so an upper bound of what hashing costs.
        report.ratio("hash_chain_share_256", chain_us * middle(&pair.ours).rate / 1e6);
    }
    Ok(report)
}

/// Microseconds that numbering and hashing one event takes (EL-153).
fn chain_us() -> anyhow::Result<f64> {
    const EVENTS: usize = 20_000;
    let stream = StreamName::new(Tenant::LOCAL, "bench", CommandId::generate());
    let appends: Vec<Append> = (0..EVENTS)
        .map(|_| {
            let expected = Expected::Tip(StreamTip::EMPTY);
            Append::of_command(stream.clone(), expected, CommandId::generate(), vec![fill()])
        })
        .collect();
    let mut tip = StreamTip::EMPTY;
    let started = Instant::now();
    for append in appends {
        tip = Pending::chain(append, tip)?.tip_after();
    }
    Ok(started.elapsed().as_secs_f64() * 1e6 / EVENTS as f64)
}

const fn baseline(callers: usize) -> usize {
    if callers == 1 { 1 } else { 32 }
}

fn summarise(report: &mut BenchReport, callers: usize, pair: &Pair) {
    add(report, &format!("insert_{}_before_append_{callers}", baseline(callers)), &middle(&pair.bare));
    let ours = middle(&pair.ours);
    add(report, &format!("append_{callers}"), &ours);
    report.figure(format!("append_{callers}_wal_bytes_per_event"), ours.wal_bytes);
    report.figure(format!("append_{callers}_per_batch"), ours.per_batch);
    let ratio = |of: fn(&Measured) -> f64| {
        median(
            &mut pair.ours.iter().zip(&pair.bare).map(|(ours, bare)| of(ours) / of(bare)).collect::<Vec<_>>(),
        )
    };
    if callers == 1 {
        report.ratio("p50_1_vs_insert", ratio(|measured| measured.p50_us));
    }
    report.ratio(format!("rate_{callers}"), ratio(|measured| measured.rate));
    if callers > 1 {
        let spread = |measured: &Measured| measured.p99_us / measured.p50_us;
        report.ratio(
            format!("p99_vs_p50_{callers}"),
            median(&mut pair.ours.iter().map(spread).collect::<Vec<_>>()),
        );
    }
}

fn add(report: &mut BenchReport, name: &str, measured: &Measured) {
    report.figure(format!("{name}_per_second"), measured.rate);
    report.figure(format!("{name}_p50_us"), measured.p50_us);
    report.figure(format!("{name}_p99_us"), measured.p99_us);
}

fn middle(rounds: &[Measured]) -> Measured {
    let of = |get: fn(&Measured) -> f64| median(&mut rounds.iter().map(get).collect::<Vec<_>>());
    Measured {
        rate: of(|m| m.rate),
        p50_us: of(|m| m.p50_us),
        p99_us: of(|m| m.p99_us),
        wal_bytes: of(|m| m.wal_bytes),
        per_batch: of(|m| m.per_batch),
    }
}

fn measured(started: Instant, mut times_us: Vec<f64>) -> Measured {
    let rate = times_us.len() as f64 / started.elapsed().as_secs_f64();
    Measured {
        rate,
        p50_us: percentile(&mut times_us, 0.5),
        p99_us: percentile(&mut times_us, 0.99),
        wal_bytes: 0.0,
        per_batch: 0.0,
    }
}

pub(super) async fn prepare_bare(client: &Client) -> anyhow::Result<()> {
    client
        .batch_execute(
            "create table if not exists bench_bare_events (
                 id bigint generated always as identity primary key, stream_id text not null, version bigint not null,
                 event_type text not null, payload bytea not null);
             truncate bench_bare_events",
        )
        .await?;
    Ok(())
}

pub(super) async fn bare_inserts(
    connector: &Connector,
    connections: usize,
    time: Duration,
) -> anyhow::Result<Measured> {
    let mut workers = Vec::new();
    let mut clients = Vec::new();
    for _ in 0..connections {
        let client = connector.connect().await?;
        let statement = client
            .prepare("insert into bench_bare_events (stream_id, version, event_type, payload) values ($1, $2, $3, $4)")
            .await?;
        clients.push((client, statement));
    }
    let started = Instant::now();
    for (index, (client, statement)) in clients.into_iter().enumerate() {
        workers.push(tokio::spawn(async move {
            let stream = format!("bench-{index}");
            let mut times_us = Vec::new();
            let mut version = 0_i64;
            while started.elapsed() < time {
                version += 1;
                let sent = Instant::now();
                client.execute(&statement, &[&stream, &version, &"OrderFilled", &PAYLOAD]).await?;
                times_us.push(sent.elapsed().as_secs_f64() * 1e6);
            }
            anyhow::Ok(times_us)
        }));
    }
    gather(started, workers).await
}

async fn gather(
    started: Instant,
    workers: Vec<tokio::task::JoinHandle<anyhow::Result<Vec<f64>>>>,
) -> anyhow::Result<Measured> {
    let mut times_us = Vec::new();
    for worker in workers {
        times_us.extend(worker.await.context("a bench worker panicked")??);
    }
    Ok(measured(started, times_us))
}

/// One event of the bench's payload.
pub(super) fn fill() -> NewEvent {
    NewEvent {
        event_type: "BenchOrderFilled",
        schema_version: 1,
        codec: Codec::Json,
        payload: Bytes::from_static(PAYLOAD),
        occurred_at: None,
    }
}

pub(super) async fn appends(
    log: &Log,
    operator: &Client,
    callers: usize,
    time: Duration,
) -> anyhow::Result<Measured> {
    let (wal_before, before) = (wal::written_bytes(operator).await?, log.appender_stats());
    let round = Arc::<str>::from(CommandId::generate().to_string());
    let started = Instant::now();
    let mut workers = Vec::new();
    for index in 0..callers {
        let (log, round) = (log.clone(), round.clone());
        workers.push(tokio::spawn(async move {
            let stream = StreamName::new(Tenant::LOCAL, "bench", format_args!("{round}-{index}"));
            let mut tip = StreamTip::EMPTY;
            let mut times_us = Vec::new();
            while started.elapsed() < time {
                let sent = Instant::now();
                let append = Append::of_command(
                    stream.clone(),
                    Expected::Tip(tip),
                    CommandId::generate(),
                    vec![fill()],
                );
                tip = log.append(append, Lane::Orders).await?.tip;
                times_us.push(sent.elapsed().as_secs_f64() * 1e6);
            }
            anyhow::Ok(times_us)
        }));
    }
    let measured = gather(started, workers).await?;
    let events = measured.rate * started.elapsed().as_secs_f64();
    let wal_bytes = (wal::written_bytes(operator).await? - wal_before) / events.max(1.0);
    let after = log.appender_stats();
    let batches = after.batches.saturating_sub(before.batches).max(1);
    let per_batch = after.appends.saturating_sub(before.appends) as f64 / batches as f64;
    Ok(Measured { wal_bytes, per_batch, ..measured })
}
