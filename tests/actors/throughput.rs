//! What an actor costs, measured on demand: `cargo test --release --test main throughput -- --ignored --nocapture`.

use std::time::{Duration, Instant};

use actors::DirectoryOptions;
use events::log::{Connector, migrate};
use tapedeck::embedded::{Postgres, PostgresOptions};

use super::kit::{Tills, coin, new, tills};
use crate::support::services::test_config;
use crate::support::tape::{fresh_log, open};

async fn rate(tills: &Tills, callers: usize, how_long: Duration) -> f64 {
    let begun = Instant::now();
    let tasks = (0..callers).map(|_| {
        let tills = tills.clone();
        tokio::spawn(async move {
            let mut done = 0_u32;
            while begun.elapsed() < how_long {
                tills.execute("hot", new(coin(1))).await.unwrap();
                done += 1;
            }
            done
        })
    });
    let done: u32 = futures_util::future::try_join_all(tasks).await.unwrap().into_iter().sum();
    f64::from(done) / begun.elapsed().as_secs_f64()
}

/// EL-127, EL-155.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "measures; needs a quiet machine and a release build"]
async fn one_hot_stream_is_faster_with_many_callers() {
    let postgres = Postgres::start(&PostgresOptions::of(&test_config("throughput"))).await.unwrap();
    let connector = Connector::new(postgres.url().expose()).unwrap();
    migrate(&mut connector.connect().await.unwrap()).await.unwrap();
    let log = open(&connector).await;
    let tills = tills(&log, DirectoryOptions::default()).await;
    for _ in 0..3 {
        let one = rate(&tills, 1, Duration::from_secs(2)).await;
        let before = (tills.stats(), log.appender_stats());
        let many = rate(&tills, 64, Duration::from_secs(2)).await;
        let appends = log.appender_stats().appends - before.1.appends;
        let commands = tills.stats().commands - before.0.commands;
        println!(
            "1 caller {one:.0}/s, 64 callers {many:.0}/s: {:.1} times; {:.1} commands an append",
            many / one,
            commands as f64 / appends as f64
        );
    }
}

fn resident_bytes() -> usize {
    let status = std::fs::read_to_string("/proc/self/statm").unwrap();
    status.split(' ').nth(1).unwrap().parse::<usize>().unwrap() * 4_096
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "measures; needs a release build"]
async fn an_idle_actor_costs_little() {
    const ACTORS: usize = 20_000;
    let log = fresh_log().await;
    let tills = tills(&log, DirectoryOptions::default()).await;
    tills.execute("first", new(coin(1))).await.unwrap();
    let before = resident_bytes();
    let begun = Instant::now();
    for chunk in 0..ACTORS / 500 {
        let all = (0..500).map(|number| tills.execute(chunk * 500 + number, new(coin(1))));
        futures_util::future::try_join_all(all).await.unwrap();
    }
    let took = begun.elapsed();
    let each = (resident_bytes() - before) / ACTORS;
    println!("{each} bytes an actor; {:.0} woken a second", ACTORS as f64 / took.as_secs_f64());
    assert_eq!(tills.live().await.len(), ACTORS + 1);
}
