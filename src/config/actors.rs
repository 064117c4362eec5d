//! Section `actors`.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// How many commands are in work, how long actors live, and how often they may fail.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ActorsConfig {
    /// Most commands in work or waiting in mailboxes at once, default 256. The next one is answered with 429 and `Retry-After`.
    pub permits: usize,
    /// Milliseconds without a message after which an actor is unloaded, default 60,000. It is loaded again on demand.
    pub passivate_after_ms: u64,
    /// Most failures of one stream's actor within the window before the stream is quarantined, default 5.
    pub restarts_max: u32,
    /// The window in milliseconds in which failures are counted, default 60,000.
    pub restart_window_ms: u64,
}

impl ActorsConfig {
    /// `passivate_after_ms` as a duration.
    pub fn passivate_after(&self) -> Duration {
        Duration::from_millis(self.passivate_after_ms)
    }

    /// `restart_window_ms` as a duration.
    pub fn restart_window(&self) -> Duration {
        Duration::from_millis(self.restart_window_ms)
    }
}

impl Default for ActorsConfig {
    fn default() -> Self {
        Self { permits: 256, passivate_after_ms: 60_000, restarts_max: 5, restart_window_ms: 60_000 }
    }
}
