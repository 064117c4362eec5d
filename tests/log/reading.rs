//! Reading: filters, pages, remembered places.

use events::log::{Cursor, Filter, ReadError, SubscribeError};
use events::{EpochId, Position, StreamName, Tenant};

use super::build::{put, stream};
use crate::support::tape::{fresh_log, fresh_tape, open};

/// EL-53: a filtered reader moves past what does not match.
#[tokio::test(flavor = "multi_thread")]
async fn a_filtered_page_says_how_far_it_looked() {
    let log = fresh_log().await;
    let other = StreamName::new(Tenant::LOCAL, "other", "1");
    put(&log, &stream("a"), 3).await;
    put(&log, &other, 4).await;
    put(&log, &stream("a"), 2).await;
    let page = log.read(Position::START, 100, &Filter::category("other")).await.unwrap();
    assert_eq!(page.events.iter().map(|event| event.position.0).collect::<Vec<_>>(), [4, 5, 6, 7]);
    assert_eq!(page.scanned_to, Position(9));
    let page = log.read(Position::START, 2, &Filter::category("other")).await.unwrap();
    assert_eq!((page.events.len(), page.scanned_to), (2, Position(5)), "a full page ends at its last event");
    let none = Filter { event_types: vec!["Nothing".to_owned()], ..Filter::default() };
    let page = log.read(Position::START, 2, &none).await.unwrap();
    assert_eq!((page.events.len(), page.scanned_to), (0, Position(9)));
}

/// EL-15: a checkpoint of another log, beyond the head, or at another event stops its reader.
#[tokio::test(flavor = "multi_thread")]
async fn a_reader_of_a_forked_log_stops() {
    let tape = fresh_tape().await;
    let log = open(&tape).await;
    put(&log, &stream("a"), 3).await;
    let second = log.read_event(Position(2)).await.unwrap().unwrap();
    let good = Cursor { epoch: log.epoch(), position: Position(2), hash: Some(second.hash) };
    let mut following = log.resume(good, Filter::all(), 10).await.unwrap();
    assert_eq!(following.next().await.unwrap().events[0].position, Position(3));
    let forks = [
        Cursor { epoch: EpochId::generate(), ..good },
        Cursor { position: Position(4), hash: None, ..good },
        Cursor { hash: Some(events::ChainHash([3; 32])), ..good },
    ];
    for forked in forks {
        let refused = log.resume(forked, Filter::all(), 10).await.unwrap_err();
        assert!(matches!(refused, SubscribeError::LogForked { .. }), "{refused}");
    }
}

/// EL-116: a replay that comes up short is an error.
#[tokio::test(flavor = "multi_thread")]
async fn a_replay_with_a_missing_event_is_not_a_success() {
    let tape = fresh_tape().await;
    let log = open(&tape).await;
    put(&log, &stream("a"), 5).await;
    let mut seen = 0;
    let counted = log.replay(Position::START, |_| {
        seen += 1;
        Ok(())
    });
    assert_eq!(counted.await.unwrap(), Position(5));
    assert_eq!(seen, 5);
    let client = tape.connect().await.unwrap();
    client
        .batch_execute("set session_replication_role = replica; delete from events where global_seq = 3")
        .await
        .unwrap();
    let short = log.replay(Position::START, |_| Ok(())).await.unwrap_err();
    assert!(matches!(short, ReadError::Interrupted { reached: Position(2), .. }), "{short}");
}
