//! Section `log`.

use serde::{Deserialize, Serialize};

/// Limits of the event log's append queue. A full queue refuses appends, and the API answers 429 with `Retry-After`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LogConfig {
    /// Most appends that wait, default 10,000.
    pub queue_appends_max: usize,
    /// Most bytes that wait, default 64 MiB.
    pub queue_bytes_max: usize,
    /// Most appends committed in one transaction, default 1,000. More is higher throughput and longer waits.
    pub batch_appends_max: usize,
    /// Most bytes committed in one transaction, default 1 MiB. A single larger append still goes, alone.
    pub batch_bytes_max: usize,
}

impl Default for LogConfig {
    fn default() -> Self {
        Self {
            queue_appends_max: 10_000,
            queue_bytes_max: 64 * 1024 * 1024,
            batch_appends_max: 1_000,
            batch_bytes_max: 1024 * 1024,
        }
    }
}
