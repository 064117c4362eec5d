//! One order without holes, whatever writers do.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use events::log::{Expected, Filter, Lane, Member, Pending};
use events::{Position, StreamTip};

use super::build::{note, one, put, stream};
use crate::support::tape::{fresh_tape, open};

/// EL-10, EL-11, EL-14: with four processes appending, rolling back and being cut off, no reader ever sees a hole or a
/// position below one it has seen.
#[tokio::test(flavor = "multi_thread")]
async fn no_reader_sees_a_hole_while_writers_append_and_roll_back() {
    let tape = fresh_tape().await;
    let logs = [open(&tape).await, open(&tape).await, open(&tape).await, open(&tape).await];
    let done = Arc::new(AtomicBool::new(false));
    let readers: Vec<_> = (0..4)
        .map(|_| {
            let (tape, done) = (tape.clone(), done.clone());
            tokio::spawn(async move {
                let client = tape.connect().await.unwrap();
                let (mut seen, mut looks) = (0_i64, 0);
                while !done.load(Ordering::Relaxed) {
                    let row = client
                        .query_one("select count(*), coalesce(max(global_seq), 0), coalesce(min(global_seq), 1) from events", &[])
                        .await
                        .unwrap();
                    let (count, max, min): (i64, i64, i64) = (row.get(0), row.get(1), row.get(2));
                    assert_eq!((count, min), (max, 1), "a hole is visible");
                    assert!(max >= seen, "the head moved back from {seen} to {max}");
                    seen = max;
                    looks += 1;
                }
                looks
            })
        })
        .collect();
    let writers: Vec<_> = (0..16)
        .map(|writer| {
            let log = logs[writer % 4].clone();
            tokio::spawn(async move {
                for turn in 0..25 {
                    let name = stream(&format!("{writer}-{turn}"));
                    put(&log, &name, 1 + turn % 3).await;
                    if turn % 3 == 0 {
                        // Wins its first member and loses the second: all of it is rolled back after it was numbered.
                        let write = |key: &str| {
                            let append = one(&stream(key), Expected::NoStream);
                            Member::Write(Pending::chain(append, StreamTip::EMPTY).unwrap())
                        };
                        let lost =
                            [write(&format!("lost-{writer}-{turn}")), write(&format!("{writer}-{turn}"))];
                        log.append_atomically(&lost).await.unwrap_err();
                    }
                }
            })
        })
        .collect();
    for writer in writers {
        writer.await.unwrap();
    }
    done.store(true, Ordering::Relaxed);
    for reader in readers {
        assert!(reader.await.unwrap() > 10, "a reader hardly looked");
    }
    let expected: i64 = 16 * (0..25).map(|turn| 1 + turn % 3).sum::<i64>();
    assert_eq!(logs[0].head().await.unwrap(), Position(expected));
}

/// EL-5: recorded times never decrease along positions, even when the clock is set back.
#[tokio::test(flavor = "multi_thread")]
async fn recorded_times_never_decrease() {
    let tape = fresh_tape().await;
    let log = open(&tape).await;
    let client = tape.connect().await.unwrap();
    client
        .batch_execute("update log_head set last_at = clock_timestamp() + interval '1 hour'")
        .await
        .unwrap();
    let ahead = put(&log, &stream("a"), 1).await.at;
    let later = put(&log, &stream("b"), 1).await.at;
    assert!(later >= ahead && ahead > events::time::now());
}

/// EL-3: nobody updates, deletes or truncates events, the owner of the table included.
#[tokio::test(flavor = "multi_thread")]
async fn events_are_insert_only() {
    let tape = fresh_tape().await;
    put(&open(&tape).await, &stream("kept"), 1).await;
    let owner = tape.connect().await.unwrap();
    for change in [
        "update events set payload = ''",
        "delete from events",
        "truncate events",
        "update events_0000 set version = 2",
        "delete from events_0000",
        "truncate events_0000",
    ] {
        let refused = owner.batch_execute(change).await.expect_err(change);
        assert_eq!(refused.code().unwrap().code(), "42501", "{change}: {refused}");
    }
    owner.batch_execute("set role tapedeck_app").await.unwrap();
    for change in [
        "delete from streams",
        "delete from log_head",
        "update event_types set name = 'x'",
        "update events set version = 2",
    ] {
        let refused = owner.batch_execute(change).await.expect_err(change);
        assert_eq!(refused.code().unwrap().code(), "42501", "{change}: {refused}");
    }
}

/// EL-22a: no statement of the append reads a growing table from end to end, on an empty log or a full one.
#[tokio::test(flavor = "multi_thread")]
async fn the_append_never_scans_a_growing_table() {
    let tape = fresh_tape().await;
    let log = open(&tape).await;
    for filled in [false, true] {
        if filled {
            for turn in 0..20 {
                let events = (0..100).map(|_| note("filler")).collect();
                let name = stream(&format!("filler-{turn}"));
                let command = events::CommandId::generate();
                let append = events::log::Append::of_command(name, Expected::NoStream, command, events);
                log.append(append, Lane::Batch).await.unwrap();
            }
            tape.connect().await.unwrap().batch_execute("analyze").await.unwrap();
        }
        let session = tape.connect_appender().await.unwrap();
        for (name, sql, parameters) in [
            ("many", include_str!("../../events/src/log/sql/append.sql"), 28),
            ("one", include_str!("../../events/src/log/sql/append_one.sql"), 24),
            ("next", include_str!("../../events/src/log/sql/append_next.sql"), 15),
        ] {
            session.batch_execute(&format!("prepare {name} as {sql}")).await.unwrap();
            let nulls = vec!["null"; parameters].join(", ");
            let rows = session.query(&format!("explain execute {name}({nulls})"), &[]).await.unwrap();
            let plan = rows.iter().map(|row| row.get::<_, &str>(0)).collect::<Vec<_>>().join("\n");
            assert!(plan.contains("Index"), "{plan}");
            assert!(!plan.contains("Seq Scan"), "filled {filled}: {name} scans a table\n{plan}");
            // An index read from end to end is a scan as well.
            let scans = plan.matches("Index Scan").count() + plan.matches("Index Only Scan").count();
            assert_eq!(
                scans,
                plan.matches("Index Cond").count(),
                "filled {filled}: {name} probes no key\n{plan}"
            );
        }
    }
}

/// EL-16, EL-1: positions are 64 bits wide and an event is found by its position across partitions.
#[tokio::test(flavor = "multi_thread")]
async fn the_log_goes_on_beyond_its_first_partitions() {
    let tape = fresh_tape().await;
    let client = tape.connect().await.unwrap();
    // Beyond the partitions that migrating made.
    client.batch_execute("update log_head set last_seq = 99999998").await.unwrap();
    let log = open(&tape).await;
    let committed = put(&log, &stream("far"), 3).await;
    assert_eq!((committed.first.0, committed.last.0), (99_999_999, 100_000_001));
    let page = log.read(Position(99_999_998), 10, &Filter::stream(stream("far"))).await.unwrap();
    assert_eq!(page.events.len(), 3);
}
