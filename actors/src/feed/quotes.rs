//! The newest price of each symbol, and whether it may be relied on.

use std::collections::HashMap;
use std::sync::{PoisonError, RwLock};
use std::time::Duration;

use events::{Price, Quantity, Symbol};
use jiff::Timestamp;
use serde::Serialize;

use super::Tick;

/// The newest tick of a symbol.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Quote {
    /// The price.
    pub price: Price,
    /// How many.
    pub size: Quantity,
    /// When, at its source (UTC).
    pub at: Timestamp,
    /// When it arrived here (UTC).
    pub received_at: Timestamp,
    /// Its number.
    pub seq: u64,
    /// Ticks before it are missing and are being read again.
    pub has_gap: bool,
}

/// Why a quote must not be relied on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(tag = "because", rename_all = "snake_case")]
pub enum Stale {
    /// Ticks are missing and are being read again.
    Gap,
    /// Nothing newer came for a while.
    Old {
        /// Its age in milliseconds.
        age_ms: u64,
    },
}

impl Quote {
    /// Why this quote must not be relied on at `now`, if so.
    pub fn staleness(&self, now: Timestamp, stale_after: Duration) -> Option<Stale> {
        if self.has_gap {
            return Some(Stale::Gap);
        }
        let age = Duration::try_from(now.duration_since(self.at)).unwrap_or_default();
        let age_ms = u64::try_from(age.as_millis()).unwrap_or(u64::MAX);
        (age > stale_after).then_some(Stale::Old { age_ms })
    }
}

/// Written by the feed alone, read by anyone.
#[derive(Debug, Default)]
pub(super) struct Quotes {
    newest: RwLock<HashMap<Symbol, Quote>>,
}

impl Quotes {
    pub(super) fn get(&self, symbol: &Symbol) -> Option<Quote> {
        self.newest.read().unwrap_or_else(PoisonError::into_inner).get(symbol).copied()
    }

    pub(super) fn symbols(&self) -> Vec<Symbol> {
        let newest = self.newest.read().unwrap_or_else(PoisonError::into_inner);
        let mut symbols: Vec<_> = newest.keys().cloned().collect();
        symbols.sort_unstable();
        symbols
    }

    /// The newest tick is shown at once, also while others before it are missing.
    pub(super) fn show(&self, tick: &Tick, has_gap: bool) {
        let received_at = events::time::now();
        let quote =
            Quote { price: tick.price, size: tick.size, at: tick.at, received_at, seq: tick.seq, has_gap };
        let mut newest = self.newest.write().unwrap_or_else(PoisonError::into_inner);
        match newest.get_mut(&tick.symbol) {
            Some(known) => *known = quote,
            None => {
                newest.insert(tick.symbol.clone(), quote);
            }
        }
    }
}
