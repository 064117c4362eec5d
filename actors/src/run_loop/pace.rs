//! How long a driver waits when something is away.

use std::time::Duration;

use tokio_util::sync::CancellationToken;

const FIRST: Duration = Duration::from_millis(100);
const LONGEST: Duration = Duration::from_secs(5);

/// Waits longer with each stumble in a row.
#[derive(Debug)]
pub(super) struct Pace {
    wait: Duration,
}

impl Default for Pace {
    fn default() -> Self {
        Self { wait: FIRST }
    }
}

impl Pace {
    /// It went on.
    pub(super) fn go(&mut self) {
        self.wait = FIRST;
    }

    /// It did not: says why and waits, unless told to leave.
    pub(super) async fn stumble(&mut self, leaving: &CancellationToken, why: &str) {
        tracing::warn!("{why}");
        // Cancelled or not, the caller looks.
        let _ = tokio::time::timeout(self.wait, leaving.cancelled()).await;
        self.wait = (self.wait * 2).min(LONGEST);
    }
}
