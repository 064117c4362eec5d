//! Reading: filters, pages, remembered places.

use bytes::Bytes;
use events::codec::Codec;
use events::log::{Append, Cursor, Expected, Filter, Lane, NewEvent, ReadError, SubscribeError};
use events::{CommandId, EpochId, Metadata, Position, Principal, StreamName, Tenant, Version};

use super::build::{note, put, stream};
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

/// EL-2: a payload comes back byte for byte with its codec, and people with SQL read what is plain.
#[tokio::test(flavor = "multi_thread")]
async fn payloads_are_kept_to_the_byte() {
    let tape = fresh_tape().await;
    let log = open(&tape).await;
    // What a column of type jsonb would have rewritten: order, spaces, a number's last zero, a key twice.
    let odd = NewEvent { payload: Bytes::from_static(br#"{"b": 1.10,"a":  2, "a":3}"#), ..note("") };
    let (codec, packed) = Codec::pack(serde_json::to_vec(&"long ".repeat(1_000)).unwrap());
    assert_ne!(codec, Codec::Json, "a long payload is compressed");
    let long = NewEvent { codec, payload: packed, ..note("") };
    let given = [odd, long];
    let append = Append::of_command(stream("odd"), Expected::NoStream, CommandId::generate(), given.to_vec());
    log.append(append, Lane::Orders).await.unwrap();

    let kept = log.read_stream(&stream("odd"), Version::NONE, 10).await.unwrap();
    for (given, kept) in given.iter().zip(&kept) {
        assert_eq!((given.codec, &given.payload[..]), (kept.codec, &kept.payload[..]));
    }
    let client = tape.connect().await.unwrap();
    let rows = client.query("select payload from events_json order by global_seq", &[]).await.unwrap();
    let shown: Vec<Option<serde_json::Value>> = rows.iter().map(|row| row.get(0)).collect();
    assert_eq!(
        shown,
        [Some(serde_json::json!({"a": 3, "b": 1.10})), None],
        "compressed ones are not decoded"
    );
}

/// EL-41: whoever follows the log in the process that appends is woken before the database could tell it.
#[tokio::test(flavor = "multi_thread")]
async fn an_append_wakes_its_own_process_without_the_database() {
    let tape = fresh_tape().await;
    let log = open(&tape).await;
    let client = tape.connect().await.unwrap();
    let listeners = "select pid from pg_stat_activity where datname = current_database() \
                     and application_name = 'tapedeck listener' and state = 'idle' and query like '%emit%'";
    // The listener has read the head, and from then on only listens.
    let deadline = std::time::Instant::now() + std::time::Duration::from_secs(30);
    while client.query(listeners, &[]).await.unwrap().is_empty() {
        assert!(std::time::Instant::now() < deadline, "nobody listens");
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    client
        .batch_execute(&format!("select pg_terminate_backend(pid) from ({listeners}) as listening"))
        .await
        .unwrap();
    for _ in 0..3 {
        let committed = put(&log, &stream("a"), 1).await;
        assert_eq!(log.known_head(), committed.last);
    }
}

/// EL-156: a replay whose connection is lost on the way is an error, and the next one works.
#[tokio::test(flavor = "multi_thread")]
async fn an_interrupted_replay_is_not_a_short_success() {
    let tape = fresh_tape().await;
    let log = open(&tape).await;
    for _ in 0..20 {
        put(&log, &stream("a"), 5_000).await;
    }
    let other = tape.connect().await.unwrap();
    let mut seen = 0_i64;
    let cut = log.replay(Position::START, |event| {
        seen = event.position.0;
        if seen == 1 {
            let others = "select pg_terminate_backend(pid) from pg_stat_activity
                where datname = current_database() and query like '%copy%' and pid <> pg_backend_pid()";
            let ended = other.query(others, &[]);
            let ended = tokio::task::block_in_place(|| tokio::runtime::Handle::current().block_on(ended));
            assert_eq!(ended.unwrap().len(), 1);
        }
        Ok(())
    });
    let cut = cut.await.unwrap_err();
    assert!(matches!(cut, ReadError::Database { .. }), "{cut}");
    assert!(seen < 100_000, "the connection was lost before the end");
    assert_eq!(log.replay(Position(99_990), |_| Ok(())).await.unwrap(), Position(100_000));
}

/// A replay hands out what reading gives, field by field.
#[tokio::test(flavor = "multi_thread")]
async fn a_replay_gives_the_events_that_reading_gives() {
    let log = fresh_log().await;
    let events = vec![
        NewEvent { occurred_at: Some("2024-02-29T12:34:56.789012Z".parse().unwrap()), ..note("then") },
        NewEvent { occurred_at: Some("1929-10-29T14:00:00Z".parse().unwrap()), ..note("long ago") },
        note(""),
    ];
    let mut append = Append::of_command(stream("full"), Expected::NoStream, CommandId::generate(), events);
    for asked in &mut append.asked {
        asked.meta = Some(Metadata::new(Principal::system(), None));
        asked.correlation_id = Some(CommandId::generate().uuid());
        asked.causation = Some(Position(1));
    }
    put(&log, &stream("plain"), 2).await;
    log.append(append, Lane::Orders).await.unwrap();
    let mut replayed = Vec::new();
    let all = log.replay(Position(1), |event| {
        replayed.push(event);
        Ok(())
    });
    assert_eq!(all.await.unwrap(), Position(5));
    assert_eq!(replayed, log.read(Position(1), 100, &Filter::all()).await.unwrap().events);
}
