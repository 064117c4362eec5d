//! Section `http.rates`.

use serde::{Deserialize, Serialize};

/// How many requests each client may send. Two buckets a client: one that refills over a minute and one that refills
/// over a second, so that a burst is bounded, too. What is over is answered with 429 and `Retry-After`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RatesConfig {
    /// Requests a minute of one user, default 100.
    pub user_per_minute: u32,
    /// Requests of one user at once, refilled each second, default 10.
    pub user_per_second: u32,
    /// Requests a minute of one address (of one /64 network for IPv6), whoever its users are, default 600.
    pub address_per_minute: u32,
    /// Requests of one address at once, refilled each second, default 50.
    pub address_per_second: u32,
    /// Requests a minute of the owner of a private installation and of programs on its machine, default 600,000.
    pub owner_per_minute: u32,
    /// Requests of the owner at once, refilled each second, default 10,000.
    pub owner_per_second: u32,
    /// Attempts a minute to log in, by address and by account, default 10.
    pub logins_per_minute: u32,
    /// Clients that are remembered at once, default 100,000; beyond it, new ones share one bucket.
    pub clients_max: usize,
}

impl Default for RatesConfig {
    fn default() -> Self {
        Self {
            user_per_minute: 100,
            user_per_second: 10,
            address_per_minute: 600,
            address_per_second: 50,
            owner_per_minute: 600_000,
            owner_per_second: 10_000,
            logins_per_minute: 10,
            clients_max: 100_000,
        }
    }
}
