//! What happens when more is asked than can be written.

use std::time::{Duration, Instant};

use events::log::{AppendError, AppenderLimits, Expected, Lane, Log, LogOptions};

use super::build::{one, stream};
use super::concurrency::until_waiting_for_a_lock;
use crate::support::tape::fresh_tape;
use crate::support::waiting::until;

async fn narrow_log() -> Log {
    let limits = AppenderLimits { queue_appends: 50, batch_appends: 10, ..AppenderLimits::default() };
    Log::open(fresh_tape().await, LogOptions { limits, ..LogOptions::default() }).await.unwrap()
}

/// EL-96: a full queue refuses at once, tells when to come back, loses nothing it took, and recovers by itself.
#[tokio::test(flavor = "multi_thread")]
async fn a_full_queue_refuses_at_once_and_recovers() {
    let log = narrow_log().await;
    let blocker = log.connector().connect().await.unwrap();
    blocker.batch_execute("begin; select * from log_head for update").await.unwrap();
    let append = |index: usize| {
        let log = log.clone();
        tokio::spawn(async move {
            log.append(one(&stream(&format!("s-{index}")), Expected::Any), Lane::Orders).await
        })
    };
    let in_flight = append(0);
    until_waiting_for_a_lock(&blocker).await;
    let taken: Vec<_> = (1..=50).map(append).collect();
    until("the queue is full", || log.appender_stats().queued == 50).await;
    let asked = Instant::now();
    match append(51).await.unwrap() {
        Err(AppendError::Overloaded { retry_after_ms }) => assert!((1..=10_000).contains(&retry_after_ms)),
        other => panic!("{other:?}"),
    }
    assert!(asked.elapsed() < Duration::from_secs(1), "a refusal does not wait");
    blocker.batch_execute("rollback").await.unwrap();
    in_flight.await.unwrap().unwrap();
    for accepted in taken {
        accepted.await.unwrap().unwrap();
    }
    append(52).await.unwrap().unwrap();
    assert_eq!(log.appender_stats().overloaded, 1);
}

/// EL-97: what is urgent leaves first, whatever was queued before it.
#[tokio::test(flavor = "multi_thread")]
async fn urgent_lanes_leave_first() {
    let log = narrow_log().await;
    let blocker = log.connector().connect().await.unwrap();
    blocker.batch_execute("begin; select * from log_head for update").await.unwrap();
    let append = |key: String, lane: Lane| {
        let log = log.clone();
        tokio::spawn(async move { log.append(one(&stream(&key), Expected::Any), lane).await.unwrap().first })
    };
    let first = append("first".to_owned(), Lane::Batch);
    until_waiting_for_a_lock(&blocker).await;
    let bulk: Vec<_> = (0..30).map(|index| append(format!("bulk-{index}"), Lane::Batch)).collect();
    until("bulk waits", || log.appender_stats().queued == 30).await;
    let cancel = append("cancel".to_owned(), Lane::Control);
    let order = append("order".to_owned(), Lane::Orders);
    until("all wait", || log.appender_stats().queued == 32).await;
    blocker.batch_execute("rollback").await.unwrap();
    let (cancel, order) = (cancel.await.unwrap().0, order.await.unwrap().0);
    assert_eq!((first.await.unwrap().0, cancel, order), (1, 2, 3));
    for late in bulk {
        assert!(late.await.unwrap().0 > 3);
    }
}
