//! Connections: one way to make them, so that role, time limits and names are the same everywhere.

use std::time::Duration;

use deadpool_postgres::{Manager, ManagerConfig, Pool, RecyclingMethod};
use tokio_postgres::{Client, NoTls};

/// How long a caller waits for a pooled connection before it is told that the store is busy.
pub const POOL_WAIT: Duration = Duration::from_secs(5);

/// Makes connections to the log's database.
#[derive(Debug, Clone)]
pub struct Connector {
    config: tokio_postgres::Config,
}

/// No connection could be made.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    /// The address is not a Postgres URL or key-value string.
    #[error("the database address is not valid")]
    Address(#[source] tokio_postgres::Error),
    /// The server refused or is not there.
    #[error("connecting to the database failed")]
    Connect(#[source] tokio_postgres::Error),
    /// A pool could not be built.
    #[error("building the connection pool failed")]
    Pool(#[source] deadpool_postgres::BuildError),
}

impl Connector {
    /// From a `postgres://` URL or a libpq key-value string.
    pub fn new(address: &str) -> Result<Self, ConnectError> {
        Ok(Self::from_config(address.parse().map_err(ConnectError::Address)?))
    }

    /// From settings made elsewhere.
    pub fn from_config(mut config: tokio_postgres::Config) -> Self {
        config
            .application_name("tapedeck")
            .connect_timeout(Duration::from_secs(5))
            .tcp_user_timeout(Duration::from_secs(10))
            .keepalives_idle(Duration::from_secs(30));
        Self { config }
    }

    /// The settings in force.
    pub fn config(&self) -> &tokio_postgres::Config {
        &self.config
    }

    /// A connection of its own; it ends when the client is dropped.
    pub async fn connect(&self) -> Result<Client, ConnectError> {
        let (client, connection) = self.config.connect(NoTls).await.map_err(ConnectError::Connect)?;
        tokio::spawn(async move {
            // The client's next call reports the same error to someone who can act on it.
            if let Err(error) = connection.await {
                tracing::debug!(error = %error, "A database connection ended: {error}");
            }
        });
        Ok(client)
    }

    /// A connection with the session settings of an appender: a stuck append gives up instead of holding the order
    /// (EL-12), and the plan stays the one that was measured (EL-22a).
    pub async fn connect_appender(&self) -> Result<Client, ConnectError> {
        let client = self.connect().await?;
        client
            .batch_execute(include_str!("sql/appender_session.sql"))
            .await
            .map_err(ConnectError::Connect)?;
        Ok(client)
    }

    /// A pool of up to `size` connections.
    pub fn pool(&self, size: usize) -> Result<Pool, ConnectError> {
        let manager = Manager::from_config(
            self.config.clone(),
            NoTls,
            ManagerConfig { recycling_method: RecyclingMethod::Fast },
        );
        Pool::builder(manager)
            .max_size(size.max(1))
            .runtime(deadpool_postgres::Runtime::Tokio1)
            .wait_timeout(Some(POOL_WAIT))
            .create_timeout(Some(POOL_WAIT))
            .build()
            .map_err(ConnectError::Pool)
    }
}
