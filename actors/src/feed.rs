//! Live prices: ticks from NATS into the newest quote of each symbol, minute bars, and everyone who listens.
//!
//! Core NATS may drop messages, and says so only to the connection. Each tick carries a number that rises by one per
//! symbol, so a missing one is seen here; it is then read again from the stream that captures the same subjects, and
//! until it is there the quote says that it is stale. Ticks are not events of the log: a decision records the price,
//! time and number of the tick it used.

mod bars;
mod listening;
mod live;
mod publisher;
mod quotes;
mod refill;
mod sink;
mod tick;
mod track;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use async_nats::jetstream;
use events::Symbol;
use jiff::Timestamp;
use serde::Serialize;
use tokio::sync::broadcast;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

pub use crate::ports::CompletedBar;
pub use listening::{FeedEvent, Listener};
pub use publisher::{TickPublishError, TickPublisher, ensure_tick_stream};
pub use quotes::{Quote, Stale};
pub use tick::{Tick, token_of};

use crate::ports::BarSink;
use live::Live;
use quotes::Quotes;

/// Bounds and times of the feed.
#[derive(Debug, Clone)]
pub struct FeedOptions {
    /// First tokens of every subject; then come venue and symbol.
    pub subjects: String,
    /// Name of the JetStream stream that captures them.
    pub stream: String,
    /// How long captured ticks are kept.
    pub captured_for: Duration,
    /// Bytes of captured ticks.
    pub captured_bytes: i64,
    /// A quote without a newer tick for so long is stale.
    pub stale_after: Duration,
    /// How long after its minute a bar waits for the tick that closes it.
    pub grace: Duration,
    /// Symbols that are followed; ticks of others are ignored.
    pub symbols_max: usize,
    /// Ticks of one symbol that wait while missing ones are read again; with more, the missing ones are given up.
    pub waiting_max: usize,
    /// Events that a slow listener may be behind before it is told that it missed some.
    pub listeners_behind: usize,
    /// Completed bars that wait for the store.
    pub bars_waiting: usize,
}

impl Default for FeedOptions {
    fn default() -> Self {
        Self {
            subjects: "td.tick.v1".to_owned(),
            stream: "TD_TICK".to_owned(),
            captured_for: Duration::from_secs(3_600),
            captured_bytes: 256 << 20,
            stale_after: Duration::from_secs(60),
            grace: Duration::from_secs(5),
            symbols_max: 10_000,
            waiting_max: 10_000,
            listeners_behind: 1_024,
            bars_waiting: 100_000,
        }
    }
}

/// What the feed has seen so far.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct FeedStats {
    /// Ticks used.
    pub ticks: u64,
    /// Messages that are no ticks, or of symbols beyond the limit.
    pub ignored: u64,
    /// Times that ticks were missing.
    pub gaps: u64,
    /// Missing ticks that were found again.
    pub refilled: u64,
    /// Missing ticks that were not.
    pub lost: u64,
    /// Bars completed.
    pub bars: u64,
    /// Bars that found no room to wait for the store.
    pub bars_lost: u64,
}

#[derive(Debug, Default)]
struct Counters {
    ticks: AtomicU64,
    ignored: AtomicU64,
    gaps: AtomicU64,
    refilled: AtomicU64,
    lost: AtomicU64,
    bars: AtomicU64,
    bars_lost: AtomicU64,
}

/// The feed at work; cheap to clone. It ends with [`Feed::stop`].
#[derive(Debug, Clone)]
pub struct Feed {
    quotes: Arc<Quotes>,
    events: broadcast::Sender<FeedEvent>,
    counters: Arc<Counters>,
    stale_after: Duration,
    leaving: CancellationToken,
    tasks: Arc<tokio::sync::Mutex<Vec<JoinHandle<()>>>>,
}

impl Feed {
    /// Follows all ticks and hands completed bars to `sink`. The stream that captures the ticks is created if missing.
    pub fn start<S: BarSink>(jetstream: jetstream::Context, options: FeedOptions, sink: S) -> Self {
        let (events, _) = broadcast::channel(options.listeners_behind.max(1));
        let (quotes, counters) = (Arc::<Quotes>::default(), Arc::<Counters>::default());
        let leaving = CancellationToken::new();
        let stale_after = options.stale_after;
        let (bars, keeping) = sink::start(sink, options.bars_waiting, leaving.clone());
        let live = Live::new(jetstream, options, quotes.clone(), events.clone(), counters.clone(), bars);
        let following = tokio::spawn(live.run(leaving.clone()));
        let tasks = Arc::new(tokio::sync::Mutex::new(vec![following, keeping]));
        Self { quotes, events, counters, stale_after, leaving, tasks }
    }

    /// The newest quote of a symbol, and whether it may be relied on at `now`.
    pub fn quote(&self, symbol: &Symbol, now: Timestamp) -> Option<(Quote, Option<Stale>)> {
        let quote = self.quotes.get(symbol)?;
        let stale = quote.staleness(now, self.stale_after);
        Some((quote, stale))
    }

    /// Every symbol with a quote, rising.
    pub fn symbols(&self) -> Vec<Symbol> {
        self.quotes.symbols()
    }

    /// Listens from now on.
    pub fn listen(&self) -> Listener {
        Listener::new(self.events.subscribe())
    }

    /// What it has seen so far.
    pub fn stats(&self) -> FeedStats {
        let Counters { ticks, ignored, gaps, refilled, lost, bars, bars_lost } = &*self.counters;
        FeedStats {
            ticks: ticks.load(Relaxed),
            ignored: ignored.load(Relaxed),
            gaps: gaps.load(Relaxed),
            refilled: refilled.load(Relaxed),
            lost: lost.load(Relaxed),
            bars: bars.load(Relaxed),
            bars_lost: bars_lost.load(Relaxed),
        }
    }

    /// Stops following and keeps the bars that are complete. An unfinished minute is dropped.
    pub async fn stop(&self) {
        self.leaving.cancel();
        for task in self.tasks.lock().await.drain(..) {
            // A task that panicked has nothing left to do.
            let _ = task.await;
        }
    }
}
