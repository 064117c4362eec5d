//! The market store as the application sees it: bars by terms, each set of columns read once and shared.

use std::collections::{BTreeSet, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};

use deadpool_postgres::{Pool, PoolError};
use events::market::Bars;
use events::run::RunSnapshot;
use events::{Interval, Symbol};
use jiff::{SignedDuration, Timestamp};
use projections::bars::{self, BarsQuery, BarsStoreError, Vintage};

/// Sets of columns kept for the next run over the same bars.
const KEPT_MAX: usize = 8;

/// A part of the price history.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Range {
    /// Whose bars, rising.
    pub symbols: Vec<Symbol>,
    /// Their length.
    pub interval: Interval,
    /// The first bar starts here or later.
    pub from: Timestamp,
    /// Bars start before this.
    pub until: Timestamp,
    /// As known at this vintage.
    pub vintage: Vintage,
}

impl Range {
    /// From the bar that starts at `first` to the one that starts at `last`, both included.
    pub fn of_bars(
        symbols: Vec<Symbol>,
        interval: Interval,
        first: Timestamp,
        last: Timestamp,
        vintage: Vintage,
    ) -> Self {
        let until = last.checked_add(SignedDuration::from_micros(1)).unwrap_or(Timestamp::MAX);
        Self { symbols, interval, from: first, until, vintage }
    }
}

/// Why bars could not be had.
#[derive(Debug, thiserror::Error)]
pub enum MarketError {
    /// The store could not answer.
    #[error(transparent)]
    Store(#[from] BarsStoreError),
    /// No connection in time.
    #[error("no connection to the market store")]
    Pool(#[from] PoolError),
}

/// Reads bars; cheap to clone.
#[derive(Debug, Clone)]
pub struct Market {
    pool: Pool,
    kept: Arc<Mutex<Kept>>,
}

/// The newest sets of columns, oldest first.
type Kept = VecDeque<(Range, Arc<Bars>)>;

impl Market {
    /// Over the database of `pool`.
    pub fn new(pool: Pool) -> Self {
        Self { pool, kept: Arc::default() }
    }

    /// The newest vintage; 0 while nothing was imported.
    pub async fn latest_vintage(&self) -> Result<Vintage, MarketError> {
        let client = self.pool.get().await?;
        Ok(bars::latest_vintage(&client).await?.unwrap_or(Vintage::new(0)))
    }

    /// The symbols that have bars of this length.
    pub async fn symbols(
        &self,
        interval: Interval,
        vintage: Vintage,
    ) -> Result<BTreeSet<Symbol>, MarketError> {
        let client = self.pool.get().await?;
        let coverage = bars::coverage(&client, None, Some(interval), Some(vintage)).await?;
        Ok(coverage.into_iter().map(|covered| covered.symbol).collect())
    }

    /// The bars of `range` and those shortly before it, at which policies may look back.
    pub async fn bars_with_warmup(&self, range: &Range) -> Result<Arc<Bars>, MarketError> {
        let mut wanted = range.clone();
        wanted.from = wanted.from.checked_sub(warmup(range.interval)).unwrap_or(Timestamp::MIN);
        if let Some(bars) = self.find(&wanted) {
            return Ok(bars);
        }
        let client = self.pool.get().await?;
        let query = BarsQuery {
            symbols: Some(&wanted.symbols),
            interval: wanted.interval,
            from: Some(wanted.from),
            to: Some(wanted.until),
            as_of: Some(wanted.vintage),
        };
        let bars = Arc::new(bars::read(&client, &query).await?);
        self.keep(wanted, bars.clone());
        Ok(bars)
    }

    /// The bars that a run's terms name. Whether they are still the same is told by their fingerprint.
    pub async fn bars_of(&self, snapshot: &RunSnapshot) -> Result<Arc<Bars>, MarketError> {
        let range = Range::of_bars(
            snapshot.symbols.clone(),
            snapshot.interval,
            snapshot.first_bar_at,
            snapshot.last_bar_at,
            Vintage::new(snapshot.bars.vintage),
        );
        self.bars_with_warmup(&range).await
    }

    fn find(&self, range: &Range) -> Option<Arc<Bars>> {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.iter().find(|(known, _)| known == range).map(|(_, bars)| bars.clone())
    }

    fn keep(&self, range: Range, bars: Arc<Bars>) {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.len() >= KEPT_MAX {
            kept.pop_front();
        }
        kept.push_back((range, bars));
    }
}

/// How far before its first bar a run's policy may look back: about two years of days, a quarter of hours, a week of
/// minutes. Part of what a run's fingerprint covers, so a change of these numbers is a change of every new run.
const fn warmup(interval: Interval) -> SignedDuration {
    const DAY_HOURS: i64 = 24;
    match interval {
        Interval::Day => SignedDuration::from_hours(730 * DAY_HOURS),
        Interval::Hour => SignedDuration::from_hours(92 * DAY_HOURS),
        Interval::Minute => SignedDuration::from_hours(7 * DAY_HOURS),
    }
}
