//! Durable single-event commands on distinct streams, against the same bytes written by bare inserts (EL-150…152).

use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::Context;
use bytes::Bytes;
use events::codec::Codec;
use events::log::{Append, Connector, Expected, Lane, Log, LogOptions, NewEvent};
use events::{CommandId, StreamName, StreamTip, Tenant};

use super::report::{BenchReport, Machine, median, percentile};

/// How long and how often to measure.
#[derive(Debug, Clone, Copy)]
pub struct AppendBench {
    /// Length of one measurement.
    pub seconds: f64,
    /// Measurements of each kind, interleaved; the median counts.
    pub rounds: usize,
    /// Connections that append.
    pub appenders: usize,
}

/// A fill as a run records it: about 170 bytes of JSON.
const PAYLOAD: &[u8] = br#"{"bar":4711,"record":1287,"order":"0198c5a2-7e11-7cc3-98c4-dc0c0c07398f","side":"buy","symbol":"NVDA","quantity":"20","price":"208.0999","fee":"0","cash_after":"5838.002"}"#;

const CALLERS: [usize; 4] = [1, 32, 256, 1_024];

#[derive(Debug, Default, Clone)]
struct Measured {
    rate: f64,
    p50_us: f64,
    p99_us: f64,
}

/// Measures appends at 1, 32, 256 and 1,024 callers and bare inserts over 1 and 32 connections, interleaved.
pub async fn append(connector: &Connector, bench: AppendBench) -> anyhow::Result<BenchReport> {
    let options = LogOptions { appenders: bench.appenders, ..LogOptions::default() };
    let log = Log::open(connector.clone(), options).await?;
    prepare_bare(connector).await?;
    let time = Duration::from_secs_f64(bench.seconds);
    let mut bare = vec![Vec::new(); 2];
    let mut ours = vec![Vec::new(); CALLERS.len()];
    for _ in 0..bench.rounds {
        for (slot, connections) in bare.iter_mut().zip([1, 32]) {
            slot.push(bare_inserts(connector, connections, time).await?);
        }
        for (slot, callers) in ours.iter_mut().zip(CALLERS) {
            slot.push(appends(&log, callers, time).await?);
        }
    }
    let mut report = BenchReport::new("append", Machine::examine());
    let [bare_1, bare_32] = [0, 1].map(|index| middle(bare.get(index).map_or(&[], Vec::as_slice)));
    for (name, measured) in [("insert_1", &bare_1), ("insert_32", &bare_32)] {
        add(&mut report, name, measured);
    }
    for (callers, rounds) in CALLERS.iter().zip(&ours) {
        let measured = middle(rounds);
        add(&mut report, &format!("append_{callers}"), &measured);
        match callers {
            1 => report.ratio("p50_1_vs_insert", measured.p50_us / bare_1.p50_us),
            callers => report.ratio(format!("rate_{callers}"), measured.rate / bare_32.rate),
        }
        if *callers == 256 {
            report.ratio("p99_vs_p50_256", measured.p99_us / measured.p50_us);
        }
    }
    Ok(report)
}

fn add(report: &mut BenchReport, name: &str, measured: &Measured) {
    report.figure(format!("{name}_per_second"), measured.rate);
    report.figure(format!("{name}_p50_us"), measured.p50_us);
    report.figure(format!("{name}_p99_us"), measured.p99_us);
}

fn middle(rounds: &[Measured]) -> Measured {
    let of = |get: fn(&Measured) -> f64| median(&mut rounds.iter().map(get).collect::<Vec<_>>());
    Measured { rate: of(|m| m.rate), p50_us: of(|m| m.p50_us), p99_us: of(|m| m.p99_us) }
}

fn measured(started: Instant, mut times_us: Vec<f64>) -> Measured {
    let rate = times_us.len() as f64 / started.elapsed().as_secs_f64();
    Measured { rate, p50_us: percentile(&mut times_us, 0.5), p99_us: percentile(&mut times_us, 0.99) }
}

async fn prepare_bare(connector: &Connector) -> anyhow::Result<()> {
    let client = connector.connect().await?;
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

async fn bare_inserts(connector: &Connector, connections: usize, time: Duration) -> anyhow::Result<Measured> {
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

async fn appends(log: &Log, callers: usize, time: Duration) -> anyhow::Result<Measured> {
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
    gather(started, workers).await
}
