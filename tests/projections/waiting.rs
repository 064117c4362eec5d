//! EL-42, 58: who has written something can read it, in any process, with or without wake-ups.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use super::diary::{Diary, diary_of, fresh_log, only, options, rows, watermarks, write};
use crate::support::tape;

const PATIENCE: Duration = Duration::from_secs(10);

#[tokio::test(flavor = "multi_thread")]
async fn a_process_without_runner_sees_its_own_writes() {
    let log = fresh_log().await;
    let other = tape::open(log.connector()).await;
    let client = log.connector().connect().await.unwrap();
    let _running = only(Diary::<1>::default()).start(&other, &watermarks(&other), &options());
    let here = watermarks(&log);
    for number in 1..=20 {
        let at = write(&log, &diary_of("a"), &["note"]).await.last;
        here.wait_for("diary", at, PATIENCE).await.unwrap();
        assert_eq!(rows(&client).await[0].1, number);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_runner_the_wait_ends_in_the_position_reached() {
    let log = fresh_log().await;
    let at = write(&log, &diary_of("a"), &["note"]).await.last;
    let error = watermarks(&log).wait_for("diary", at, Duration::from_millis(50)).await.unwrap_err();
    assert_eq!((error.wanted, error.reached), (at, events::Position::START));
}

#[tokio::test(flavor = "multi_thread")]
async fn with_notifications_cut_off_everything_still_arrives() {
    let log = fresh_log().await;
    let other = tape::open(log.connector()).await;
    let watermarks = watermarks(&other);
    let _running = only(Diary::<1>::default()).start(&other, &watermarks, &options());
    let over = Arc::new(AtomicBool::new(false));
    let cutting = tokio::spawn({
        let (over, client) = (over.clone(), log.connector().connect().await.unwrap());
        async move {
            while !over.load(Ordering::Relaxed) {
                let statement = "select pg_terminate_backend(pid) from pg_stat_activity
                                 where query like 'listen%' and datname = current_database()";
                client.execute(statement, &[]).await.unwrap();
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        }
    });
    for _ in 0..5 {
        let at = write(&log, &diary_of("a"), &["note"]).await.last;
        // The longest poll interval of a subscription is one second.
        watermarks.wait_for("diary", at, Duration::from_secs(3)).await.unwrap();
    }
    over.store(true, Ordering::Relaxed);
    cutting.await.unwrap();
}
