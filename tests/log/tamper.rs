//! EL-76: whatever is changed in the database with a superuser's rights, verification names the first bad event.

use events::Version;
use events::log::{ChainFault, Connector, Log};

use super::build::{put, stream};
use crate::support::tape::{fresh_tape, open};

async fn tampered(changes: &[&str]) -> (Log, Option<ChainFault>) {
    let tape: Connector = fresh_tape().await;
    let log = open(&tape).await;
    put(&log, &stream("a"), 10).await;
    put(&log, &stream("b"), 10).await;
    let client = tape.connect().await.unwrap();
    client.batch_execute("set session_replication_role = replica").await.unwrap();
    for change in changes {
        assert!(client.execute(*change, &[]).await.unwrap() > 0, "{change} changed nothing");
    }
    let verified = log.verify_stream(&stream("a")).await.unwrap();
    assert_eq!(log.verify_stream(&stream("b")).await.unwrap().fault, None);
    (log, verified.fault)
}

fn changed(version: i64) -> Option<ChainFault> {
    Some(ChainFault::Changed { version: Version(version), position: events::Position(version) })
}

#[tokio::test(flavor = "multi_thread")]
async fn an_untouched_stream_verifies() {
    let tape = fresh_tape().await;
    let log = open(&tape).await;
    put(&log, &stream("a"), 2_500).await;
    let verified = log.verify_stream(&stream("a")).await.unwrap();
    assert_eq!((verified.events, verified.fault), (2_500, None));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_changed_payload_byte_or_header_is_found() {
    for change in [
        "update events set payload = set_byte(payload, 1, 65) where global_seq = 4",
        "update events set command_id = gen_random_uuid() where global_seq = 4",
        "update events set occurred_at = recorded_at where global_seq = 4",
        "update events set schema_version = 2 where global_seq = 4",
        "update events set meta = '\\x7b7d' where global_seq = 4",
        "update events set event_hash = sha256('x') where global_seq = 4",
    ] {
        assert_eq!(tampered(&[change]).await.1, changed(4), "{change}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deleted_event_is_found() {
    let (_, fault) = tampered(&["delete from events where global_seq = 5"]).await;
    assert_eq!(fault, Some(ChainFault::Missing { version: Version(5), found: Version(6) }));
    let (_, fault) = tampered(&["delete from events where global_seq = 10"]).await;
    assert_eq!(fault, Some(ChainFault::WrongEnd { found: Version(9), recorded: Version(10) }));
    let cut =
        ["delete from events where global_seq = 10", "update streams set version = 9 where stream_id = 'a'"];
    assert_eq!(tampered(&cut).await.1, Some(ChainFault::WrongTip { version: Version(9) }));
}

#[tokio::test(flavor = "multi_thread")]
async fn swapped_events_are_found() {
    let (_, fault) = tampered(&[
        "update events set version = 99 where global_seq = 4",
        "update events set version = 4 where global_seq = 7",
        "update events set version = 7 where global_seq = 4",
    ])
    .await;
    assert!(matches!(fault, Some(ChainFault::Changed { version: Version(4), .. })), "{fault:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_inserted_event_is_found() {
    let insert = "insert into events select 900, stream_no, 11, recorded_at, null, gen_random_uuid(), null, null, type_id,
                  1, 0, sha256('x'), null, payload from events where global_seq = 3";
    let (_, fault) = tampered(&[insert]).await;
    assert!(
        matches!(fault, Some(ChainFault::WrongEnd { .. } | ChainFault::Changed { version: Version(11), .. })),
        "{fault:?}"
    );
}
