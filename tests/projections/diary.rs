//! A projection that shows when an event was applied twice, out of order, or not at all; and refuses what it is told to.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use bytes::Bytes;
use events::codec::Codec;
use events::log::{Append, Committed, Expected, Filter, Lane, Log, NewEvent};
use events::{CommandId, Position, Recorded, StreamName, Tenant};
use projections::{OnPoison, Projection, ProjectionError, Projections, RunnerOptions, Watermarks};
use tokio_postgres::{Client, Transaction};

use crate::support::tape;

/// Sums up notes: each stream's count, last version and a digest that depends on order.
#[derive(Debug, Clone, Default)]
pub struct Diary<const GENERATION: i32 = 1, const HALTS: bool = false> {
    /// Texts that it cannot apply.
    pub poison: Arc<Mutex<BTreeSet<String>>>,
}

impl<const GENERATION: i32, const HALTS: bool> Projection for Diary<GENERATION, HALTS> {
    const NAME: &'static str = "diary";
    const GENERATION: i32 = GENERATION;
    const ON_POISON: OnPoison = if HALTS { OnPoison::Halt } else { OnPoison::ParkItsStream };

    fn filter() -> Filter {
        Filter::category("diary")
    }

    fn tables() -> &'static [&'static str] {
        &["diary"]
    }

    async fn apply(&self, transaction: &Transaction<'_>, events: &[Recorded]) -> Result<(), ProjectionError> {
        for event in events {
            let text = text_of(event);
            if self.poison.lock().unwrap().contains(&text) {
                return Err(ProjectionError::contradiction(format!("cannot read {text}")));
            }
            let sum = format!("{}:{text}", event.version);
            transaction
                .execute(
                    "insert into diary (stream, notes, version, digest) values ($1, 1, $2, md5($3))
                     on conflict (stream) do update
                     set notes = diary.notes + 1, version = excluded.version, digest = md5(diary.digest || $3)",
                    &[&event.stream.key(), &event.version.0, &sum],
                )
                .await
                .map_err(ProjectionError::during("writing the diary"))?;
        }
        Ok(())
    }
}

pub fn text_of(event: &Recorded) -> String {
    serde_json::from_slice(&event.payload_json().unwrap()).unwrap()
}

pub fn diary_of(key: &str) -> StreamName {
    StreamName::new(Tenant::LOCAL, "diary", key)
}

/// Appends notes to a stream.
pub async fn write(log: &Log, stream: &StreamName, texts: &[&str]) -> Committed {
    let note = |text: &&str| NewEvent {
        event_type: "Noted",
        schema_version: 1,
        codec: Codec::Json,
        payload: Bytes::from(serde_json::to_vec(text).unwrap()),
        occurred_at: None,
    };
    let events = texts.iter().map(note).collect();
    let append = Append::of_command(stream.clone(), Expected::Any, CommandId::generate(), events);
    log.append(append, Lane::Orders).await.unwrap()
}

/// A log whose database has a diary.
pub async fn fresh_log() -> Log {
    let log = tape::fresh_log().await;
    let client = log.connector().connect().await.unwrap();
    client
        .batch_execute(
            "create table diary (stream text primary key, notes bigint, version bigint, digest text)",
        )
        .await
        .unwrap();
    log
}

/// The diary as it is.
pub async fn rows(client: &Client) -> Vec<(String, i64, i64, String)> {
    let rows = client.query("select stream, notes, version, digest from diary order by stream", &[]).await;
    rows.unwrap().iter().map(|row| (row.get(0), row.get(1), row.get(2), row.get(3))).collect()
}

/// The diary as it should be: the log folded in one go in another table.
pub async fn expected(log: &Log) -> Vec<(String, i64, i64, String)> {
    let mut client = log.connector().connect().await.unwrap();
    client.batch_execute("create temporary table diary (like diary including all)").await.unwrap();
    let page = log.read(Position::START, 1_000_000, &Filter::category("diary")).await.unwrap();
    let transaction = client.transaction().await.unwrap();
    Diary::<1>::default().apply(&transaction, &page.events).await.unwrap();
    transaction.commit().await.unwrap();
    rows(&client).await
}

/// Small pages, so that there is much to interrupt.
pub fn options() -> RunnerOptions {
    RunnerOptions { page: 7, owner: "test".to_owned() }
}

pub fn watermarks(log: &Log) -> Watermarks {
    Watermarks::new(log.pool().clone())
}

pub fn only<P: Projection>(projection: P) -> Projections {
    Projections::none().with(projection)
}

/// Waits until `projection` has read everything there is now.
pub async fn caught_up(log: &Log, watermarks: &Watermarks, projection: &str) -> Position {
    let head = log.head().await.unwrap();
    watermarks.wait_for(projection, head, Duration::from_secs(30)).await.unwrap()
}

/// Polls a count until it is `wanted`.
pub async fn until_count(client: &Client, statement: &str, wanted: i64) {
    let deadline = Instant::now() + Duration::from_secs(30);
    loop {
        let found: i64 = client.query_one(statement, &[]).await.unwrap().get(0);
        if found == wanted {
            return;
        }
        assert!(Instant::now() < deadline, "{statement} is {found}, not {wanted}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}
