//! The same aggregate through `cqrs_es::CqrsFramework` and through its actor (EL-113).

use actors::{CommandError, DirectoryOptions};
use cqrs_es::{AggregateError, CqrsFramework};
use events::log::{CqrsStore, Log};
use events::{StreamName, Tenant, Version};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

use super::kit::{TillAggregate, TillCommand, TillEvent, folded, new, tills};
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
