//! What actors need from outside, as traits; implemented where the application is put together.

use std::sync::Arc;

use events::market::{Bar, Bars};
use events::portfolio::valuation::Prices;
use events::run::RunSnapshot;
use events::{Portfolio, PortfolioId, Quantity, RunId, Symbol};
use jiff::Timestamp;
use serde::Serialize;

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

/// Prices with what names them.
#[derive(Debug, Clone)]
pub struct PricesAt<P> {
    /// The newest vintage that touched a symbol of the portfolio; 0 where none did.
    pub vintage: i64,
    /// The prices.
    pub prices: P,
}

/// Where valuations get their prices.
pub trait ValuationPrices: Send + Sync + 'static {
    /// The prices of one portfolio.
    type Prices: Prices + Send + Sync + 'static;

    /// The newest prices of all symbols of `portfolio`.
    fn prices(
        &self,
        portfolio: &Portfolio,
    ) -> impl Future<Output = Result<PricesAt<Self::Prices>, PortError>> + Send;
}

/// Where a node learns which portfolios are to be valued: after a restart, when prices came or a session ended.
pub trait StalePortfolios: Send + Sync + 'static {
    /// Open portfolios whose valuation does not follow from all facts, prices and sessions. May be a little out of date.
    fn stale(&self) -> impl Future<Output = Result<Vec<PortfolioId>, PortError>> + Send;
}

/// A minute that is over.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CompletedBar {
    /// Whose bar it is.
    pub symbol: Symbol,
    /// When the minute began (UTC).
    pub start: Timestamp,
    /// Its prices.
    #[serde(serialize_with = "prices")]
    pub bar: Bar,
    /// The summed size of its ticks.
    pub volume: Quantity,
    /// How many ticks it has.
    pub ticks: u64,
    /// The number of its first tick.
    pub first_seq: u64,
    /// The number of its last tick.
    pub last_seq: u64,
    /// Ticks within it that were never found.
    pub missing: u64,
}

fn prices<S: serde::Serializer>(bar: &Bar, serializer: S) -> Result<S::Ok, S::Error> {
    use serde::ser::SerializeStruct;
    let mut prices = serializer.serialize_struct("Bar", 4)?;
    prices.serialize_field("open", &bar.open)?;
    prices.serialize_field("high", &bar.high)?;
    prices.serialize_field("low", &bar.low)?;
    prices.serialize_field("close", &bar.close)?;
    prices.end()
}

/// Where completed bars of the feed go.
pub trait BarSink: Send + Sync + 'static {
    /// Keeps `bars`; a bar that is kept already stays as it is.
    fn keep(&self, bars: &[CompletedBar]) -> impl Future<Output = Result<(), PortError>> + Send;
}
