//! Verdicts of single and batched appends.

use events::log::{Append, AppendError, Asked, AtomicError, Expected, Lane, Member, Pending};
use events::{ChainHash, CommandId, Position, StreamTip, Version};

use super::build::{note, one, put, stream};
use crate::support::tape::{fresh_log, fresh_tape, open};

/// EL-4, EL-20: what each expectation says of a new and of an existing stream.
#[tokio::test(flavor = "multi_thread")]
async fn each_expectation_holds_or_is_refused_with_the_current_version() {
    let log = fresh_log().await;
    let name = stream("matrix");
    let refused = |expected| {
        let (log, name) = (log.clone(), name.clone());
        async move {
            match log.append(one(&name, expected), Lane::Orders).await {
                Err(AppendError::Conflict { current, .. }) => current,
                other => panic!("expected a conflict, got {other:?}"),
            }
        }
    };
    assert_eq!(refused(Expected::Version(Version(1))).await, Version(0));
    assert_eq!(refused(Expected::Exists).await, Version(0));
    let wrong = StreamTip { version: Version(3), hash: ChainHash([7; 32]) };
    assert_eq!(refused(Expected::Tip(wrong)).await, Version(0));

    let first = log.append(one(&name, Expected::NoStream), Lane::Orders).await.unwrap();
    assert_eq!((first.first, first.last, first.tip.version), (Position(1), Position(1), Version(1)));
    let second = log.append(one(&name, Expected::Exists), Lane::Orders).await.unwrap();
    let third = log.append(one(&name, Expected::Version(Version(2))), Lane::Orders).await.unwrap();
    let fourth = log.append(one(&name, Expected::Tip(third.tip)), Lane::Orders).await.unwrap();
    assert_eq!((second.tip.version, fourth.tip.version), (Version(2), Version(4)));

    assert_eq!(refused(Expected::NoStream).await, Version(4));
    assert_eq!(refused(Expected::Version(Version(3))).await, Version(4));
    assert_eq!(refused(Expected::Tip(third.tip)).await, Version(4));
    let other_hash = StreamTip { version: Version(4), hash: ChainHash([7; 32]) };
    assert_eq!(refused(Expected::Tip(other_hash)).await, Version(4));
    let versions: Vec<i64> =
        log.read_stream(&name, Version(0), 10).await.unwrap().iter().map(|event| event.version.0).collect();
    assert_eq!(versions, [1, 2, 3, 4]);
}

/// EL-21, EL-22: stale, unknown, new and repeated appends in one batch; losers burn no position and fail nobody else.
#[tokio::test(flavor = "multi_thread")]
async fn losers_of_a_batch_burn_no_position() {
    let log = fresh_log().await;
    let known = put(&log, &stream("known"), 1).await;
    let repeated = one(&stream("repeated"), Expected::NoStream);
    log.append(repeated.clone(), Lane::Orders).await.unwrap();
    let before = log.appender_stats();

    // Holding the head keeps the first batch waiting, so that the others gather into one.
    let blocker = log.connector().connect().await.unwrap();
    blocker.batch_execute("begin; select * from log_head for update").await.unwrap();
    let mut verdicts = Vec::new();
    let mut send = |append: Append, tip: StreamTip| {
        let log = log.clone();
        verdicts.push(tokio::spawn(async move {
            log.append_chained(Pending::chain(append, tip).unwrap(), Lane::Orders).await
        }));
    };
    send(one(&stream("first"), Expected::NoStream), StreamTip::EMPTY);
    super::concurrency::until_waiting_for_a_lock(&blocker).await;
    let stale = StreamTip { version: Version(7), hash: ChainHash([1; 32]) };
    for index in 0..50 {
        send(one(&stream(&format!("new-{index}")), Expected::NoStream), StreamTip::EMPTY);
        send(one(&stream(&format!("unknown-{index}")), Expected::NoStream), stale);
    }
    send(one(&stream("known"), Expected::NoStream), StreamTip::EMPTY);
    send(repeated, StreamTip::EMPTY);
    crate::support::waiting::until("all are queued", || log.appender_stats().queued == 102).await;
    blocker.batch_execute("commit").await.unwrap();

    let (mut won, mut conflicts, mut duplicates) = (Vec::new(), 0, 0);
    for verdict in verdicts {
        match verdict.await.unwrap() {
            Ok(committed) => won.push(committed.first.0),
            Err(AppendError::Conflict { .. }) => conflicts += 1,
            Err(AppendError::Duplicate(answer)) => {
                assert_eq!(answer.first, Position(2));
                duplicates += 1;
            }
            Err(other) => panic!("{other:?}"),
        }
    }
    assert_eq!((won.len(), conflicts, duplicates), (51, 51, 1));
    won.sort_unstable();
    let expected: Vec<i64> = (3..=53).collect();
    assert_eq!(won, expected, "winners have the next positions, without a hole");
    let after = log.appender_stats();
    assert_eq!(after.batches - before.batches, 2, "102 appends went in one statement");
    assert_eq!(known.first, Position(1));
    assert!(log.tip(&stream("unknown-0")).await.unwrap() == StreamTip::EMPTY);
}

