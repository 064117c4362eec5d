//! What actors need from outside, as traits; implemented where the application is put together.

use std::sync::Arc;

use events::RunId;
use events::market::Bars;
use events::run::RunSnapshot;

/// A port could not deliver.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PortError {
    /// Asking again later may help: a database or network is away.
    #[error("{reason}")]
    Transient {
        /// What happened.
        reason: String,
    },
    /// Asking again will not help: what was asked for does not exist.
    #[error("{reason}")]
    Permanent {
        /// What is wrong.
        reason: String,
    },
}

/// Where runs get their prices.
pub trait MarketData: Send + Sync + 'static {
    /// The bars that the snapshot froze: its symbols, interval, range and vintage, warm-up included.
    fn bars(&self, snapshot: &RunSnapshot) -> impl Future<Output = Result<Arc<Bars>, PortError>> + Send;
}

/// Where a node learns which runs it should drive after a restart, its own or another node's.
pub trait UnfinishedRuns: Send + Sync + 'static {
    /// Up to `limit` runs that were requested and are not over, oldest first. May be a little out of date.
    fn unfinished(&self, limit: usize) -> impl Future<Output = Result<Vec<RunId>, PortError>> + Send;
}

/// Where completed bars of the feed go.
pub trait BarSink: Send + Sync + 'static {
    /// Keeps `bars`; a bar that is kept already stays as it is.
    fn keep(&self, bars: &[crate::feed::CompletedBar]) -> impl Future<Output = Result<(), PortError>> + Send;
}
