//! Section `runs`.

use serde::{Deserialize, Serialize};

/// How runs share the machine.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RunsConfig {
    /// Most runs that trade at once in this process, default 64. Further ones wait in the order they were started.
    pub active_max: usize,
    /// Most bars decided before the events are appended and progress is reported, default 512. After a crash at most
    /// this many bars are decided again, with the same result.
    pub chunk_bars: usize,
}

impl Default for RunsConfig {
    fn default() -> Self {
        Self { active_max: 64, chunk_bars: 512 }
    }
}