/// EL-24: two appends of one stream never share a batch; the second is judged after the first.
#[tokio::test(flavor = "multi_thread")]
async fn appends_of_one_stream_are_judged_one_after_the_other() {
    let log = fresh_log().await;
    let name = stream("serial");
    let writers: Vec<_> = (0..40)
        .map(|_| {
            let (log, name) = (log.clone(), name.clone());
            tokio::spawn(async move {
                log.append(one(&name, Expected::Any), Lane::Orders).await.unwrap().tip.version.0
            })
        })
        .collect();
    let mut versions = Vec::new();
    for writer in writers {
        versions.push(writer.await.unwrap());
    }
    versions.sort_unstable();
    assert_eq!(versions, (1..=40).collect::<Vec<_>>());
}

/// EL-26: the database refuses one append of a batch; the others commit.
#[tokio::test(flavor = "multi_thread")]
async fn a_bad_append_stands_alone() {
    let log = fresh_log().await;
    let blocker = log.connector().connect().await.unwrap();
    blocker.batch_execute("begin; select * from log_head for update").await.unwrap();
    let mut verdicts = Vec::new();
    for index in 0..20 {
        // Postgres text cannot hold a NUL.
        let key = if index == 13 { "bad\0key".to_owned() } else { format!("good-{index}") };
        let (log, append) = (log.clone(), one(&stream(&key), Expected::NoStream));
        let pending = Pending::chain(append, StreamTip::EMPTY).unwrap();
        verdicts.push(tokio::spawn(async move { log.append_chained(pending, Lane::Orders).await }));
    }
    super::concurrency::until_waiting_for_a_lock(&blocker).await;
    blocker.batch_execute("commit").await.unwrap();
    for (index, verdict) in verdicts.into_iter().enumerate() {
        match verdict.await.unwrap() {
            Ok(_) => assert_ne!(index, 13),
            Err(AppendError::Refused { code, .. }) => {
                assert_eq!((index, code.as_deref()), (13, Some("22021")));
            }
            Err(other) => panic!("{index}: {other:?}"),
        }
    }
    assert_eq!(log.head().await.unwrap(), Position(19));
}

/// EL-30, EL-34: one command sent at once through two processes has one set of events and one answer.
#[tokio::test(flavor = "multi_thread")]
async fn a_command_sent_twice_has_one_effect_and_one_answer() {
    let tape = fresh_tape().await;
    let (here, there) = (open(&tape).await, open(&tape).await);
    for round in 0..20 {
        let name = stream(&format!("twice-{round}"));
        let asked = Asked {
            reply: Some("answer".into()),
            request_hash: Some([9; 32]),
            ..Asked::new(CommandId::generate(), 2)
        };
        let append = Append {
            stream: name.clone(),
            expected: Expected::NoStream,
            asked: vec![asked],
            events: vec![note("a"), note("b")],
        };
        let both = tokio::join!(
            here.append(append.clone(), Lane::Orders),
            there.append(append.clone(), Lane::Orders)
        );
        let (committed, lost) = match both {
            (Ok(committed), Err(lost)) | (Err(lost), Ok(committed)) => (committed, lost),
            other => panic!("{other:?}"),
        };
        // Whoever lost by the version alone asks again and gets the answer.
        let answer = match lost {
            AppendError::Duplicate(answer) => *answer,
            AppendError::Conflict { .. } => match here.append(append, Lane::Orders).await {
                Err(AppendError::Duplicate(answer)) => *answer,
                other => panic!("{other:?}"),
            },
            other => panic!("{other:?}"),
        };
        assert_eq!((answer.first, answer.last, answer.at), (committed.first, committed.last, committed.at));
        assert_eq!((answer.from_version, answer.to_version), (Version(1), Version(2)));
        assert_eq!(answer.reply.as_deref(), Some(b"answer".as_slice()));
        assert_eq!(answer.request_hash, Some([9; 32]));
        assert_eq!(here.read_stream(&name, Version(0), 10).await.unwrap().len(), 2);
    }
}

