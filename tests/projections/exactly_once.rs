//! EL-50, 51, 52: whatever dies when, the rows are those of a fresh fold.

use std::time::{Duration, Instant};

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

use super::diary::{Diary, caught_up, diary_of, expected, fresh_log, only, options, rows, watermarks, write};
use crate::support::tape;

#[tokio::test(flavor = "multi_thread")]
async fn killed_and_doubled_runners_apply_every_event_exactly_once() {
    let seed = rand::random::<u64>();
    println!("seed {seed}");
    let mut random = StdRng::seed_from_u64(seed);
    let log = fresh_log().await;
    let killer = log.connector().connect().await.unwrap();
    let other = tape::open(log.connector()).await;
    let writing = tokio::spawn({
        let log = log.clone();
        async move {
            for number in 0..400 {
                write(&log, &diary_of(&(number % 13).to_string()), &["one", "two", "three"]).await;
            }
        }
    });
    for _ in 0..25 {
        let watermarks = watermarks(&log);
        let one = only(Diary::<1>::default()).start(&log, &watermarks, &options());
        let two = only(Diary::<1>::default()).start(&other, &watermarks, &options());
        tokio::time::sleep(Duration::from_millis(random.random_range(0..60))).await;
        if random.random_bool(0.5) {
            // Like kill -9 of the runner's side of the connection: the server rolls back.
            killer
                .execute(
                    "select pg_terminate_backend(pid) from pg_stat_activity
                     where application_name = 'tapedeck projections' and datname = current_database()",
                    &[],
                )
                .await
                .unwrap();
            tokio::time::sleep(Duration::from_millis(random.random_range(0..120))).await;
        }
        one.stop().await;
        drop(two);
    }
    writing.await.unwrap();
    let watermarks = watermarks(&log);
    let _running = only(Diary::<1>::default()).start(&log, &watermarks, &options());
    caught_up(&log, &watermarks, "diary").await;
    assert_eq!(rows(&killer).await, expected(&log).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn another_process_takes_over_within_five_seconds() {
    let log = fresh_log().await;
    let other = tape::open(log.connector()).await;
    let first = only(Diary::<1>::default()).start(&log, &watermarks(&log), &options());
    write(&log, &diary_of("a"), &["before"]).await;
    caught_up(&log, &watermarks(&log), "diary").await;
    let _second = only(Diary::<1>::default()).start(&other, &watermarks(&other), &options());
    drop(first);
    let died = Instant::now();
    write(&log, &diary_of("a"), &["after"]).await;
    caught_up(&log, &watermarks(&log), "diary").await;
    assert!(died.elapsed() < Duration::from_secs(5), "it took {:?}", died.elapsed());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_that_lost_its_checkpoint_writes_nothing() {
    let log = fresh_log().await;
    let client = log.connector().connect().await.unwrap();
    let watermarks = watermarks(&log);
    let _running = only(Diary::<1>::default()).start(&log, &watermarks, &options());
    write(&log, &diary_of("a"), &["one"]).await;
    let position = caught_up(&log, &watermarks, "diary").await;
    // As if another worker had applied the next event already: this one must not apply it again.
    client
        .execute("update checkpoints set seq = seq + 1, seq_hash = null where name = 'diary'", &[])
        .await
        .unwrap();
    write(&log, &diary_of("a"), &["two"]).await;
    write(&log, &diary_of("a"), &["three"]).await;
    watermarks.wait_for("diary", events::Position(position.0 + 2), Duration::from_secs(30)).await.unwrap();
    let (_, notes, version, _) = rows(&client).await.remove(0);
    assert_eq!((notes, version), (2, 3));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_filtered_checkpoint_advances_past_what_others_wrote() {
    // EL-53
    let log = fresh_log().await;
    let client = log.connector().connect().await.unwrap();
    let watermarks = watermarks(&log);
    let _running = only(Diary::<1>::default()).start(&log, &watermarks, &options());
    write(&log, &diary_of("a"), &["one"]).await;
    let strange = events::StreamName::new(events::Tenant::LOCAL, "other", "x");
    for _ in 0..20 {
        write(&log, &strange, &["not for the diary"]).await;
    }
    let head = caught_up(&log, &watermarks, "diary").await;
    super::diary::until_count(&client, "select seq from checkpoints where name = 'diary'", head.0).await;
    let matches: bool = client
        .query_one("select seq_hash = event_hash from checkpoints join events on global_seq = seq", &[])
        .await
        .unwrap()
        .get(0);
    assert!(matches, "the checkpoint keeps the hash of the event at its position (EL-15)");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_passes_by_itself_is_tried_for_ever_and_parks_nothing() {
    // EL-54
    let log = fresh_log().await;
    let client = log.connector().connect().await.unwrap();
    client
        .batch_execute(
            "create function conflict() returns trigger language plpgsql as $$
             begin raise exception 'try again' using errcode = 'serialization_failure'; end $$;
             create trigger conflicts before insert on diary execute function conflict()",
        )
        .await
        .unwrap();
    let watermarks = watermarks(&log);
    let _running = only(Diary::<1>::default()).start(&log, &watermarks, &options());
    write(&log, &diary_of("a"), &["one", "two"]).await;
    let retrying = "select count(*) from checkpoints where status = 'retrying' and error_class = 'transient'";
    super::diary::until_count(&client, retrying, 1).await;
    client.batch_execute("drop trigger conflicts on diary").await.unwrap();
    caught_up(&log, &watermarks, "diary").await;
    assert_eq!(rows(&client).await, expected(&log).await);
    let running = "select count(*) from checkpoints where status = 'running' and error_text is null";
    super::diary::until_count(&client, running, 1).await;
    super::diary::until_count(&client, "select count(*) from parked", 0).await;
}
