//! EL-15: a log that is not the one that was read stops its readers until an operator decides.

use projections::status;

use super::diary::{
    Diary, caught_up, diary_of, expected, fresh_log, only, options, rows, until_count, watermarks, write,
};
use crate::support::tape;

const HALTED: &str =
    "select count(*) from checkpoints where status = 'halted' and error_class = 'log_forked'";

#[tokio::test(flavor = "multi_thread")]
async fn a_checkpoint_of_another_epoch_halts_until_a_position_is_adopted() {
    let log = fresh_log().await;
    let client = log.connector().connect().await.unwrap();
    let running = only(Diary::<1>::default()).start(&log, &watermarks(&log), &options());
    write(&log, &diary_of("a"), &["one", "two"]).await;
    let position = caught_up(&log, &watermarks(&log), "diary").await;
    running.stop().await;
    client.execute("update log_head set epoch = gen_random_uuid()", &[]).await.unwrap();
    let restored = tape::open(log.connector()).await;
    write(&restored, &diary_of("a"), &["three"]).await;
    let watermarks = watermarks(&restored);
    let _running = only(Diary::<1>::default()).start(&restored, &watermarks, &options());
    until_count(&client, HALTED, 1).await;
    assert!(status::status(&client).await.unwrap()[0].forked);
    assert_eq!(rows(&client).await[0].1, 2);
    assert_eq!(status::adopt(&client, "diary", position).await.unwrap(), 1);
    caught_up(&restored, &watermarks, "diary").await;
    assert_eq!(rows(&client).await, expected(&restored).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn another_event_at_the_checkpoint_halts_even_when_the_epoch_is_the_same() {
    let log = fresh_log().await;
    let client = log.connector().connect().await.unwrap();
    let running = only(Diary::<1>::default()).start(&log, &watermarks(&log), &options());
    write(&log, &diary_of("a"), &["one"]).await;
    caught_up(&log, &watermarks(&log), "diary").await;
    running.stop().await;
    client
        .execute("update checkpoints set seq_hash = sha256('another event') where name = 'diary'", &[])
        .await
        .unwrap();
    let _running = only(Diary::<1>::default()).start(&log, &watermarks(&log), &options());
    until_count(&client, HALTED, 1).await;
}
