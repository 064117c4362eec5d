//! How far each projection has read, so that a reader can wait for what it has just written.

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use deadpool_postgres::Pool;
use events::Position;
use tokio::sync::{Mutex, watch};
use tokio::time::Instant;

use crate::fold::place::Shard;

/// How long a waiter trusts in a worker of its own process before it looks at the database.
const TRUST: Duration = Duration::from_millis(10);
/// Longest pause between two looks.
const LOOK_PAUSE_MAX: Duration = Duration::from_millis(100);

/// The positions up to which the projections' tables are complete; cheap to clone.
///
/// A worker in this process moves them after each commit. Where another process does the work, whoever waits looks at
/// the checkpoints, at most once in ten milliseconds for all waiters together.
#[derive(Clone)]
pub struct Watermarks {
    inner: Arc<Inner>,
}

struct Inner {
    pool: Pool,
    channels: RwLock<BTreeMap<String, Channel>>,
    looked_at: Mutex<Option<Instant>>,
}

struct Channel {
    /// Of the shards that a worker of this process feeds.
    shards: BTreeMap<i16, Position>,
    /// How many shards there are.
    of: usize,
    sender: watch::Sender<Position>,
}

impl Default for Channel {
    fn default() -> Self {
        Self { shards: BTreeMap::new(), of: 1, sender: watch::Sender::new(Position::START) }
    }
}

impl Channel {
    /// The slowest shard; nothing while a shard is fed elsewhere.
    fn slowest(&self) -> Option<Position> {
        self.shards.values().min().copied().filter(|_| self.shards.len() >= self.of)
    }

    fn raise(&self, to: Position) {
        self.sender.send_if_modified(|at| std::mem::replace(at, to.max(*at)) < to);
    }
}

impl std::fmt::Debug for Watermarks {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Watermarks").finish_non_exhaustive()
    }
}

/// The projection did not get there in time.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{projection} has read up to position {reached}, not yet {wanted}")]
pub struct WaitError {
    /// Which projection.
    pub projection: String,
    /// Where it should be.
    pub wanted: Position,
    /// Where it is: what its tables show now.
    pub reached: Position,
}

impl Watermarks {
    /// Nothing is known yet; `pool` leads to the checkpoints.
    pub fn new(pool: Pool) -> Self {
        let inner = Inner { pool, channels: RwLock::default(), looked_at: Mutex::default() };
        Self { inner: Arc::new(inner) }
    }

    /// How far `projection` has read, as far as this process knows.
    pub fn position(&self, projection: &str) -> Position {
        let channels = self.inner.channels.read().unwrap_or_else(PoisonError::into_inner);
        channels.get(projection).map_or(Position::START, |channel| *channel.sender.borrow())
    }

    /// Waits until the tables of `projection` show everything up to `position`, and answers with where they are.
    pub async fn wait_for(
        &self,
        projection: &str,
        position: Position,
        timeout: Duration,
    ) -> Result<Position, WaitError> {
        let mut reached = self.follow(projection);
        let deadline = Instant::now() + timeout;
        let mut pause = TRUST;
        loop {
            let until = deadline.min(Instant::now() + pause);
            let arrival = async { reached.wait_for(|at| *at >= position).await.map(|at| *at) };
            if let Ok(Ok(at)) = tokio::time::timeout_at(until, arrival).await {
                return Ok(at);
            }
            self.look().await;
            let at = *reached.borrow();
            if at >= position {
                return Ok(at);
            }
            if Instant::now() >= deadline {
                let projection = projection.to_owned();
                return Err(WaitError { projection, wanted: position, reached: at });
            }
            pause = (pause * 2).min(LOOK_PAUSE_MAX);
        }
    }

    /// Waits for several projections, each within `timeout` from now; answers with where the slowest is.
    pub async fn wait_for_all(
        &self,
        projections: &[&str],
        position: Position,
        timeout: Duration,
    ) -> Result<Position, WaitError> {
        let waits = projections.iter().map(|projection| self.wait_for(projection, position, timeout));
        let reached = futures_util::future::try_join_all(waits).await?;
        Ok(reached.into_iter().min().unwrap_or(position))
    }

    /// A worker took one of `of` shards over: it stands here, which may be before where a lost commit had been.
    pub(crate) fn reset(&self, projection: &str, shard: Shard, position: Position) {
        let mut channels = self.inner.channels.write().unwrap_or_else(PoisonError::into_inner);
        let channel = channels.entry(projection.to_owned()).or_default();
        channel.of = shard.siblings();
        channel.shards.insert(shard.number(), position);
        if let Some(slowest) = channel.slowest() {
            channel.sender.send_replace(slowest);
        }
    }

    /// A worker has got here.
    pub(crate) fn advance(&self, projection: &str, shard: Shard, position: Position) {
        let mut channels = self.inner.channels.write().unwrap_or_else(PoisonError::into_inner);
        let channel = channels.entry(projection.to_owned()).or_default();
        channel.shards.insert(shard.number(), position);
        if let Some(slowest) = channel.slowest() {
            channel.raise(slowest);
        }
    }

    fn follow(&self, projection: &str) -> watch::Receiver<Position> {
        let mut channels = self.inner.channels.write().unwrap_or_else(PoisonError::into_inner);
        channels.entry(projection.to_owned()).or_default().sender.subscribe()
    }

    /// Reads all checkpoints, unless another waiter has just done so. A failure only means to wait longer.
    async fn look(&self) {
        let mut looked_at = self.inner.looked_at.lock().await;
        if looked_at.is_some_and(|at| at.elapsed() < TRUST) {
            return;
        }
        let Ok(client) = self.inner.pool.get().await else { return };
        let Ok(rows) = client.query(include_str!("sql/fold/positions.sql"), &[]).await else { return };
        *looked_at = Some(Instant::now());
        let mut channels = self.inner.channels.write().unwrap_or_else(PoisonError::into_inner);
        for row in rows {
            let (name, stored) = (row.get::<_, String>("name"), Position(row.get("seq")));
            channels.entry(name).or_default().raise(stored);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn nowhere() -> Watermarks {
        let manager = deadpool_postgres::Manager::new(
            "host=/nonexistent user=nobody".parse().unwrap(),
            tokio_postgres::NoTls,
        );
        Watermarks::new(Pool::builder(manager).build().unwrap())
    }

    #[tokio::test]
    async fn a_waiter_is_woken_by_the_commit_it_waits_for() {
        let watermarks = nowhere();
        let waiting = watermarks.clone();
        let waiter =
            tokio::spawn(async move { waiting.wait_for("runs", Position(3), Duration::from_secs(60)).await });
        for position in 1..=3 {
            tokio::task::yield_now().await;
            watermarks.advance("runs", Shard::WHOLE, Position(position));
        }
        assert_eq!(waiter.await.unwrap(), Ok(Position(3)));
    }

    #[tokio::test]
    async fn the_slowest_shard_counts() {
        let watermarks = nowhere();
        let [slow, fast] = Shard::both();
        watermarks.reset("runs", fast, Position(9));
        assert_eq!(watermarks.position("runs"), Position::START);
        watermarks.reset("runs", slow, Position(1));
        let stale = watermarks.wait_for("runs", Position(5), Duration::from_millis(1)).await.unwrap_err();
        assert_eq!(stale.reached, Position(1));
        watermarks.advance("runs", slow, Position(7));
        assert_eq!(watermarks.position("runs"), Position(7));
    }
}
