//! Section `database`.

use serde::{Deserialize, Serialize};

use super::SecretUrl;

/// Where the event log and the read models are.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct DatabaseConfig {
    /// `postgresql://user:password@host/database`, also from `DATABASE_URL`. Default none: a private Postgres is
    /// started in the data folder.
    pub url: Option<SecretUrl>,
    /// Most connections of the pool for queries, default 32. Beside it a process opens some twenty of its own for the
    /// log, its projections and leases. A private Postgres takes 200 in all.
    pub pool_size: usize,
}

impl Default for DatabaseConfig {
    fn default() -> Self {
        Self { url: None, pool_size: 32 }
    }
}
