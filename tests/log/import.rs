//! Importing history: whole new streams at once.

use events::log::{Append, Asked, Expected, History, IMPORT_EVENTS_MAX, ImportError, Lane, Log};
use events::{CommandId, Position, StreamTip, Version};

use super::build::{note, one, put, stream};
use super::concurrency::until_waiting_for_a_lock;
use crate::support::tape::{fresh_log, fresh_tape, open};

fn history(key: &str, events: usize) -> History {
    History {
        stream: stream(key),
        asked: vec![Asked::new(CommandId::generate(), events)],
        events: (0..events).map(|number| note(&number.to_string())).collect(),
    }
}

async fn count(log: &Log) -> i64 {
    let mut seen = 0;
    let last = log.replay(Position::START, |_| {
        seen += 1;
        Ok(())
    });
    assert_eq!(last.await.unwrap(), Position(seen));
    seen
}

/// EL-29, EL-10: imports and appends share one order without holes, and what was imported is an ordinary stream.
#[tokio::test(flavor = "multi_thread")]
async fn imports_and_appends_share_one_gapless_order() {
    let log = fresh_log().await;
    let appending = (0..4).map(|writer| {
        let log = log.clone();
        tokio::spawn(async move {
            for _ in 0..100 {
                put(&log, &stream(&format!("writer-{writer}")), 2).await;
            }
        })
    });
    let appending: Vec<_> = appending.collect();
    let mut imported = Vec::new();
    for round in 0..5 {
        let histories = (0..3).map(|number| history(&format!("old-{round}-{number}"), 700)).collect();
        imported.extend(log.import(histories).await.unwrap());
    }
    for writer in appending {
        writer.await.unwrap();
    }
    assert_eq!(count(&log).await, 4 * 100 * 2 + 15 * 700);
    for (index, committed) in imported.iter().enumerate() {
        let name = stream(&format!("old-{}-{}", index / 3, index % 3));
        assert_eq!(committed.last.0 - committed.first.0, 699, "an import has consecutive positions");
        let verified = log.verify_stream(&name).await.unwrap();
        assert_eq!((verified.events, verified.fault), (700, None));
        assert_eq!(log.tip(&name).await.unwrap(), committed.tip);
        let next = log.append(one(&name, Expected::Tip(committed.tip)), Lane::Orders).await.unwrap();
        assert_eq!(next.tip.version, Version(701));
    }
}

/// EL-29, EL-30: an imported command is remembered; a stream that exists is not imported, nor what comes with it.
#[tokio::test(flavor = "multi_thread")]
async fn an_import_is_whole_or_refused() {
    let log = fresh_log().await;
    put(&log, &stream("there"), 3).await;
    let mut old = history("old", 5);
    let second = Asked::new(CommandId::generate(), 2);
    old.asked = vec![Asked::new(CommandId::generate(), 3), second.clone()];
    log.import(vec![old.clone()]).await.unwrap();
    let answer = log.answer_to(second.command_id).await.unwrap().unwrap();
    assert_eq!((answer.from_version, answer.to_version), (Version(4), Version(5)));
    assert_eq!((answer.first, answer.last), (Position(7), Position(8)));
    let again =
        Append::of_command(stream("other"), Expected::NoStream, second.command_id, vec![note("again")]);
    assert!(log.append(again, Lane::Orders).await.is_err(), "its command was carried out");

    let refused = |histories| {
        let log = log.clone();
        async move { log.import(histories).await.unwrap_err() }
    };
    let exists = refused(vec![history("new", 1), history("there", 1)]).await;
    assert!(matches!(&exists, ImportError::Exists { stream: name } if *name == stream("there")), "{exists}");
    let twice = refused(vec![history("new", 1), history("new", 1)]).await;
    assert!(matches!(twice, ImportError::Twice { .. }), "{twice}");
    let repeated = refused(vec![history("new", 1), History { stream: stream("copy"), ..old }]).await;
    assert!(matches!(repeated, ImportError::Repeated), "{repeated}");
    let empty = refused(vec![history("new", 0)]).await;
    assert!(matches!(empty, ImportError::Malformed(_)), "{empty}");
    let many = refused(vec![history("new", IMPORT_EVENTS_MAX + 1)]).await;
    assert!(matches!(many, ImportError::TooMany { .. }), "{many}");
    for absent in ["new", "copy", "other"] {
        assert_eq!(log.tip(&stream(absent)).await.unwrap(), StreamTip::EMPTY, "{absent}");
    }
    let next = put(&log, &stream("there"), 1).await;
    assert_eq!(next.first, Position(9), "what was refused burned no position");
}

/// EL-29: an import that is cut off while it writes leaves nothing behind and holds nobody up.
#[tokio::test(flavor = "multi_thread")]
async fn an_import_that_is_cut_off_leaves_nothing() {
    for held in ["events", "commands"] {
        let tape = fresh_tape().await;
        let log = open(&tape).await;
        put(&log, &stream("there"), 1).await;
        // Within its transaction the blocker would see the same activity again and again.
        let (blocker, observer) = (tape.connect().await.unwrap(), tape.connect().await.unwrap());
        blocker
            .batch_execute(&format!("begin; lock table {held} in share row exclusive mode"))
            .await
            .unwrap();
        let importing = tokio::spawn({
            let log = log.clone();
            async move { log.import(vec![history("old", 2_000)]).await }
        });
        until_waiting_for_a_lock(&observer).await;
        let cut = "select pg_terminate_backend(pid) from pg_stat_activity
            where datname = current_database() and wait_event_type = 'Lock'";
        assert_eq!(observer.query(cut, &[]).await.unwrap().len(), 1);
        let error = importing.await.unwrap().unwrap_err();
        assert!(matches!(error, ImportError::Database { .. }), "{error}");
        blocker.batch_execute("rollback").await.unwrap();
        assert_eq!(log.tip(&stream("old")).await.unwrap(), StreamTip::EMPTY);
        assert_eq!(put(&log, &stream("there"), 1).await.first, Position(2));
        log.import(vec![history("old", 2_000)]).await.unwrap();
        assert_eq!(count(&log).await, 2_002);
    }
}
