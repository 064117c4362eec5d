//! Bars as a run sees them: one calendar, one set of price columns per symbol, shared and never changed.

use std::sync::Arc;

use jiff::Timestamp;
use sha2::{Digest, Sha256};

use crate::{Interval, Price, Symbol};

/// Prices of one symbol, aligned to the calendar of its [`Bars`].
///
/// A price of zero means that the calendar's bar does not exist for this symbol; a bar with an open but a zero close
/// is open-only: its open may fill orders and mark positions, nothing else of it is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Columns {
    /// Whose prices these are.
    pub symbol: Symbol,
    /// First price of each bar.
    pub open: Arc<[Price]>,
    /// Highest price of each bar.
    pub high: Arc<[Price]>,
    /// Lowest price of each bar.
    pub low: Arc<[Price]>,
    /// Last price of each bar.
    pub close: Arc<[Price]>,
}

/// A complete bar.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bar {
    /// First price.
    pub open: Price,
    /// Highest price.
    pub high: Price,
    /// Lowest price.
    pub low: Price,
    /// Last price.
    pub close: Price,
}

impl Columns {
    /// Columns of a symbol of which only one price a bar is known: open, high, low and close share it.
    pub fn flat(symbol: Symbol, prices: Arc<[Price]>) -> Self {
        Self { symbol, open: prices.clone(), high: prices.clone(), low: prices.clone(), close: prices }
    }

    /// The open of bar `index`, where there is one.
    pub fn open_at(&self, index: usize) -> Option<Price> {
        self.open.get(index).copied().filter(|price| price.is_positive())
    }

    /// The close of bar `index`, where the bar exists and is complete.
    pub fn close_at(&self, index: usize) -> Option<Price> {
        self.close.get(index).copied().filter(|price| price.is_positive())
    }

    /// The newest price before bar `index`: a close or, of a bar that is not complete, its open.
    pub fn newest_before(&self, index: usize) -> Option<Price> {
        (0..index).rev().find_map(|index| self.close_at(index).or_else(|| self.open_at(index)))
    }

    /// Bar `index`, where it exists and is complete.
    pub fn bar_at(&self, index: usize) -> Option<Bar> {
        let close = self.close_at(index)?;
        Some(Bar {
            open: *self.open.get(index)?,
            high: *self.high.get(index)?,
            low: *self.low.get(index)?,
            close,
        })
    }
}

/// Columns of several symbols over the union of their bar starts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bars {
    interval: Interval,
    starts: Arc<[Timestamp]>,
    columns: Vec<Columns>,
    fingerprint: [u8; 32],
}

/// The columns do not fit the calendar.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BarsError {
    /// Starts must rise strictly.
    #[error("bar starts must rise; bar {index} does not")]
    StartsNotRising {
        /// The first offending bar.
        index: usize,
    },
    /// Every column has one price per start.
    #[error("{symbol} does not have one price per bar")]
    Misaligned {
        /// The symbol.
        symbol: Symbol,
    },
    /// Symbols must rise strictly, so that each occurs once and their order is the same everywhere.
    #[error("symbols must rise; {symbol} does not")]
    SymbolsNotRising {
        /// The first offending symbol.
        symbol: Symbol,
    },
}

impl Bars {
    /// Checks the shape and fingerprints the content.
    pub fn new(
        interval: Interval,
        starts: Arc<[Timestamp]>,
        columns: Vec<Columns>,
    ) -> Result<Self, BarsError> {
        if let Some(index) = starts.windows(2).position(|pair| pair.first() >= pair.last()) {
            return Err(BarsError::StartsNotRising { index: index + 1 });
        }
        for (column, next) in columns.iter().zip(columns.iter().skip(1)) {
            if column.symbol >= next.symbol {
                return Err(BarsError::SymbolsNotRising { symbol: next.symbol.clone() });
            }
        }
        for column in &columns {
            if [&column.open, &column.high, &column.low, &column.close]
                .iter()
                .any(|prices| prices.len() != starts.len())
            {
                return Err(BarsError::Misaligned { symbol: column.symbol.clone() });
            }
        }
        let fingerprint = fingerprint(interval, &starts, &columns);
        Ok(Self { interval, starts, columns, fingerprint })
    }

    /// The length of every bar.
    pub fn interval(&self) -> Interval {
        self.interval
    }

    /// The start of every bar, rising.
    pub fn starts(&self) -> &[Timestamp] {
        &self.starts
    }

    /// How many bars the calendar has.
    pub fn len(&self) -> usize {
        self.starts.len()
    }

    /// Whether the calendar is empty.
    pub fn is_empty(&self) -> bool {
        self.starts.is_empty()
    }

    /// The columns, by rising symbol.
    pub fn columns(&self) -> &[Columns] {
        &self.columns
    }

    /// The place of `symbol` among the columns.
    pub fn column_of(&self, symbol: &Symbol) -> Option<usize> {
        self.columns.binary_search_by(|column| column.symbol.cmp(symbol)).ok()
    }

    /// SHA-256 over interval, starts, symbols and prices: equal fingerprints mean equal data.
    pub fn fingerprint(&self) -> [u8; 32] {
        self.fingerprint
    }
}

fn fingerprint(interval: Interval, starts: &[Timestamp], columns: &[Columns]) -> [u8; 32] {
    let mut hasher = Sha256::new();
    hasher.update(b"bars1");
    hasher.update(interval.name());
    hasher.update((starts.len() as u64).to_be_bytes());
    for start in starts {
        hasher.update(start.as_microsecond().to_be_bytes());
    }
    let mut bytes = Vec::with_capacity(starts.len().saturating_mul(8));
    for column in columns {
        hasher.update((column.symbol.as_str().len() as u64).to_be_bytes());
        hasher.update(column.symbol.as_str());
        for prices in [&column.open, &column.high, &column.low, &column.close] {
            bytes.clear();
            for price in prices.iter() {
                bytes.extend_from_slice(&price.units().to_be_bytes());
            }
            hasher.update(&bytes);
        }
    }
    hasher.finalize().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn columns(symbol: &str, prices: &[i64]) -> Columns {
        Columns::flat(
            symbol.parse().unwrap(),
            prices.iter().map(|price| Price::whole(*price).unwrap()).collect(),
        )
    }

    fn starts(seconds: &[i64]) -> Arc<[Timestamp]> {
        seconds.iter().map(|second| Timestamp::from_second(*second).unwrap()).collect()
    }

    #[test]
    fn bars_refuse_a_shape_that_would_misalign_prices() {
        let day = Interval::Day;
        assert!(Bars::new(day, starts(&[0, 60]), vec![columns("A", &[1, 2]), columns("B", &[3, 4])]).is_ok());
        assert!(matches!(
            Bars::new(day, starts(&[60, 60]), vec![]),
            Err(BarsError::StartsNotRising { index: 1 })
        ));
        assert!(matches!(
            Bars::new(day, starts(&[0]), vec![columns("A", &[1, 2])]),
            Err(BarsError::Misaligned { .. })
        ));
        let twice = vec![columns("A", &[1]), columns("A", &[1])];
        assert!(matches!(Bars::new(day, starts(&[0]), twice), Err(BarsError::SymbolsNotRising { .. })));
    }

    #[test]
    fn one_changed_price_changes_the_fingerprint() {
        let bars =
            |price| Bars::new(Interval::Day, starts(&[0, 60]), vec![columns("A", &[1, price])]).unwrap();
        assert_eq!(bars(2).fingerprint(), bars(2).fingerprint());
        assert_ne!(bars(2).fingerprint(), bars(3).fingerprint());
    }
}