/// EL-30, EL-22: a lone append that was answered before gets its first answer, whether its stream ends as it believes or
/// not, and burns no position.
#[tokio::test]
async fn a_lone_append_that_is_repeated_gets_its_first_answer() {
    let log = fresh_log().await;
    let name = stream("lone");
    for events in [1, 3] {
        let before = put(&log, &name, 1).await.tip;
        let notes = (0..events).map(|_| note("again")).collect();
        let append = Append::of_command(name.clone(), Expected::Tip(before), CommandId::generate(), notes);
        let first = log.append(append.clone(), Lane::Orders).await.unwrap();
        for tip in [before, first.tip] {
            let repeated = Append { expected: Expected::Tip(tip), ..append.clone() };
            match log.append(repeated, Lane::Orders).await {
                Err(AppendError::Duplicate(answer)) => {
                    assert_eq!((answer.first, answer.last), (first.first, first.last));
                }
                other => panic!("{other:?}"),
            }
        }
        let stale =
            Append::of_command(name.clone(), Expected::Tip(before), CommandId::generate(), append.events);
        match log.append(stale, Lane::Orders).await {
            Err(AppendError::Conflict { current, .. }) => assert_eq!(current, first.tip.version),
            other => panic!("{other:?}"),
        }
        assert_eq!(put(&log, &stream("other"), 1).await.first.0, first.last.0 + 1, "no position was burnt");
    }
}

/// EL-31: ids that are not time-ordered are remembered too, and a command of a merged append by itself.
#[tokio::test(flavor = "multi_thread")]
async fn each_command_of_a_merged_append_is_remembered() {
    let log = fresh_log().await;
    let (first, second) = (CommandId::generate(), CommandId::derived(&[b"not time-ordered"]));
    let append = Append {
        stream: stream("merged"),
        expected: Expected::NoStream,
        asked: vec![Asked::new(first, 1), Asked::new(second, 2)],
        events: vec![note("a"), note("b"), note("c")],
    };
    log.append(append, Lane::Orders).await.unwrap();
    let answer = log.answer_to(second).await.unwrap().unwrap();
    assert_eq!((answer.from_version, answer.to_version), (Version(2), Version(3)));
    assert_eq!((answer.first, answer.last), (Position(2), Position(3)));
    let events = log.read_stream(&stream("merged"), Version(0), 9).await.unwrap();
    let commands: Vec<_> = events.iter().map(|event| event.command_id).collect();
    assert_eq!(commands, [first, second, second]);
}

/// EL-25: several streams win or lose together, and a member may only check.
#[tokio::test(flavor = "multi_thread")]
async fn an_atomic_append_writes_all_members_or_none() {
    let log = fresh_log().await;
    let checked = put(&log, &stream("checked"), 1).await.tip;
    let write =
        |key: &str, tip| Member::Write(Pending::chain(one(&stream(key), Expected::Tip(tip)), tip).unwrap());
    let members = [
        write("left", StreamTip::EMPTY),
        write("right", StreamTip::EMPTY),
        Member::Check(stream("checked"), checked),
    ];
    let done = log.append_atomically(&members).await.unwrap();
    assert_eq!(done.iter().flatten().map(|committed| committed.first.0).collect::<Vec<_>>(), [2, 3]);
    assert!(done[2].is_none());

    let left = log.tip(&stream("left")).await.unwrap();
    let stale_write = [write("left", left), write("right", StreamTip::EMPTY)];
    let refused = log.append_atomically(&stale_write).await.unwrap_err();
    assert!(matches!(refused, AtomicError::Lost(AppendError::Conflict { .. })), "{refused:?}");
    let stale_check = [write("left", left), Member::Check(stream("checked"), StreamTip::EMPTY)];
    let refused = log.append_atomically(&stale_check).await.unwrap_err();
    assert!(matches!(refused, AtomicError::Lost(AppendError::Conflict { .. })), "{refused:?}");
    assert_eq!(log.head().await.unwrap(), Position(3), "nothing of a lost append was written");
    assert_eq!(log.tip(&stream("left")).await.unwrap(), left);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_append_without_events_or_with_an_orphan_is_malformed() {
    let log = fresh_log().await;
    let empty = Append::of_command(stream("x"), Expected::Any, CommandId::generate(), vec![]);
    assert!(matches!(log.append(empty, Lane::Orders).await, Err(AppendError::Malformed { .. })));
    let mut orphan = one(&stream("x"), Expected::Any);
    orphan.events.push(note("nobody asked"));
    assert!(matches!(log.append(orphan, Lane::Orders).await, Err(AppendError::Malformed { .. })));
}
