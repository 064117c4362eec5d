//! Who drives what: leases that end with the process that holds them, however it ends.
//!
//! A lease is a session-level advisory lock on a connection of its own. It only saves work done twice: what keeps a
//! stream right is its expected version.

use std::sync::Arc;

use events::log::Connector;
use tokio::sync::Mutex;
use tokio_postgres::Client;
use uuid::Uuid;

/// Keeps these locks apart from others in the same database: "runlease" in ASCII.
const NAMESPACE: u64 = 0x7275_6e6c_6561_7365;

/// The leases of one process, all on one connection.
#[derive(Debug)]
pub struct Leases {
    connector: Connector,
    session: Mutex<Option<Arc<Client>>>,
}

/// The right to drive a run or to value a portfolio, while the connection lives. Give it back with [`Lease::release`].
#[derive(Debug)]
pub struct Lease {
    session: Arc<Client>,
    key: i64,
}

/// The database could not be asked.
#[derive(Debug, thiserror::Error)]
pub enum LeaseError {
    /// No connection for the locks.
    #[error("connecting for leases failed")]
    Connect(#[from] events::log::ConnectError),
    /// The lock could not be asked for.
    #[error("asking for a lease failed")]
    Lock(#[source] tokio_postgres::Error),
}

impl Leases {
    /// Leases in the database behind `connector`; connects when first asked.
    pub fn new(connector: Connector) -> Self {
        Self { connector, session: Mutex::new(None) }
    }

    /// The lease of the run or portfolio of this id, unless another process has it. Asking twice in one process gives two leases: whoever asks
    /// must know what it drives itself.
    pub async fn take(&self, id: Uuid) -> Result<Option<Lease>, LeaseError> {
        let session = self.session().await?;
        let key = key_of(id);
        let row =
            session.query_one(include_str!("sql/take_lease.sql"), &[&key]).await.map_err(LeaseError::Lock)?;
        Ok(row.get::<_, bool>(0).then_some(Lease { session, key }))
    }

    async fn session(&self) -> Result<Arc<Client>, LeaseError> {
        let mut session = self.session.lock().await;
        if let Some(alive) = session.as_ref().filter(|session| !session.is_closed()) {
            return Ok(alive.clone());
        }
        let fresh = Arc::new(self.connector.connect().await?);
        *session = Some(fresh.clone());
        Ok(fresh)
    }
}

impl Lease {
    /// Whether it still holds: it ends with its connection.
    pub fn holds(&self) -> bool {
        !self.session.is_closed()
    }

    /// Gives the lease back.
    pub async fn release(self) {
        // A connection that is gone has released it already.
        let _ = self.session.execute(include_str!("sql/release_lease.sql"), &[&self.key]).await;
    }
}

fn key_of(id: Uuid) -> i64 {
    let (high, low) = id.as_u64_pair();
    (high ^ low.rotate_left(32) ^ NAMESPACE).cast_signed()
}
