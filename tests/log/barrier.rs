//! What the flush barrier promises: nobody is told of an event that a crash can still lose.

use std::time::Duration;

use events::log::{Append, Committed, Connector, Expected, Filter, Lane, Log, LogOptions, Pending, migrate};
use events::{Position, StreamTip, Tenant};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use tapedeck::embedded::{Postgres, PostgresOptions};
use tokio::task::JoinHandle;
use tokio_postgres::{Client, Row};

use super::build::{one, put, stream};
use super::concurrency::until_waiting_for_a_lock;
use crate::support::services::test_config;
use crate::support::tape::{fresh_tape, open};
use crate::support::waiting::until;

/// The statement of a barrier, as Postgres shows it.
const BARRIER: &str = "query like '%pg_logical_emit_message%' and pid <> pg_backend_pid()";

async fn pids(client: &Client, which: &str) -> Vec<Pid> {
    let query = format!("select pid from pg_stat_activity where pid is not null and {which}");
    let rows: Vec<Row> = client.query(&query, &[]).await.unwrap();
    rows.iter().map(|row| Pid::from_raw(row.get(0))).collect()
}

/// Appends one event to each of `count` new streams, so that all but the first share a batch, and calls `gathered` while
/// the first waits for the head and the others for the first.
async fn append_together(
    log: &Log,
    hint: &str,
    count: usize,
    gathered: impl AsyncFnOnce(),
) -> Vec<JoinHandle<Committed>> {
    let blocker = log.connector().connect().await.unwrap();
    blocker.batch_execute("begin; select * from log_head for update").await.unwrap();
    let send = |index: usize| {
        let append: Append = one(&stream(&format!("{hint}-{index}")), Expected::NoStream);
        let (log, pending) = (log.clone(), Pending::chain(append, StreamTip::EMPTY).unwrap());
        tokio::spawn(async move { log.append_chained(pending, Lane::Orders).await.unwrap() })
    };
    let mut sent = vec![send(0)];
    until_waiting_for_a_lock(&blocker).await;
    sent.extend((1..count).map(send));
    until("all wait", || log.appender_stats().queued == count - 1).await;
    gathered().await;
    blocker.batch_execute("rollback").await.unwrap();
    sent
}

async fn visible(client: &Client) -> i64 {
    client.query_one("select coalesce(max(global_seq), 0) from events", &[]).await.unwrap().get(0)
}

