//! Folding a million stored events into their types, against decoding the same columns from a binary COPY (EL-156).

use std::pin::pin;
use std::time::Instant;

use anyhow::ensure;
use bytes::Bytes;
use events::codec::Codec;
use events::log::{Append, Asked, Expected, History, IMPORT_EVENTS_MAX, Lane, Log, NewEvent};
use events::run::RunEvent;
use events::{Aggregate, CommandId, Event, Position, StreamName, StreamTip, Tenant};
use futures_util::TryStreamExt;
use tokio_postgres::binary_copy::BinaryCopyOutStream;
use tokio_postgres::types::Type;

use super::counter::{Added, BenchCounterEvent, Counter};
use super::report::{BenchReport, Machine, median};

const EVENTS: usize = 1_000_000;
const EVENTS_PER_STREAM: usize = 10_000;
const EVENTS_PER_APPEND: usize = 1_000;

/// A fill as a run records it.
const FILL: &str = r#"{"bar":4711,"bar_start_s":1609459200,"trading_date":"2021-01-01","record":1287,"order_id":12,"side":"buy","symbol":"NVDA","quantity":"20","price":"208.0999","reference_price":"208.0999","price_rule":"open","fee":"0","cash":"5838.002","position":"20","realised_pnl":"0"}"#;

/// Measures replays and copies of a million events, interleaved; then loading one aggregate behind its snapshot.
pub async fn replay(log: &Log, rounds: usize) -> anyhow::Result<BenchReport> {
    let after = log.head().await?;
    let (streams, import) = fill_log(log).await?;
    let (mut replays, mut copies, mut raws, mut checks) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for _ in 0..rounds.max(1) {
        copies.push(copy_out(log, after).await?);
        replays.push(replay_once(log, after).await?);
        raws.push(replay_raw(log, after).await?);
        checks.push(verify(log, &streams).await?);
    }
    let (replayed, copied) = (median(&mut replays), median(&mut copies));
    let (raw, checked) = (median(&mut raws), median(&mut checks));
    let mut report = BenchReport::new("replay", Machine::examine());
    report.figure("replay_per_second", EVENTS as f64 / replayed);
    report.figure("copy_out_per_second", EVENTS as f64 / copied);
    report.figure("replay_raw_per_second", EVENTS as f64 / raw);
    report.figure("verify_per_second", EVENTS as f64 / checked);
    report.figure("import_per_second", EVENTS as f64 / import);
    report.ratio("vs_copy_out", copied / replayed);
    report.ratio("verify_vs_replay_raw", raw / checked);
    cold_load(log, &mut report).await?;
    Ok(report)
}

/// Imports a million events; answers with their streams and the seconds it took.
async fn fill_log(log: &Log) -> anyhow::Result<(Vec<StreamName>, f64)> {
    let event = NewEvent {
        event_type: "OrderFilled",
        schema_version: 1,
        codec: Codec::Json,
        payload: Bytes::from_static(FILL.as_bytes()),
        occurred_at: None,
    };
    // Proof that what is measured can be decoded.
    ensure!(events::codec::decode::<RunEvent>("OrderFilled", 1, FILL.as_bytes())?.len() == 1, "not a fill");
    let asked = || Asked::new(CommandId::generate(), EVENTS_PER_APPEND);
    let history = || History {
        stream: StreamName::new(Tenant::LOCAL, "benchrun", CommandId::generate()),
        asked: std::iter::repeat_with(asked).take(EVENTS_PER_STREAM / EVENTS_PER_APPEND).collect(),
        events: vec![event.clone(); EVENTS_PER_STREAM],
    };
    let mut streams = Vec::new();
    let started = Instant::now();
    for _ in 0..EVENTS / IMPORT_EVENTS_MAX {
        let histories = std::iter::repeat_with(history).take(IMPORT_EVENTS_MAX / EVENTS_PER_STREAM);
        let histories: Vec<_> = histories.collect();
        streams.extend(histories.iter().map(|history| history.stream.clone()));
        log.import(histories).await?;
    }
    Ok((streams, started.elapsed().as_secs_f64()))
}

async fn replay_once(log: &Log, after: Position) -> anyhow::Result<f64> {
    let started = Instant::now();
    let mut fills = 0_usize;
    log.replay(after, |recorded| {
        fills += recorded.decode::<RunEvent>().map_or(0, |decoded| decoded.len());
        Ok(())
    })
    .await?;
    ensure!(fills == EVENTS, "{fills} of {EVENTS} events were decoded");
    Ok(started.elapsed().as_secs_f64())
}

