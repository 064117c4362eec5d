//! What a caller gets.

use std::time::Duration;

use actors::{CommandEnvelope, CommandError, DirectoryOptions};
use events::log::{Append, Expected, Lane, NewEvent};
use events::{CommandId, Version};

use super::kit::{Put, TillAggregate, TillCommand, TillError, TillEvent, coin, folded, new, put_each, tills};
use crate::support::tape::fresh_log;
use crate::support::waiting::until;

/// EL-128.
#[tokio::test]
async fn a_receipt_names_the_place_of_the_commands_last_event() {
    let log = fresh_log().await;
    let tills = tills(&log, DirectoryOptions::default()).await;
    let first = tills.execute("a", new(TillCommand::Put(vec![1, 2, 3]))).await.unwrap();
    let second = tills.execute("a", new(coin(4))).await.unwrap();
    assert_eq!((first.version, second.version), (Version(3), Version(4)));
    assert_eq!(second.position.0, first.position.0 + 1);
    assert!(!first.duplicate);
    assert_eq!(folded(&log, &tills, "a").await.0.sum, 10);
}

/// EL-121.
#[tokio::test]
async fn a_refusal_leaves_nothing_behind() {
    let log = fresh_log().await;
    let tills = tills(&log, DirectoryOptions::default()).await;
    let refused = tills.execute("a", new(TillCommand::Steal)).await.unwrap_err();
    assert_eq!(refused, CommandError::Refused(TillError::NothingComesOut));
    assert_eq!(folded(&log, &tills, "a").await.1, 0);
}

#[tokio::test]
async fn a_command_without_events_is_answered_with_the_place_before_it() {
    let log = fresh_log().await;
    let tills = tills(&log, DirectoryOptions::default()).await;
    let before = tills.execute("a", new(coin(1))).await.unwrap();
    let nothing = tills.execute("a", new(TillCommand::Put(Vec::new()))).await.unwrap();
    assert_eq!((nothing.position, nothing.version), (before.position, before.version));
}

/// EL-30, EL-31.
#[tokio::test]
async fn a_repetition_gets_the_first_answer_even_after_a_restart() {
    let log = fresh_log().await;
    let id = CommandId::generate();
    let ask =
        |hash| CommandEnvelope::new(TillCommand::Open, id).with_request_hash(hash).with_reply("ok".into());
    let first = {
        let tills = tills(&log, DirectoryOptions::default()).await;
        let first = tills.execute("a", ask([1; 32])).await.unwrap();
        let live = tills.execute("a", ask([1; 32])).await.unwrap();
        assert!(live.duplicate);
        assert_eq!((live.position, live.version, &live.reply), (first.position, first.version, &first.reply));
        tills.stop().await;
        first
    };
    let tills = tills(&log, DirectoryOptions::default()).await;
    // By now the till is open, and would refuse: but this is the command that opened it.
    let again = tills.execute("a", ask([1; 32])).await.unwrap();
    assert!(again.duplicate);
    assert_eq!((again.position, again.version, again.reply), (first.position, first.version, first.reply));
    let other = tills.execute("a", ask([2; 32])).await.unwrap_err();
    assert_eq!(other, CommandError::IdempotencyMismatch);
    assert_eq!(
        tills.execute("a", new(TillCommand::Open)).await.unwrap_err(),
        CommandError::Refused(TillError::AlreadyOpen)
    );
}

#[tokio::test]
async fn a_repetition_is_recognised_when_the_stream_came_from_a_snapshot() {
    let log = fresh_log().await;
    let id = CommandId::generate();
    {
        let tills = tills(&log, DirectoryOptions::default()).await;
        tills.execute("a", CommandEnvelope::new(TillCommand::Open, id)).await.unwrap();
        put_each(&tills, "a", 600).await;
        let kept = || tills.stats().snapshots > 0;
        until("a snapshot is kept", kept).await;
        tills.stop().await;
    }
    assert!(log.load::<TillAggregate>(&"till-a".parse().unwrap()).await.unwrap().snapshot.0 > 0);
    let tills = tills(&log, DirectoryOptions::default()).await;
    let again = tills.execute("a", CommandEnvelope::new(TillCommand::Open, id)).await.unwrap();
    assert!(again.duplicate);
    assert_eq!(again.version, Version(1));
}

