//! What holds up the log is seen, and so is a schema that is not the expected one.

use events::log::{DatabaseHealth, migrate, migration_state};

use crate::support::tape::fresh_tape;

/// EL-13.
#[tokio::test]
async fn a_snapshot_that_is_held_is_seen_with_its_age() {
    let tape = fresh_tape().await;
    let (client, holder) = (tape.connect().await.unwrap(), tape.connect().await.unwrap());
    assert_eq!(DatabaseHealth::look(&client).await.unwrap().prepared, 0);
    holder.batch_execute("begin isolation level repeatable read; select * from log_head").await.unwrap();
    let young = DatabaseHealth::look(&client).await.unwrap().oldest_snapshot_s;
    let older = DatabaseHealth::look(&client).await.unwrap().oldest_snapshot_s;
    assert!(young > 0.0 && older > young, "{young} s, then {older} s");
    holder.batch_execute("rollback").await.unwrap();
}

/// EL-7: forward only, one at a time, and a schema that is not the expected one is told.
#[tokio::test(flavor = "multi_thread")]
async fn migrations_run_once_and_differences_are_named() {
    let tape = fresh_tape().await;
    let client = tape.connect().await.unwrap();
    client.batch_execute("drop schema public cascade; create schema public").await.unwrap();
    let (mut one, mut other) = (tape.connect().await.unwrap(), tape.connect().await.unwrap());
    let before = migration_state(&mut one).await.unwrap();
    let (first, second) = tokio::join!(migrate(&mut one), migrate(&mut other));
    let (first, second) = (first.unwrap(), second.unwrap());
    assert_eq!([&first[..], &second[..]].concat(), before.missing, "each is applied once, by either");
    let expected = migration_state(&mut one).await.unwrap();
    assert!(expected.missing.is_empty() && expected.unknown.is_empty() && expected.changed.is_empty());

    client
        .batch_execute(
            "update refinery_schema_history set checksum = '1' where version = 1; \
            update refinery_schema_history set version = 900, name = 'later' where version = 2",
        )
        .await
        .unwrap();
    let differing = migration_state(&mut one).await.unwrap();
    assert_eq!(differing.changed, [before.missing[0].clone()]);
    assert_eq!(differing.missing, [before.missing[1].clone()]);
    assert_eq!(differing.unknown, ["V900__later"]);
}
