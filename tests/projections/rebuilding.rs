//! Read models are disposable: folding anew gives equal rows, and no reader sees a gap.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use super::diary::{
    Diary, caught_up, diary_of, expected, fresh_log, only, options, rows, until_count, watermarks, write,
};

#[tokio::test(flavor = "multi_thread")]
async fn a_rebuild_under_load_gives_equal_rows_and_no_reader_sees_fewer() {
    let log = fresh_log().await;
    let client = log.connector().connect().await.unwrap();
    let watermarks = watermarks(&log);
    let projections = only(Diary::<1>::default());
    let _running = projections.start(&log, &watermarks, &options());
    for number in 0..300 {
        write(&log, &diary_of(&(number % 31).to_string()), &["one", "two"]).await;
    }
    caught_up(&log, &watermarks, "diary").await;

    let over = Arc::new(AtomicBool::new(false));
    let reading = tokio::spawn({
        let (over, client) = (over.clone(), log.connector().connect().await.unwrap());
        async move {
            let (mut most, mut reads) = (0_i64, 0_u32);
            let statement = client.prepare("select count(*), sum(notes)::bigint from diary").await.unwrap();
            while !over.load(Ordering::Relaxed) {
                let row = client.query_one(&statement, &[]).await.unwrap();
                let (streams, notes): (i64, i64) = (row.get(0), row.get(1));
                assert_eq!(streams, 31);
                assert!(notes >= most, "{notes} notes after {most}");
                (most, reads) = (notes, reads + 1);
            }
            reads
        }
    });
    let writing = tokio::spawn({
        let (over, log) = (over.clone(), log.clone());
        async move {
            for _ in 0..2_000 {
                if over.load(Ordering::Relaxed) {
                    break;
                }
                write(&log, &diary_of("7"), &["meanwhile"]).await;
            }
        }
    });
    let mut steps = Vec::new();
    for _ in 0..3 {
        let rebuilt = projections.rebuild("diary", &log, &mut |progress| steps.push(progress)).await.unwrap();
        assert_eq!(rebuilt.rows, 31);
    }
    over.store(true, Ordering::Relaxed);
    writing.await.unwrap();
    assert!(reading.await.unwrap() > 10);
    assert!(steps.is_sorted_by(|step, next| step.done < next.done || next.done.0 <= 512) && steps.len() >= 6);
    caught_up(&log, &watermarks, "diary").await;
    assert_eq!(rows(&client).await, expected(&log).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_generation_is_folded_from_the_start_and_the_old_code_stands_back() {
    let log = fresh_log().await;
    let client = log.connector().connect().await.unwrap();
    let old = only(Diary::<1>::default()).start(&log, &watermarks(&log), &options());
    write(&log, &diary_of("a"), &["one", "two"]).await;
    caught_up(&log, &watermarks(&log), "diary").await;
    old.stop().await;
    client.execute("update diary set digest = 'what old code wrote'", &[]).await.unwrap();
    let new = only(Diary::<2>::default()).start(&log, &watermarks(&log), &options());
    until_count(&client, "select count(*) from checkpoints where generation = 2 and seq = 2", 1).await;
    let _old = only(Diary::<1>::default()).start(&log, &watermarks(&log), &options());
    tokio::time::sleep(Duration::from_millis(300)).await;
    write(&log, &diary_of("a"), &["three"]).await;
    caught_up(&log, &watermarks(&log), "diary").await;
    assert_eq!(rows(&client).await, expected(&log).await);
    until_count(&client, "select count(*) from checkpoints", 1).await;
    drop(new);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rebuild_that_fails_leaves_the_rows_and_the_checkpoint() {
    let log = fresh_log().await;
    let client = log.connector().connect().await.unwrap();
    let watermarks = watermarks(&log);
    let running = only(Diary::<1, true>::default()).start(&log, &watermarks, &options());
    write(&log, &diary_of("a"), &["one", "two"]).await;
    let position = caught_up(&log, &watermarks, "diary").await;
    running.stop().await;
    let before = rows(&client).await;
    let sick = Diary::<1, true>::default();
    sick.poison.lock().unwrap().insert("two".to_owned());
    let error = only(sick).rebuild("diary", &log, &mut |_| {}).await.unwrap_err();
    assert!(error.to_string().contains("cannot read two"), "{error}");
    assert_eq!(rows(&client).await, before);
    let at: i64 = client.query_one("select seq from checkpoints", &[]).await.unwrap().get(0);
    assert_eq!(at, position.0);
}
