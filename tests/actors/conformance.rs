//! The same aggregate through `cqrs_es::CqrsFramework` and through its actor (EL-113).

use std::collections::HashMap;

use actors::{CommandError, DirectoryOptions};
use cqrs_es::{AggregateError, CqrsFramework, EventStore};
use events::log::{Append, CqrsStore, Expected, Lane, Log, NewEvent};
use events::{CommandId, StreamName, Tenant, Version};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

use super::kit::{Opened, Put, TillAggregate, TillCommand, TillEvent, folded, new, tills};
use crate::support::tape::fresh_log;

fn random_command(random: &mut StdRng) -> TillCommand {
    match random.random_range(0..10) {
        0 => TillCommand::Open,
        1 => TillCommand::Steal,
        2 => TillCommand::Put(Vec::new()),
        _ => TillCommand::Put((0..random.random_range(1..4)).map(|_| random.random_range(1..100)).collect()),
    }
}

async fn events_of(log: &Log, stream: &StreamName) -> Vec<TillEvent> {
    let recorded = log.read_stream(stream, Version::NONE, 10_000).await.unwrap();
    recorded.iter().flat_map(|event| event.decode::<TillEvent>().unwrap()).collect()
}

#[tokio::test]
async fn the_framework_and_the_actor_come_to_the_same_events_and_state() {
    let seed: u64 = rand::random();
    println!("seed {seed}");
    let mut random = StdRng::seed_from_u64(seed);
    let log = fresh_log().await;
    let tills = tills(&log, DirectoryOptions::default()).await;
    let framework =
        CqrsFramework::<TillAggregate, _>::new(CqrsStore::new(log.clone(), Tenant::LOCAL), Vec::new(), ());
    for _ in 0..300 {
        let command = random_command(&mut random);
        let framed = framework.execute("framed", command.clone()).await;
        let acted = tills.execute("acted", new(command)).await;
        match (framed, acted) {
            (Ok(()), Ok(_)) => {}
            (Err(AggregateError::UserError(one)), Err(CommandError::Refused(other))) => {
                assert_eq!(one, other)
            }
            (framed, acted) => panic!("{framed:?} but {acted:?}"),
        }
    }
    let framed = events_of(&log, &tills.stream("framed")).await;
    assert!(!framed.is_empty());
    assert_eq!(framed, events_of(&log, &tills.stream("acted")).await);
    assert_eq!(folded(&log, &tills, "framed").await, folded(&log, &tills, "acted").await);
}

/// EL-114: a broken rule, a conflict and a database that is away are told apart.
#[tokio::test]
async fn the_store_tells_a_conflict_from_a_failure() {
    let log = fresh_log().await;
    let store = CqrsStore::new(log.clone(), Tenant::LOCAL);
    let stale = EventStore::<TillAggregate>::load_aggregate(&store, "a").await.unwrap();
    let fresh = EventStore::<TillAggregate>::load_aggregate(&store, "a").await.unwrap();
    let opened = || vec![TillEvent::TillOpened(Opened {})];
    store.commit(opened(), fresh, HashMap::new()).await.unwrap();
    let refused = store.commit(opened(), stale, HashMap::new()).await.unwrap_err();
    assert!(matches!(refused, AggregateError::AggregateConflict), "{refused:?}");

    // An event that no till knows is neither the caller's fault nor the network's.
    let name = StreamName::new(Tenant::LOCAL, "till", "strange");
    let strange = NewEvent { event_type: "TillVanished", ..NewEvent::encode(&opened()[0]).unwrap() };
    let append = Append::of_command(name, Expected::NoStream, CommandId::generate(), vec![strange]);
    log.append(append, Lane::Orders).await.unwrap();
    let unread = EventStore::<TillAggregate>::load_events(&store, "strange").await.unwrap_err();
    assert!(matches!(unread, AggregateError::DeserializationError(_)), "{unread:?}");

    let client = log.connector().connect().await.unwrap();
    let others = "select pg_terminate_backend(pid) from pg_stat_activity \
                  where datname = current_database() and pid <> pg_backend_pid()";
    client.batch_execute("alter table streams rename to streams_away").await.unwrap();
    client.batch_execute(others).await.unwrap();
    let away = EventStore::<TillAggregate>::load_aggregate(&store, "b").await.unwrap_err();
    assert!(matches!(away, AggregateError::DatabaseConnectionError(_)), "{away:?}");
}

/// EL-115: what an envelope has no place for stands under reserved keys.
#[tokio::test]
async fn envelopes_carry_position_and_time() {
    let log = fresh_log().await;
    let store = CqrsStore::new(log.clone(), Tenant::LOCAL);
    let context = EventStore::<TillAggregate>::load_aggregate(&store, "a").await.unwrap();
    let events = vec![TillEvent::TillOpened(Opened {}), TillEvent::CoinPut(Put { amount: 1 })];
    let own = HashMap::from([("who".to_owned(), "ann".to_owned())]);
    let committed = store.commit(events, context, own).await.unwrap();
    let loaded = EventStore::<TillAggregate>::load_events(&store, "a").await.unwrap();
    let name = StreamName::new(Tenant::LOCAL, "till", "a");
    let recorded = log.read_stream(&name, Version::NONE, 10).await.unwrap();
    assert_eq!(recorded.len(), 2);
    for (recorded, (committed, loaded)) in recorded.iter().zip(committed.iter().zip(&loaded)) {
        for envelope in [committed, loaded] {
            assert_eq!(envelope.metadata["tape.seq"], recorded.position.to_string());
            assert_eq!(envelope.metadata["tape.at"], recorded.recorded_at.to_string());
            assert_eq!(envelope.sequence, usize::try_from(recorded.version.0).unwrap());
        }
        assert_eq!(committed.metadata["who"], "ann");
    }
}