/// The same events, not decoded.
async fn replay_raw(log: &Log, after: Position) -> anyhow::Result<f64> {
    let started = Instant::now();
    log.replay(after, |recorded| {
        std::hint::black_box(recorded);
        Ok(())
    })
    .await?;
    Ok(started.elapsed().as_secs_f64())
}

/// Recomputes the hashes of a part of the streams; answers with the seconds for all of them.
async fn verify(log: &Log, streams: &[StreamName]) -> anyhow::Result<f64> {
    const PART: usize = 10;
    let started = Instant::now();
    for stream in streams.iter().step_by(PART) {
        let verified = log.verify_stream(stream).await?;
        ensure!(verified.events == EVENTS_PER_STREAM as u64, "{stream} was not verified to its end");
    }
    Ok(started.elapsed().as_secs_f64() * PART as f64)
}

/// The same columns by COPY, each payload decoded into its type.
async fn copy_out(log: &Log, after: Position) -> anyhow::Result<f64> {
    const TYPES: [Type; 14] = [
        Type::INT8,
        Type::INT8,
        Type::INT8,
        Type::TIMESTAMPTZ,
        Type::TIMESTAMPTZ,
        Type::UUID,
        Type::UUID,
        Type::INT8,
        Type::INT4,
        Type::INT2,
        Type::INT2,
        Type::BYTEA,
        Type::BYTEA,
        Type::BYTEA,
    ];
    let client = log.connector().connect().await?;
    let statement = format!(
        "copy (select global_seq, stream_no, version, recorded_at, occurred_at, command_id, correlation_id, \
         causation_seq, type_id, schema_version, codec, event_hash, meta, payload from events \
         where global_seq > {after} order by global_seq) to stdout (format binary)"
    );
    let started = Instant::now();
    let mut rows = pin!(BinaryCopyOutStream::new(client.copy_out(&statement).await?, &TYPES));
    let mut fills = 0_usize;
    while let Some(row) = rows.try_next().await? {
        let recorded: (i64, i64, i64, jiff::Timestamp, uuid::Uuid, &[u8]) =
            (row.get(0), row.get(1), row.get(2), row.get(3), row.get(5), row.get(11));
        std::hint::black_box(recorded);
        let event = RunEvent::from_json("OrderFilled", 1, row.get(13));
        fills += usize::from(event.is_some_and(|event| event.is_ok()));
    }
    ensure!(fills == EVENTS, "{fills} of {EVENTS} rows were decoded");
    Ok(started.elapsed().as_secs_f64())
}

/// One aggregate of 10,000 events behind its snapshot, against the bare round trip of `select 1`.
async fn cold_load(log: &Log, report: &mut BenchReport) -> anyhow::Result<()> {
    const LOADS: usize = 500;
    let stream = StreamName::new(Tenant::LOCAL, "benchcounter", CommandId::generate());
    let event = NewEvent::encode(&BenchCounterEvent::BenchCounterAdded(Added { amount: 1 }))?;
    let mut tip = StreamTip::EMPTY;
    let mut last = Position::START;
    for _ in 0..10 {
        let events = vec![event.clone(); EVENTS_PER_APPEND];
        let append = Append::of_command(stream.clone(), Expected::Tip(tip), CommandId::generate(), events);
        let committed = log.append(append, Lane::Batch).await?;
        (tip, last) = (committed.tip, committed.last);
    }
    let loaded = log.load_afresh::<Aggregate<Counter>>(&stream).await?;
    log.save_snapshot(&stream, tip, last, &loaded.state).await?;
    let (mut loads, mut trips) = (Vec::new(), Vec::new());
    let client = log.connector().connect().await?;
    let select = client.prepare("select 1").await?;
    for _ in 0..LOADS {
        let started = Instant::now();
        let loaded = log.load::<Aggregate<Counter>>(&stream).await?;
        loads.push(started.elapsed().as_secs_f64() * 1e6);
        ensure!(loaded.folded == 0 && loaded.state.total == 10_000, "the snapshot was not used");
        let started = Instant::now();
        client.query_one(&select, &[]).await?;
        trips.push(started.elapsed().as_secs_f64() * 1e6);
    }
    let (load, trip) = (median(&mut loads), median(&mut trips));
    report.figure("cold_load_us", load);
    report.figure("round_trip_us", trip);
    report.ratio("cold_load_vs_round_trip", load / trip);
    Ok(())
}
