//! The event log on Postgres: append, read, subscribe, snapshot.
//!
//! Order comes from one counter row that the append's own transaction moves (EL-10), so the visible positions are
//! always 1..n without holes; group commit (EL-21) makes that fast. Nothing is answered before it is durable.

mod appender;
mod atomic;
mod batch;
mod connect;
mod cqrs;
mod durable;
mod failure;
mod flight;
mod health;
mod import;
mod latency;
mod load;
mod lone;
mod migrate;
mod numbers;
mod queue;
mod read;
mod replay;
mod session;
mod snapshots;
mod subscribe;
mod types;
mod verdict;
mod verify;

use std::collections::BTreeMap;
use std::sync::Arc;

use tokio::sync::watch;

pub use appender::{AppenderLimits, AppenderStats, Lane};
pub use atomic::{AtomicError, Member};
pub use connect::{ConnectError, Connector, POOL_WAIT};
pub use cqrs::{CqrsContext, CqrsStore};
pub use health::DatabaseHealth;
pub use import::{History, IMPORT_EVENTS_MAX, ImportError};
pub use latency::{APPEND_BOUNDS_S, CategoryStats};
pub use load::{AsOf, LoadError, Loaded};
pub use migrate::{MigrateError, MigrationState, migrate, migration_state};
pub use read::{Filter, Page, ReadError};
pub use snapshots::{SnapshotError, state_hash};
pub use subscribe::{Cursor, SubscribeError, Subscription};
pub use types::UnreadableType;
pub use verdict::{Answer, Append, AppendError, Asked, Committed, Expected, NewEvent, Pending};
pub use verify::{ChainFault, Verified};

use crate::{EpochId, Position};

/// How a log is opened.
#[derive(Debug, Clone)]
pub struct LogOptions {
    /// Bounds of the append queue and of one batch.
    pub limits: AppenderLimits,
    /// Connections that append; one serves until more than a few hundred callers wait at once.
    pub appenders: usize,
    /// Connections for reading.
    pub readers: usize,
}

impl Default for LogOptions {
    fn default() -> Self {
        Self { limits: AppenderLimits::default(), appenders: 1, readers: 8 }
    }
}

/// A handle to the log; cheap to clone.
#[derive(Clone)]
pub struct Log {
    inner: Arc<Inner>,
}

struct Inner {
    connector: Connector,
    pool: deadpool_postgres::Pool,
    types: types::Types,
    names: read::Names,
    queue: Arc<queue::Queue>,
    head: watch::Sender<Position>,
    epoch: EpochId,
    tasks: Vec<tokio::task::AbortHandle>,
}

impl Drop for Inner {
    fn drop(&mut self) {
        self.tasks.iter().for_each(tokio::task::AbortHandle::abort);
    }
}

impl std::fmt::Debug for Log {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Log").field("epoch", &self.inner.epoch).finish_non_exhaustive()
    }
}

/// Why the log could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// No connection.
    #[error(transparent)]
    Connect(#[from] ConnectError),
    /// The log's own tables could not be read.
    #[error("reading the head of the log failed")]
    Head(#[source] tokio_postgres::Error),
}

impl Log {
    /// Connects, starts the appenders and the listener for wake-ups. The schema must be migrated.
    pub async fn open(connector: Connector, options: LogOptions) -> Result<Self, OpenError> {
        let client = connector.connect().await?;
        let row = client.query_one(include_str!("log/sql/head.sql"), &[]).await.map_err(OpenError::Head)?;
        durable::flush(&client, None).await.map_err(OpenError::Head)?;
        let (epoch, last) = (EpochId::from_uuid(row.get("epoch")), Position(row.get("last_seq")));
        let (head, _) = watch::channel(last);
        let queue = Arc::new(queue::Queue::new(options.limits));
        let mut tasks = Vec::new();
        for _ in 0..options.appenders.max(1) {
            let appender = flight::Appender::new(connector.clone(), queue.clone(), head.clone());
            tasks.push(tokio::spawn(appender.run()).abort_handle());
        }
        tasks.push(tokio::spawn(subscribe::listen(connector.clone(), head.clone())).abort_handle());
        let pool = connector.pool(options.readers)?;
        let inner = Inner {
            connector,
            pool,
            types: types::Types::default(),
            names: read::Names::default(),
            queue,
            head,
            epoch,
            tasks,
        };
        Ok(Self { inner: Arc::new(inner) })
    }

    /// The life of this log that was current when it was opened.
    pub fn epoch(&self) -> EpochId {
        self.inner.epoch
    }

    /// The last position known to this process to be durable.
    pub fn known_head(&self) -> Position {
        *self.inner.head.borrow()
    }

    /// Follows [`Log::known_head`].
    pub fn watch_head(&self) -> watch::Receiver<Position> {
        self.inner.head.subscribe()
    }

    /// Connections for reading, for those who read the log's database beside the log.
    pub fn pool(&self) -> &deadpool_postgres::Pool {
        &self.inner.pool
    }

    /// How connections to the log's database are made.
    pub fn connector(&self) -> &Connector {
        &self.inner.connector
    }

    /// What the appenders have done so far.
    pub fn appender_stats(&self) -> AppenderStats {
        self.inner.queue.stats()
    }

    /// The same by the category of the streams, with how long it took.
    pub fn category_stats(&self) -> BTreeMap<String, CategoryStats> {
        self.inner.queue.categories()
    }
}
