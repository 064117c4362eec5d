//! EL-54, 55: what cannot be applied waits with its stream; the others flow; an operator decides.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use events::Position;
use projections::parked::{self, ParkedState, Selection};
use projections::status;

use super::diary::{
    Diary, caught_up, diary_of, expected, fresh_log, only, options, rows, until_count, watermarks, write,
};

const WAITING: &str = "select count(*) from parked where state = 'parked'";

fn poison(texts: &[&str]) -> Arc<Mutex<BTreeSet<String>>> {
    Arc::new(Mutex::new(texts.iter().map(|text| (*text).to_owned()).collect()))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_parked_stream_waits_and_resumes_in_order() {
    let log = fresh_log().await;
    let client = log.connector().connect().await.unwrap();
    let watermarks = watermarks(&log);
    let poison = poison(&["bad"]);
    let projections = only(Diary::<1> { poison: poison.clone() });
    let _running = projections.start(&log, &watermarks, &options());
    write(&log, &diary_of("sick"), &["good", "bad", "later"]).await;
    write(&log, &diary_of("well"), &["one", "two"]).await;
    write(&log, &diary_of("sick"), &["latest"]).await;
    caught_up(&log, &watermarks, "diary").await;
    let seen: Vec<(String, i64)> =
        rows(&client).await.into_iter().map(|(stream, notes, _, _)| (stream, notes)).collect();
    assert_eq!(seen, [("sick".to_owned(), 1), ("well".to_owned(), 2)]);

    let list = parked::list(&client, Some("diary"), Some(ParkedState::Parked), None, 50).await.unwrap();
    let found: Vec<(Position, &str, i32)> =
        list.items.iter().map(|event| (event.position, event.error_class.as_str(), event.attempts)).collect();
    assert_eq!(
        found,
        [(Position(2), "contradiction", 5), (Position(3), "behind", 0), (Position(6), "behind", 0)]
    );
    let shard = status::status(&client).await.unwrap().remove(0);
    assert_eq!((shard.status.as_str(), shard.parked, shard.lag_events), ("running", 3, 0));

    let still = projections.retry("diary", &log, &Selection::First(1), "ann").await.unwrap();
    assert_eq!((still.applied, still.waiting, still.failures.len()), (0, 3, 1));
    poison.lock().unwrap().clear();
    let all = projections.retry("diary", &log, &Selection::Stream(diary_of("sick")), "ann").await.unwrap();
    assert_eq!((all.applied, all.waiting), (3, 0));
    write(&log, &diary_of("sick"), &["well again"]).await;
    caught_up(&log, &watermarks, "diary").await;
    assert_eq!(rows(&client).await, expected(&log).await);
    let event = parked::find(&client, "diary", Position(2)).await.unwrap().unwrap();
    assert_eq!((event.state, event.resolved_by.as_deref()), (ParkedState::Resolved, Some("ann")));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_discarded_event_lets_its_stream_go_on_and_stays_discarded() {
    let log = fresh_log().await;
    let client = log.connector().connect().await.unwrap();
    let watermarks = watermarks(&log);
    let projections = only(Diary::<1> { poison: poison(&["bad"]) });
    let _running = projections.start(&log, &watermarks, &options());
    write(&log, &diary_of("sick"), &["good", "bad", "later"]).await;
    until_count(&client, WAITING, 2).await;
    let selection = Selection::Positions(vec![Position(2)]);
    let done = projections.discard("diary", &log, &selection, "a typing error", "ann").await.unwrap();
    assert_eq!((done.discarded, done.applied, done.waiting), (1, 1, 0));
    write(&log, &diary_of("sick"), &["latest"]).await;
    caught_up(&log, &watermarks, "diary").await;
    let before = rows(&client).await;
    assert_eq!(before[0].1, 3);
    projections.rebuild("diary", &log, &mut |_| {}).await.unwrap();
    assert_eq!(rows(&client).await, before);
    let event = parked::find(&client, "diary", Position(2)).await.unwrap().unwrap();
    assert_eq!(event.resolved_reason.as_deref(), Some("a typing error"));
    until_count(&client, WAITING, 0).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_projection_that_needs_the_order_between_streams_halts_until_it_is_resumed() {
    let log = fresh_log().await;
    let client = log.connector().connect().await.unwrap();
    let watermarks = watermarks(&log);
    let poison = poison(&["bad"]);
    let projections = only(Diary::<1, true> { poison: poison.clone() });
    let _running = projections.start(&log, &watermarks, &options());
    write(&log, &diary_of("a"), &["good", "bad"]).await;
    write(&log, &diary_of("b"), &["good"]).await;
    until_count(&client, "select count(*) from checkpoints where status = 'halted'", 1).await;
    let shard = status::status(&client).await.unwrap().remove(0);
    let error = shard.error.unwrap();
    assert_eq!((error.class.as_str(), error.position), ("poison", Some(Position(2))));
    assert_eq!(rows(&client).await.len(), 1);
    poison.lock().unwrap().clear();
    assert_eq!(status::resume(&client, "diary").await.unwrap(), 1);
    caught_up(&log, &watermarks, "diary").await;
    assert_eq!(rows(&client).await, expected(&log).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_paused_projection_stands_still_until_it_is_resumed() {
    let log = fresh_log().await;
    let client = log.connector().connect().await.unwrap();
    let watermarks = watermarks(&log);
    let _running = only(Diary::<1>::default()).start(&log, &watermarks, &options());
    write(&log, &diary_of("a"), &["one"]).await;
    caught_up(&log, &watermarks, "diary").await;
    status::pause(&client, "diary").await.unwrap();
    let at = write(&log, &diary_of("a"), &["two"]).await.last;
    let stale = watermarks.wait_for("diary", at, Duration::from_millis(300)).await.unwrap_err();
    assert!(stale.reached < at);
    status::resume(&client, "diary").await.unwrap();
    caught_up(&log, &watermarks, "diary").await;
    assert_eq!(rows(&client).await, expected(&log).await);
}
