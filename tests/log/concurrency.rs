//! Lost connections, racing processes, stopped servers.

use std::time::Duration;

use events::log::{AppendError, Expected, Lane};
use events::{Position, Version};
use tokio_postgres::Client;

use super::build::{one, put, stream};
use crate::support::tape::{fresh_log, fresh_tape, open};
use crate::support::waiting::until;

/// Waits until some backend of this database waits for a lock.
pub async fn until_waiting_for_a_lock(client: &Client) {
    let waiting = "select count(*) from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'";
    let deadline = tokio::time::Instant::now() + Duration::from_secs(60);
    while client.query_one(waiting, &[]).await.unwrap().get::<_, i64>(0) == 0 {
        assert!(tokio::time::Instant::now() < deadline, "nobody waits for a lock");
        tokio::time::sleep(Duration::from_millis(2)).await;
        // Within a transaction, Postgres shows the same picture again and again.
        client.execute("select pg_stat_clear_snapshot()", &[]).await.unwrap();
    }
}

async fn end_other_backends(client: &Client) -> i64 {
    let query = "select count(pg_terminate_backend(pid)) from pg_stat_activity
                 where datname = current_database() and pid <> pg_backend_pid()";
    client.query_one(query, &[]).await.unwrap().get(0)
}

/// EL-27: connections die in flight again and again; what was acknowledged is there once, and nothing else.
#[tokio::test(flavor = "multi_thread")]
async fn lost_connections_lose_and_double_nothing() {
    const WRITERS: usize = 8;
    const APPENDS: usize = 60;
    let log = fresh_log().await;
    let operator = log.connector().connect().await.unwrap();
    let writers: Vec<_> = (0..WRITERS)
        .map(|writer| {
            let log = log.clone();
            tokio::spawn(async move {
                let name = stream(&format!("writer-{writer}"));
                let mut acknowledged = Vec::new();
                while acknowledged.len() < APPENDS {
                    match log.append(one(&name, Expected::Any), Lane::Orders).await {
                        Ok(committed) => acknowledged.push(committed.first),
                        Err(AppendError::Unavailable { .. }) => {}
                        Err(other) => panic!("{other:?}"),
                    }
                }
                acknowledged
            })
        })
        .collect();
    let mut ended = 0;
    while !writers.iter().all(tokio::task::JoinHandle::is_finished) {
        ended += end_other_backends(&operator).await;
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert!(ended > 0, "no connection was ended: the test tested nothing");
    let mut acknowledged = Vec::new();
    for writer in writers {
        acknowledged.extend(writer.await.unwrap());
    }
    acknowledged.sort_unstable();
    let all: Vec<_> = (1..=(WRITERS * APPENDS) as i64).map(Position).collect();
    assert_eq!(acknowledged, all);
    assert_eq!(log.head().await.unwrap(), Position((WRITERS * APPENDS) as i64));
}

/// EL-34: two processes race for one stream; versions stay gapless and every loser is told.
#[tokio::test(flavor = "multi_thread")]
async fn two_processes_racing_for_a_stream_leave_no_gap() {
    let tape = fresh_tape().await;
    let logs = [open(&tape).await, open(&tape).await];
    let name = stream("contested");
    let racers: Vec<_> = (0..8)
        .map(|racer| {
            let (log, name) = (logs[racer % 2].clone(), name.clone());
            tokio::spawn(async move {
                for _ in 0..20 {
                    loop {
                        match log.append(one(&name, Expected::Any), Lane::Orders).await {
                            Ok(_) => break,
                            Err(AppendError::Conflict { .. }) => {}
                            Err(other) => panic!("{other:?}"),
                        }
                    }
                }
            })
        })
        .collect();
    for racer in racers {
        racer.await.unwrap();
    }
    let events = logs[0].read_stream(&name, Version(0), 1_000).await.unwrap();
    assert_eq!(events.iter().map(|event| event.version.0).collect::<Vec<_>>(), (1..=160).collect::<Vec<_>>());
    assert_eq!(logs[0].verify_stream(&name).await.unwrap().fault, None);
}

/// EL-12: an appender's session gives up rather than hold the order of everyone.
#[tokio::test(flavor = "multi_thread")]
async fn an_appender_waits_two_seconds_for_a_lock_at_most() {
    let log = fresh_log().await;
    let session = log.connector().connect_appender().await.unwrap();
    for (setting, value) in
        [("statement_timeout", "5s"), ("lock_timeout", "2s"), ("idle_in_transaction_session_timeout", "5s")]
    {
        let shown: String = session.query_one(&format!("show {setting}"), &[]).await.unwrap().get(0);
        assert_eq!(shown, value, "{setting}");
    }
    let blocker = log.connector().connect().await.unwrap();
    blocker.batch_execute("begin; select * from log_head for update").await.unwrap();
    let refused = log.append(one(&stream("late"), Expected::Any), Lane::Orders).await;
    assert!(matches!(refused, Err(AppendError::Unavailable { .. })), "{refused:?}");
    blocker.batch_execute("rollback").await.unwrap();
    assert_eq!(
        put(&log, &stream("late"), 1).await.first,
        Position(1),
        "the refused append burned no position"
    );
}

/// EL-40, EL-42: another process's appends wake a subscriber; without any hint polling finds them.
#[tokio::test(flavor = "multi_thread")]
async fn a_subscriber_is_woken_by_other_processes_and_finds_what_brought_no_hint() {
    let tape = fresh_tape().await;
    let (here, there) = (open(&tape).await, open(&tape).await);
    let mut following = here.subscribe(Position::START, events::log::Filter::all(), 100);
    put(&there, &stream("hinted"), 1).await;
    assert_eq!(following.next().await.unwrap().events.len(), 1);
    until("the hint of the other process arrived", || here.known_head() == Position(1)).await;

    // Written by hand, without a NOTIFY.
    let client = tape.connect().await.unwrap();
    client
        .batch_execute(
            "with h as (update log_head set last_seq = last_seq + 1 returning last_seq)
             insert into events (global_seq, stream_no, version, recorded_at, command_id, type_id, schema_version, codec, event_hash, payload)
             select h.last_seq, e.stream_no, 2, e.recorded_at, gen_random_uuid(), e.type_id, 1, 0, e.event_hash, e.payload
             from events e, h where e.global_seq = 1",
        )
        .await
        .unwrap();
    let found =
        tokio::time::timeout(Duration::from_secs(5), following.next()).await.expect("polling finds it");
    assert_eq!(found.unwrap().events[0].position, Position(2));
}