#[tokio::test]
async fn the_same_command_sent_many_times_at_once_has_one_effect() {
    let log = fresh_log().await;
    let tills = tills(&log, DirectoryOptions::default()).await;
    for command in [TillCommand::Open, coin(5)] {
        let id = CommandId::generate();
        let asked = (0..20).map(|_| tills.execute("a", CommandEnvelope::new(command.clone(), id)));
        let answers = futures_util::future::try_join_all(asked).await.unwrap();
        assert_eq!(answers.iter().filter(|receipt| !receipt.duplicate).count(), 1);
        assert!(answers.iter().all(|receipt| receipt.version == answers[0].version));
    }
    assert_eq!(folded(&log, &tills, "a").await.1, 2);
}

/// EL-33.
#[tokio::test]
async fn the_same_refused_command_sent_twice_at_once_is_refused_twice() {
    let log = fresh_log().await;
    let tills = tills(&log, DirectoryOptions::default()).await;
    let id = CommandId::generate();
    let asked = (0..3).map(|_| tills.execute("a", CommandEnvelope::new(TillCommand::Steal, id)));
    for answer in futures_util::future::join_all(asked).await {
        assert_eq!(answer, Err(CommandError::Refused(TillError::NothingComesOut)));
    }
}

/// EL-34.
#[tokio::test]
async fn two_processes_writing_one_stream_lose_nothing() {
    let log = fresh_log().await;
    let (one, other) =
        (tills(&log, DirectoryOptions::default()).await, tills(&log, DirectoryOptions::default()).await);
    let shared = CommandId::generate();
    for round in 0..50 {
        let id = if round % 10 == 0 { shared } else { CommandId::generate() };
        let (left, right) = tokio::join!(
            one.execute("a", CommandEnvelope::new(coin(1), id)),
            other.execute("a", CommandEnvelope::new(coin(1), id)),
        );
        assert_eq!(left.unwrap().version, right.unwrap().version);
    }
    let (till, version) = folded(&log, &one, "a").await;
    assert_eq!((till.coins, version), (46, 46));
    assert!(one.stats().conflicts + one.stats().duplicates + other.stats().duplicates > 0);
}

#[tokio::test]
async fn an_append_from_outside_is_noticed_and_the_command_is_decided_again() {
    let log = fresh_log().await;
    let tills = tills(&log, DirectoryOptions::default()).await;
    tills.execute("a", new(coin(1))).await.unwrap();
    let outside = NewEvent::encode(&TillEvent::CoinPut(Put { amount: 100 })).unwrap();
    let append = Append::of_command(tills.stream("a"), Expected::Any, CommandId::generate(), vec![outside]);
    log.append(append, Lane::Orders).await.unwrap();
    assert_eq!(tills.execute("a", new(coin(2))).await.unwrap().version, Version(3));
    assert_eq!(folded(&log, &tills, "a").await.0.sum, 103);
}

#[tokio::test]
async fn of_many_who_believe_in_one_version_one_is_first() {
    let log = fresh_log().await;
    let tills = tills(&log, DirectoryOptions::default()).await;
    let first = CommandId::generate();
    tills.execute("a", CommandEnvelope::new(coin(1), first)).await.unwrap();
    // What is decided but not yet written counts as well.
    let asked = (0..10).map(|_| tills.execute("a", new(coin(1)).expecting(Version(1))));
    let answers = futures_util::future::join_all(asked).await;
    assert_eq!(answers.iter().filter(|answer| answer.is_ok()).count(), 1);
    let refused = CommandError::OtherVersion { expected: Version(1), current: Version(2) };
    assert_eq!(answers.iter().filter(|answer| **answer == Err(refused.clone())).count(), 9);
    assert_eq!(folded(&log, &tills, "a").await.1, 2);
    // A repetition is answered as the first time, whatever has happened since.
    let again = CommandEnvelope::new(coin(1), first).expecting(Version(0));
    assert!(tills.execute("a", again).await.unwrap().duplicate);
}

#[tokio::test]
async fn a_writer_elsewhere_is_noticed_by_who_believes_in_a_version() {
    let log = fresh_log().await;
    let tills = tills(&log, DirectoryOptions::default()).await;
    tills.execute("a", new(coin(1))).await.unwrap();
    let outside = NewEvent::encode(&TillEvent::CoinPut(Put { amount: 100 })).unwrap();
    let append = Append::of_command(tills.stream("a"), Expected::Any, CommandId::generate(), vec![outside]);
    log.append(append, Lane::Orders).await.unwrap();
    let refused = tills.execute("a", new(coin(1)).expecting(Version(1))).await.unwrap_err();
    assert_eq!(refused, CommandError::OtherVersion { expected: Version(1), current: Version(2) });
    assert!(tills.execute("a", new(coin(1)).expecting(Version(2))).await.is_ok());
}

