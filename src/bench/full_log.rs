//! Appends to a log that remembers many streams and commands, against the same log while it was empty (EL-154).

use std::time::Duration;

use anyhow::Context;
use events::log::{Connector, Log, LogOptions};
use tokio_postgres::Client;

use super::append::{appends, bare_inserts, prepare_bare};
use super::report::{BenchReport, Machine, median};
use super::wal;

/// Callers of each measurement.
const CALLERS: usize = 256;
/// Connections of the bare inserts beside it.
const CONNECTIONS: usize = 32;
/// Remembered commands for each stream.
const COMMANDS_PER_STREAM: u32 = 2;
/// Rows that one statement makes.
const ROWS_AT_ONCE: u32 = 250_000;

/// Measures the rate of an empty log, fills it with `streams` streams and twice as many commands, and measures again.
/// Every rate is taken relative to bare inserts right before it, because the disk is another one after so many rows.
pub async fn full_log(
    connector: &Connector,
    streams: u32,
    seconds: f64,
    rounds: usize,
) -> anyhow::Result<BenchReport> {
    let log = Log::open(connector.clone(), LogOptions::default()).await?;
    let operator = connector.connect().await?;
    prepare_bare(&operator).await?;
    let time = Duration::from_secs_f64(seconds);
    let empty = rates(&log, connector, &operator, time, rounds).await?;
    fill(&operator, streams).await.context("filling the log")?;
    let full = rates(&log, connector, &operator, time, rounds).await?;
    let mut report = BenchReport::new("full-log", Machine::examine());
    report.note(format!(
        "rates of {CALLERS} callers; the full log has {streams} streams more and {COMMANDS_PER_STREAM} remembered commands \
         of each, in the index where new ones go"
    ));
    for (state, rates) in [("empty", &empty), ("full", &full)] {
        report.figure(format!("{state}_append_per_second"), rates.append);
        report.figure(format!("{state}_rate_vs_insert"), rates.relative);
    }
    report.ratio("full_vs_empty", full.append / empty.append);
    report.ratio("full_vs_empty_relative_to_insert", full.relative / empty.relative);
    Ok(report)
}

struct Rates {
    append: f64,
    relative: f64,
}

async fn rates(
    log: &Log,
    connector: &Connector,
    operator: &Client,
    time: Duration,
    rounds: usize,
) -> anyhow::Result<Rates> {
    let (mut append, mut relative) = (Vec::new(), Vec::new());
    for _ in 0..rounds.max(1) {
        wal::warm(operator).await?;
        let bare = bare_inserts(connector, CONNECTIONS, time).await?.rate;
        let ours = appends(log, operator, CALLERS, time).await?.rate;
        append.push(ours);
        relative.push(ours / bare);
    }
    Ok(Rates { append: median(&mut append), relative: median(&mut relative) })
}

/// Streams under random names, and commands whose ids were made at random times of this month.
async fn fill(operator: &Client, streams: u32) -> Result<(), tokio_postgres::Error> {
    let mut made = 0;
    while made < streams {
        let rows = ROWS_AT_ONCE.min(streams - made);
        operator
            .execute(
                "with made as (
                     insert into streams (tenant, category, stream_id, version, chain_hash)
                     select 1, 'full', gen_random_uuid()::text, 1, sha256(n::text::bytea) from generate_series(1, $1::bigint) n
                     returning stream_no
                 )
                 insert into commands (command_id, stream_no, outcome, from_version, to_version, first_seq, recorded_at)
                 select (lpad(to_hex((extract(epoch from m.start) * 1000
                             + random() * extract(epoch from clock_timestamp() - m.start) * 1000)::bigint), 12, '0')
                         || '7' || substr(md5(random()::text), 1, 3) || '8' || substr(md5(random()::text), 1, 15))::uuid,
                        s.stream_no, 0, 1, 1, 1, clock_timestamp()
                 from made s
                 cross join generate_series(1, $2::bigint) n
                 cross join (select date_trunc('month', clock_timestamp(), 'UTC') as start) m",
                &[&i64::from(rows), &i64::from(COMMANDS_PER_STREAM)],
            )
            .await?;
        made += rows;
    }
    operator.batch_execute("vacuum analyze streams; vacuum analyze commands; checkpoint").await
}
