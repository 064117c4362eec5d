//! What operators see and do.

use std::time::Duration;

use actors::directory::{Phase, VerbError};
use actors::{CommandError, DirectoryOptions};
use events::Version;
use serde_json::json;

use super::kit::{TillAggregate, TillCommand, coin, folded, new, put_each, tills};
use crate::support::tape::fresh_log;
use crate::support::waiting::until;

#[tokio::test]
async fn the_list_shows_every_live_actor() {
    let log = fresh_log().await;
    let tills = tills(&log, DirectoryOptions::default()).await;
    for key in ["a", "b"] {
        tills.execute(key, new(TillCommand::Put(vec![1, 2]))).await.unwrap();
    }
    let mut live = tills.live().await;
    live.sort_by(|one, other| one.key.cmp(&other.key));
    assert_eq!(live.iter().map(|actor| actor.key.as_str()).collect::<Vec<_>>(), ["a", "b"]);
    assert!(live.iter().all(|actor| actor.version == Version(2) && actor.phase == Phase::Serving));
}

/// EL-105: a wrong state, here from a snapshot that somebody wrote in proper form, is found and replaced.
#[tokio::test]
async fn a_live_state_that_does_not_follow_from_the_log_is_found() {
    let log = fresh_log().await;
    let before = tills(&log, DirectoryOptions::default()).await;
    before.execute("a", new(coin(7))).await.unwrap();
    before.stop().await;
    let right = log.load_afresh::<TillAggregate>(&before.stream("a")).await.unwrap();
    let wrong = json!({"sum": 8, "coins": 1, "digest": 38});
    let wrong: TillAggregate = serde_json::from_value(wrong).unwrap();
    log.save_snapshot(&before.stream("a"), right.tip, right.position, &wrong).await.unwrap();

    let tills = tills(&log, DirectoryOptions::default()).await;
    tills.execute("a", new(coin(1))).await.unwrap();
    assert_eq!(tills.inspect("a").await.unwrap().state["sum"], 9, "the wrong state is live");
    assert!(!tills.refold("a").await.unwrap().is_none(), "the drift is seen");
    assert_eq!(tills.inspect("a").await.unwrap().state["sum"], 8);
    assert!(tills.refold("a").await.unwrap().is_none());
}

/// EL-67, EL-74.
#[tokio::test]
async fn an_inspected_actor_shows_its_state_and_agrees_with_the_log() {
    let log = fresh_log().await;
    let tills = tills(&log, DirectoryOptions::default()).await;
    tills.execute("a", new(coin(7))).await.unwrap();
    let seen = tills.inspect("a").await.unwrap();
    assert_eq!((seen.version, seen.unanswered), (Version(1), 0));
    assert_eq!(seen.state["sum"], 7);
    assert!(tills.refold("a").await.unwrap().is_none());
    assert!(matches!(tills.inspect("b").await, Err(VerbError::NotLive { .. })));
}

/// EL-125.
#[tokio::test]
async fn an_idle_actor_leaves_and_comes_back_as_it_was() {
    let log = fresh_log().await;
    let options = DirectoryOptions { idle: Duration::from_millis(20), ..DirectoryOptions::default() };
    let tills = tills(&log, options).await;
    tills.execute("a", new(coin(1))).await.unwrap();
    let left = || tills.stats().passivations == 1;
    until("the actor has left", left).await;
    assert!(tills.live().await.is_empty());
    assert_eq!(tills.execute("a", new(coin(2))).await.unwrap().version, Version(2));
}

/// EL-66.
#[tokio::test]
async fn an_actor_that_leaves_keeps_a_snapshot_worth_having() {
    let log = fresh_log().await;
    let tills = tills(&log, DirectoryOptions::default()).await;
    put_each(&tills, "a", 60).await;
    put_each(&tills, "b", 10).await;
    for key in ["a", "b"] {
        tills.passivate(key).await.unwrap();
    }
    until("the snapshot is kept", || tills.stats().snapshots == 1).await;
    until("both have left", || tills.stats().passivations == 2).await;
    tills.execute("a", new(coin(1))).await.unwrap();
    assert_eq!(tills.inspect("a").await.unwrap().snapshot, Version(60));
}

/// EL-126.
#[tokio::test]
async fn a_killed_actor_loses_nothing_that_waits() {
    let log = fresh_log().await;
    let tills = tills(&log, DirectoryOptions::default()).await;
    let asked: Vec<_> = (0..100).map(|_| tills.submit("a", new(coin(1)))).collect();
    tills.kill("a").await.unwrap();
    for coin in asked {
        coin.outcome().await.unwrap();
    }
    assert_eq!(folded(&log, &tills, "a").await.1, 100);
}

/// EL-122.
#[tokio::test]
async fn a_stream_whose_actor_keeps_failing_is_quarantined_and_the_others_live() {
    let log = fresh_log().await;
    let tills = tills(&log, DirectoryOptions::default()).await;
    tills.execute("good", new(coin(1))).await.unwrap();
    for _ in 0..6 {
        let failed = tills.execute("bad", new(TillCommand::Panic)).await.unwrap_err();
        assert_eq!(failed, CommandError::Failed { reason: "the till burst".to_owned() });
    }
    let refused = tills.execute("bad", new(coin(1))).await.unwrap_err();
    assert_eq!(refused, CommandError::Quarantined { reason: "the till burst".to_owned() });
    assert!(tills.execute("good", new(coin(1))).await.is_ok());
    tills.release("bad").await.unwrap();
    assert!(tills.execute("bad", new(coin(1))).await.is_ok());
}

#[tokio::test]
async fn stopping_answers_everyone() {
    let log = fresh_log().await;
    let tills = tills(&log, DirectoryOptions::default()).await;
    let asked: Vec<_> = (0..100).map(|_| tills.submit("a", new(coin(1)))).collect();
    tills.stop().await;
    let mut done = 0;
    for coin in asked {
        match coin.outcome().await {
            Ok(_) => done += 1,
            Err(CommandError::Unavailable { .. }) => {}
            Err(other) => panic!("{other}"),
        }
    }
    assert_eq!(folded(&log, &tills, "a").await.1, done);
    assert!(matches!(tills.execute("a", new(coin(1))).await, Err(CommandError::Unavailable { .. })));
}
