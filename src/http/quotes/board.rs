//! Where the latest quotes come from.

use events::{Price, Quantity, Symbol};
use jiff::Timestamp;
use tokio::sync::broadcast;

/// The last trade of a symbol.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Quote {
    /// The symbol.
    pub symbol: Symbol,
    /// Its last price.
    pub price: Price,
    /// How many were traded, where known.
    pub quantity: Option<Quantity>,
    /// When it was true in the market.
    pub occurred_at: Timestamp,
    /// When it arrived here.
    pub received_at: Timestamp,
    /// Whether newer ones are missing: the feed is silent or has a gap.
    pub stale: bool,
}

/// What a follower of quotes is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum QuoteNews {
    /// A newer quote.
    Quote(Quote),
    /// So many events of the feed were missed before they became quotes.
    Missed(u64),
}

/// The latest quotes of a feed.
pub trait QuoteBoard: Send + Sync {
    /// The last quote of every symbol, by rising symbol.
    fn all(&self) -> Vec<Quote>;
    /// The last quote of one symbol.
    fn find(&self, symbol: &Symbol) -> Option<Quote>;
    /// Every quote from now on.
    fn follow(&self) -> broadcast::Receiver<QuoteNews>;
}

/// The board of an installation without a feed.
#[derive(Debug)]
pub struct NoQuotes {
    never: broadcast::Sender<QuoteNews>,
}

impl Default for NoQuotes {
    fn default() -> Self {
        Self { never: broadcast::Sender::new(1) }
    }
}

impl QuoteBoard for NoQuotes {
    fn all(&self) -> Vec<Quote> {
        Vec::new()
    }

    fn find(&self, _symbol: &Symbol) -> Option<Quote> {
        None
    }

    fn follow(&self) -> broadcast::Receiver<QuoteNews> {
        self.never.subscribe()
    }
}
