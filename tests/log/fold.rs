//! Folding: snapshots, upcasters, as-of, and the cqrs-es store.

use bytes::Bytes;
use cqrs_es::CqrsFramework;
use events::codec::{Codec, can_decode};
use events::log::{Append, AsOf, CqrsStore, Expected, Lane, LoadError, NewEvent, state_hash};
use events::{Aggregate, CommandId, StreamName, Tenant, Version};

use super::build::{Counter, CounterEvent, count};
use crate::support::tape::{fresh_log, fresh_tape, open};

fn counter(key: &str) -> StreamName {
    StreamName::new(Tenant::LOCAL, "counter", key)
}

/// EL-65: a snapshot saves folding; one with wrong bytes, a wrong place or another fold is ignored.
#[tokio::test(flavor = "multi_thread")]
async fn a_snapshot_is_used_when_right_and_ignored_when_wrong() {
    let tape = fresh_tape().await;
    let log = open(&tape).await;
    let committed = count(&log, "1", 1..=100).await;
    let full = log.load::<Aggregate<Counter>>(&counter("1")).await.unwrap();
    assert_eq!((full.state.total, full.folded, full.snapshot), (5_050, 100, Version(0)));
    log.save_snapshot(&counter("1"), full.tip, committed.last, &full.state).await.unwrap();
    count(&log, "1", [7]).await;
    let quick = log.load::<Aggregate<Counter>>(&counter("1")).await.unwrap();
    assert_eq!((quick.state.total, quick.folded, quick.snapshot), (5_057, 1, Version(100)));
    let hash = state_hash(&quick.state).unwrap();
    assert_eq!(
        hash,
        state_hash(&log.load_afresh::<Aggregate<Counter>>(&counter("1")).await.unwrap().state).unwrap()
    );

    let client = tape.connect().await.unwrap();
    for damage in [
        "update snapshots set state = '\\x7b7d'",
        "update snapshots set state_hash = '\\x00'",
        "update snapshots set version = 90",
        "update snapshots set version = 5000",
        "update snapshots set codec = 9",
    ] {
        client.batch_execute(&format!("begin; {damage}")).await.unwrap();
        client.batch_execute("commit").await.unwrap();
        let loaded = log.load::<Aggregate<Counter>>(&counter("1")).await.unwrap();
        assert_eq!((loaded.state.total, loaded.state.events), (5_057, 101), "{damage}");
        client.batch_execute("delete from snapshots").await.unwrap();
        log.save_snapshot(&counter("1"), full.tip, committed.last, &full.state).await.unwrap();
    }
}

/// EL-69, EL-70: events of every older schema are lifted to today's; unknown ones are found before they are needed.
#[tokio::test(flavor = "multi_thread")]
async fn old_events_are_lifted_and_unreadable_ones_found_at_start() {
    let log = fresh_log().await;
    let old = |schema_version, json: &'static str| NewEvent {
        event_type: "CounterAdded",
        schema_version,
        codec: Codec::Json,
        payload: Bytes::from_static(json.as_bytes()),
        occurred_at: None,
    };
    let events = vec![old(1, "5"), old(2, "\"10\""), old(2, "\"nothing\""), old(3, r#"{"amount":100}"#)];
    let append = Append::of_command(counter("old"), Expected::NoStream, CommandId::generate(), events);
    log.append(append, Lane::Orders).await.unwrap();
    let loaded = log.load::<Aggregate<Counter>>(&counter("old")).await.unwrap();
    assert_eq!(
        (loaded.state.total, loaded.state.events),
        (115, 5),
        "1 became 2, 2 became 2, nothing became none"
    );
    assert_eq!(log.unreadable_types(can_decode::<CounterEvent>).await.unwrap(), []);

    let append =
        Append::of_command(counter("new"), Expected::NoStream, CommandId::generate(), vec![old(4, "{}")]);
    log.append(append, Lane::Orders).await.unwrap();
    let unreadable = log.unreadable_types(can_decode::<CounterEvent>).await.unwrap();
    assert_eq!(unreadable.iter().map(|found| found.schema_version).collect::<Vec<_>>(), [4]);
    let refused = log.load::<Aggregate<Counter>>(&counter("new")).await.unwrap_err();
    assert!(matches!(refused, LoadError::Decode { version: Version(1), .. }), "{refused}");
}

/// EL-73: a state as it was at a position, as recorded by a time, and as true by a time.
#[tokio::test(flavor = "multi_thread")]
async fn any_state_can_be_seen_as_it_was() {
    let log = fresh_log().await;
    let first = count(&log, "1", [1, 2]).await;
    let second = count(&log, "1", [10]).await;
    let late = NewEvent {
        occurred_at: Some("2020-01-02T00:00:00Z".parse().unwrap()),
        ..NewEvent::encode(&CounterEvent::CounterAdded(super::build::Added { amount: 100 })).unwrap()
    };
    log.append(
        Append::of_command(counter("1"), Expected::Any, CommandId::generate(), vec![late]),
        Lane::Orders,
    )
    .await
    .unwrap();
    let total =
        async |point| log.load_as_of::<Aggregate<Counter>>(&counter("1"), point).await.unwrap().state.total;
    assert_eq!(total(AsOf::Position(first.last)).await, 3);
    assert_eq!(total(AsOf::Position(first.first)).await, 1);
    assert_eq!(total(AsOf::RecordedAt(second.at)).await, 13);
    assert_eq!(
        total(AsOf::OccurredAt("2021-01-01T00:00:00Z".parse().unwrap())).await,
        100,
        "known late, true early"
    );
    assert_eq!(total(AsOf::RecordedAt(events::time::now())).await, 113);
    let twice = [total(AsOf::RecordedAt(second.at)).await, total(AsOf::RecordedAt(second.at)).await];
    assert_eq!(twice[0], twice[1]);
}

/// EL-113: the cqrs-es framework runs on the log, and its events are the log's.
#[tokio::test(flavor = "multi_thread")]
async fn the_cqrs_framework_runs_on_the_log() {
    let log = fresh_log().await;
    let store = CqrsStore::new(log.clone(), Tenant::LOCAL);
    let framework = CqrsFramework::<Aggregate<Counter>, _>::new(store, vec![], ());
    for amount in [1, 2, 3] {
        framework.execute("1", amount).await.unwrap();
    }
    let refused = framework.execute("1", 5_000).await.unwrap_err();
    assert!(matches!(refused, cqrs_es::AggregateError::UserError(_)), "{refused}");
    let loaded = log.load::<Aggregate<Counter>>(&counter("1")).await.unwrap();
    assert_eq!((loaded.state.total, loaded.tip.version), (6, Version(3)));
    assert_eq!(log.verify_stream(&counter("1")).await.unwrap().fault, None);
}