#[tokio::test]
async fn an_answer_without_events_follows_from_what_others_have_recorded() {
    let log = fresh_log().await;
    let tills = tills(&log, DirectoryOptions::default()).await;
    tills.execute("a", new(coin(1))).await.unwrap();
    for (version, command) in
        [(2, new(TillCommand::Put(Vec::new()))), (3, new(coin(1)).expecting(Version(3)))]
    {
        let outside = NewEvent::encode(&TillEvent::CoinPut(Put { amount: 100 })).unwrap();
        let append =
            Append::of_command(tills.stream("a"), Expected::Any, CommandId::generate(), vec![outside]);
        log.append(append, Lane::Orders).await.unwrap();
        let done = tills.execute("a", command).await.unwrap();
        assert!(done.version >= Version(version), "{done:?}");
    }
    assert_eq!(folded(&log, &tills, "a").await.0.sum, 202);
}

/// EL-120.
#[tokio::test]
async fn too_many_commands_for_one_aggregate_are_turned_away_at_once() {
    let log = fresh_log().await;
    let tills = tills(&log, DirectoryOptions { permits: 8, ..DirectoryOptions::default() }).await;
    let asked = (0..100).map(|_| tills.execute("a", new(coin(1))));
    let answers = futures_util::future::join_all(asked).await;
    let done = answers.iter().filter(|answer| answer.is_ok()).count();
    let turned_away =
        answers.iter().filter(|answer| matches!(answer, Err(CommandError::Overloaded { .. }))).count();
    assert_eq!(done + turned_away, 100);
    assert!(done >= 8 && turned_away > 0, "{done} done");
    assert_eq!(folded(&log, &tills, "a").await.1, i64::try_from(done).unwrap());
    assert!(tills.execute("a", new(coin(1))).await.is_ok());
}

/// EL-120.
#[tokio::test]
async fn too_many_bytes_are_turned_away_at_once() {
    let log = fresh_log().await;
    let tills = tills(&log, DirectoryOptions { budget_bytes: 100, ..DirectoryOptions::default() }).await;
    let large = new(coin(1)).with_reply(vec![0; 1_000].into());
    let refused = tills.execute("a", large).await.unwrap_err();
    assert!(matches!(refused, CommandError::Overloaded { .. }));
    assert!(tills.execute("a", new(coin(1))).await.is_ok());
}

/// EL-126.
#[tokio::test(flavor = "multi_thread")]
async fn a_control_command_goes_before_what_waits() {
    let log = fresh_log().await;
    let tills = tills(&log, DirectoryOptions::default()).await;
    let slow = tills.submit("a", new(TillCommand::Ponder(Duration::from_millis(200))));
    let waiting: Vec<_> = (0..50).map(|_| tills.submit("a", new(coin(1)))).collect();
    let urgent = tills.submit("a", new(TillCommand::Open).in_lane(Lane::Control));
    assert_eq!(urgent.outcome().await.unwrap().version, Version(1));
    slow.outcome().await.unwrap();
    for coin in waiting {
        assert!(coin.outcome().await.unwrap().version > Version(1));
    }
}

/// EL-128.
#[tokio::test]
async fn a_caller_who_does_not_wait_may_find_the_command_done_later() {
    let log = fresh_log().await;
    let tills = tills(&log, DirectoryOptions::default()).await;
    let id = CommandId::generate();
    let hurried = CommandEnvelope::new(coin(1), id).within(Duration::ZERO);
    let late = tills.execute("a", hurried).await.unwrap_err();
    assert!(matches!(late, CommandError::DeadlineExceeded { .. }) && late.is_transient());
    tills.execute("a", CommandEnvelope::new(coin(1), id)).await.unwrap();
    assert_eq!(folded(&log, &tills, "a").await.1, 1);
}

/// EL-26, EL-127.
#[tokio::test]
async fn one_refused_by_the_database_does_not_take_the_others_with_it() {
    let log = fresh_log().await;
    let tills = tills(&log, DirectoryOptions::default()).await;
    // Text in Postgres has no zero bytes.
    let refused = tills.execute("a\0b", new(coin(1))).await.unwrap_err();
    assert!(matches!(refused, CommandError::Failed { .. } | CommandError::Unavailable { .. }), "{refused:?}");
    assert!(tills.execute("ab", new(coin(1))).await.is_ok());
}