async fn until_visible(client: &Client, position: i64) {
    let deadline = tokio::time::Instant::now() + Duration::from_secs(60);
    while visible(client).await < position {
        assert!(tokio::time::Instant::now() < deadline, "position {position} never became visible");
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}

/// EL-27, EL-28a: the server is killed after the commit of a batch and before its barrier. What was answered is there;
/// what was not is lost, and then written once, because the appender asks before it sends again.
#[tokio::test(flavor = "multi_thread")]
async fn a_crash_between_commit_and_barrier_loses_only_what_was_not_answered() {
    const TOGETHER: usize = 20;
    let options = PostgresOptions::of(&test_config("barrier"));
    let postgres = Postgres::start(&options).await.unwrap();
    let connector = Connector::from_config(postgres.config());
    let mut operator = connector.connect().await.unwrap();
    migrate(&mut operator).await.unwrap();
    // Nobody else may flush in the time between commit and kill.
    operator.batch_execute("alter system set wal_writer_delay = '10s'").await.unwrap();
    operator.batch_execute("alter system set wal_writer_flush_after = '64MB'").await.unwrap();
    operator.batch_execute("select pg_reload_conf()").await.unwrap();
    let log = Log::open(connector.clone(), LogOptions::default()).await.unwrap();
    let mut answered = 0;
    for committed in append_together(&log, "before", TOGETHER, async || ()).await {
        answered = answered.max(committed.await.unwrap().last.0);
    }
    assert_eq!(answered, TOGETHER as i64);

    let barriers = pids(&operator, BARRIER).await;
    assert!(!barriers.is_empty());
    // The lone first append is made durable over the connection of the barriers, so that is stopped after it: while the
    // batch of the others waits for somebody who makes one of its streams and then does not.
    let rival = connector.connect().await.unwrap();
    let mut unanswered = append_together(&log, "during", TOGETHER, async || {
        let tenant = Tenant::LOCAL.0;
        let insert = format!(
            "begin; insert into streams (tenant, category, stream_id, version, chain_hash) \
             values ({tenant}, 'test', 'during-1', 1, '')"
        );
        rival.batch_execute(&insert).await.unwrap();
    })
    .await;
    let lone = unanswered.remove(0).await.unwrap().last.0;
    assert_eq!(lone, answered + 1);
    until_waiting_for_a_lock(&operator).await;
    for barrier in &barriers {
        kill(*barrier, Signal::SIGSTOP).unwrap();
    }
    rival.batch_execute("rollback").await.unwrap();
    until_visible(&operator, 2 * TOGETHER as i64).await;
    assert!(!unanswered.iter().any(JoinHandle::is_finished), "somebody was answered before the barrier");
    assert_eq!(log.known_head().0, lone, "the durable head waits for the barrier");

    let everyone = pids(&operator, "true").await;
    kill(Pid::from_raw(postgres.pid().unwrap().cast_signed()), Signal::SIGKILL).unwrap();
    for backend in everyone {
        // It may have followed its postmaster already.
        let _ = kill(backend, Signal::SIGKILL);
    }
    until("the postmaster is dead", || postgres.pid().is_none()).await;
    assert!(postgres.ensure_running().await.unwrap(), "it was dead and runs again");
    let mut positions: Vec<i64> = Vec::new();
    for append in unanswered {
        positions.push(append.await.unwrap().first.0);
    }
    positions.sort_unstable();
    let expected: Vec<i64> = (lone + 1..=answered + TOGETHER as i64).collect();
    assert_eq!(positions, expected, "each was answered once, and each has a place of its own");
    let page = log.read(Position(0), 1_000, &Filter::all()).await.unwrap();
    assert_eq!(page.events.len(), 2 * TOGETHER);
    for name in log.streams().await.unwrap() {
        assert_eq!(log.verify_stream(&name).await.unwrap().fault, None, "{name}");
    }
    drop(log);
    postgres.stop().await.unwrap();
}

/// EL-28a: while a barrier is on its way, no reader of this or another process is told of the events behind it.
#[tokio::test(flavor = "multi_thread")]
async fn readers_are_told_of_nothing_that_is_not_durable() {
    let tape = fresh_tape().await;
    let log = open(&tape).await;
    let operator = tape.connect().await.unwrap();
    put(&log, &stream("first"), 1).await;
    // A transaction that is visible and has not flushed, as the batches of another appender are.
    operator
        .batch_execute(
            "set synchronous_commit = off;
             with h as (update log_head set last_seq = last_seq + 1 returning last_seq)
             insert into events (global_seq, stream_no, version, recorded_at, command_id, type_id, schema_version, codec, event_hash, payload)
             select h.last_seq, e.stream_no, 2, e.recorded_at, gen_random_uuid(), e.type_id, 1, 0, e.event_hash, e.payload
             from events e, h where e.global_seq = 1",
        )
        .await
        .unwrap();
    let flushed = "select pg_current_wal_flush_lsn() >= $1::text::pg_lsn";
    let written: String =
        operator.query_one("select pg_current_wal_insert_lsn()::text", &[]).await.unwrap().get(0);
    assert_eq!(log.known_head(), Position(1));
    assert_eq!(log.head().await.unwrap(), Position(2));
    assert!(
        operator.query_one(flushed, &[&written]).await.unwrap().get::<_, bool>(0),
        "the reader made a barrier"
    );
}

/// EL-28a: nor is anyone told of the end of a stream before it is durable.
#[tokio::test(flavor = "multi_thread")]
async fn the_end_of_a_stream_is_told_once_it_is_durable() {
    let tape = fresh_tape().await;
    let log = open(&tape).await;
    let operator = tape.connect().await.unwrap();
    put(&log, &stream("first"), 1).await;
    operator
        .batch_execute(
            "set synchronous_commit = off;
             with h as (update log_head set last_seq = last_seq + 1)
             update streams set version = 2",
        )
        .await
        .unwrap();
    let written: String =
        operator.query_one("select pg_current_wal_insert_lsn()::text", &[]).await.unwrap().get(0);
    assert_eq!(log.known_head(), Position(1));
    assert_eq!(log.tip(&stream("first")).await.unwrap().version.0, 2);
    let flushed = "select pg_current_wal_flush_lsn() >= $1::text::pg_lsn";
    let flushed = operator.query_one(flushed, &[&written]).await.unwrap();
    assert!(flushed.get::<_, bool>(0), "the reader made a barrier");
}
