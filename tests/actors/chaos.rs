//! Nothing is lost or doubled, whatever happens to the actors.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use actors::{CommandEnvelope, CommandError, DirectoryOptions};
use events::CommandId;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

use super::kit::{TillCommand, Tills, coin, folded, new, tills};
use crate::support::tape::fresh_log;

/// Sends until it is answered, as a careful client would: with the same id.
async fn insist(tills: &Tills, key: &str, id: CommandId, command: TillCommand) -> Option<i64> {
    loop {
        match tills.execute(key, CommandEnvelope::new(command.clone(), id)).await {
            Ok(receipt) => return Some(receipt.version.0),
            Err(CommandError::Quarantined { .. }) => {
                // Somebody else may have released it already.
                let _ = tills.release(key).await;
            }
            Err(error) if error.is_transient() => tokio::time::sleep(Duration::from_millis(5)).await,
            Err(_) => return None,
        }
    }
}

/// One caller's random commands; answers how many coins were acknowledged per till.
async fn caller(tills: Tills, seed: u64, commands: usize, keys: usize) -> BTreeMap<String, u64> {
    let mut random = StdRng::seed_from_u64(seed);
    let mut acknowledged = BTreeMap::new();
    for _ in 0..commands {
        let key = random.random_range(0..keys).to_string();
        let id = CommandId::generate();
        match random.random_range(0..1_000) {
            0..2 => {
                insist(&tills, &key, id, TillCommand::Panic).await;
            }
            2..50 => assert_eq!(insist(&tills, &key, id, TillCommand::Steal).await, None),
            50..60 => {
                // It may have left already.
                let _ = tills.passivate(&key).await;
            }
            60..64 => {
                let _ = tills.kill(&key).await;
            }
            choice => {
                let coins = if choice % 7 == 0 { 3 } else { 1 };
                let command = TillCommand::Put(vec![1; coins]);
                let version = insist(&tills, &key, id, command.clone()).await.unwrap();
                if choice % 11 == 0 {
                    assert_eq!(insist(&tills, &key, id, command).await, Some(version), "the first answer");
                }
                *acknowledged.entry(key).or_default() += coins as u64;
            }
        }
    }
    acknowledged
}

/// EL-118, EL-122.
#[tokio::test(flavor = "multi_thread")]
async fn chaos_neither_loses_nor_doubles() {
    let seed: u64 = rand::random();
    println!("seed {seed}");
    let log = fresh_log().await;
    let options = DirectoryOptions { idle: Duration::from_millis(10), ..DirectoryOptions::default() };
    let tills = tills(&log, options).await;
    let callers = (0..32).map(|number| tokio::spawn(caller(tills.clone(), seed ^ number, 320, 24)));
    let mut expected = BTreeMap::<String, u64>::new();
    for acknowledged in futures_util::future::try_join_all(callers).await.unwrap() {
        for (key, coins) in acknowledged {
            *expected.entry(key).or_default() += coins;
        }
    }
    for (key, coins) in expected {
        let (till, version) = folded(&log, &tills, &key).await;
        assert_eq!((till.coins, version), (coins, i64::try_from(coins).unwrap()), "till {key}, seed {seed}");
    }
    println!("{:?}", tills.stats());
    assert_eq!(tills.stats().fold_differences, 0);
}

/// EL-125.
#[tokio::test(flavor = "multi_thread")]
async fn ten_thousand_passivations_under_load_lose_nothing() {
    const EACH: u64 = 1_250;
    let log = fresh_log().await;
    let tills = tills(&log, DirectoryOptions::default()).await;
    let storm = {
        let tills = tills.clone();
        tokio::spawn(async move {
            loop {
                for key in 0..8_u8 {
                    let _ = tills.passivate(key).await;
                }
                tokio::task::yield_now().await;
            }
        })
    };
    let tills = Arc::new(tills);
    let callers = (0..8_u8).map(|key| {
        let tills = tills.clone();
        tokio::spawn(async move {
            for number in 1..=EACH {
                let receipt = tills.execute(key, new(coin(number))).await.unwrap();
                assert_eq!(receipt.version.0, i64::try_from(number).unwrap());
            }
        })
    });
    futures_util::future::try_join_all(callers).await.unwrap();
    storm.abort();
    println!("{:?}", tills.stats());
    for key in 0..8_u8 {
        let (till, version) = folded(&log, &tills, &key.to_string()).await;
        assert_eq!((till.sum, version), (EACH * (EACH + 1) / 2, i64::try_from(EACH).unwrap()));
    }
    assert!(tills.stats().passivations > 1_000, "{:?}", tills.stats());
}
