//! Where the latest quotes come from.

use std::pin::Pin;

use events::{Price, Quantity, Symbol};
use futures_util::{Stream, stream};
use jiff::Timestamp;

/// The last trade or quote of a symbol.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Quote {
    /// The symbol.
    pub symbol: Symbol,
    /// Its last price.
    pub price: Price,
    /// How many; zero for a quote without a trade.
    pub size: Quantity,
    /// When, at its source.
    pub at: Timestamp,
    /// Its number; rises by one with each quote of the symbol.
    pub seq: u64,
    /// Why it must not be relied on, if so.
    pub stale: Option<Staleness>,
}

/// Why a quote must not be relied on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Staleness {
    /// Quotes before it are missing and are being read again.
    Gap,
    /// Nothing newer came for a while.
    Old,
}

/// What a follower hears.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum QuoteNews {
    /// A quote.
    Quote(Quote),
    /// The follower was too slow and missed so many.
    Missed(u64),
}

/// Quotes from now on.
pub type QuoteStream = Pin<Box<dyn Stream<Item = QuoteNews> + Send>>;

/// The latest quotes of a feed.
pub trait QuoteBoard: Send + Sync {
    /// The last quote of every symbol, by rising symbol.
    fn all(&self) -> Vec<Quote>;
    /// The last quote of one symbol.
    fn find(&self, symbol: &Symbol) -> Option<Quote>;
    /// Every quote from now on.
    fn follow(&self) -> QuoteStream;
}

/// The board of an installation without a feed.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoQuotes;

impl QuoteBoard for NoQuotes {
    fn all(&self) -> Vec<Quote> {
        Vec::new()
    }

    fn find(&self, _symbol: &Symbol) -> Option<Quote> {
        None
    }

    fn follow(&self) -> QuoteStream {
        Box::pin(stream::pending())
    }
}
