//! The market store: insert-only bars with vintages.
//!
//! A vintage is an import that stored something; it is a number that rises in commit order, so everything up to a
//! vintage never changes again and a run that names its vintage reads the same prices for ever.

mod array;
mod assembly;
mod closes;
mod coverage;
mod days;
pub(crate) mod imports;
mod load;
mod page;
mod read;

use std::fmt;

use events::market::BarsError;
use events::{Interval, Price, Symbol};
use jiff::Timestamp;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

pub use assembly::Assembly;
pub use closes::{DailyCloses, TouchedSeries, daily_closes, touched_since};
pub use coverage::{Coverage, coverage, latest_vintage, vintage_at};
pub use days::{BarSource, DayBar, daily_bars, sources};
pub use imports::{FileIdentity, Import, Once, Source, Stored};
pub use load::{BarLoad, load};
pub use page::{BarRow, Order, Page, PageQuery, page};
pub use read::{BarsQuery, read};

/// The number of an import that stored bars; higher is newer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Vintage(i64);

impl Vintage {
    /// Newer than every vintage.
    pub const NEWEST: Self = Self(i64::MAX);

    /// The vintage of this number.
    pub const fn new(number: i64) -> Self {
        Self(number)
    }

    /// Its number, from 1.
    pub const fn number(self) -> i64 {
        self.0
    }
}

impl fmt::Display for Vintage {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(formatter)
    }
}

/// A bar as a file or feed gives it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImportedBar {
    /// Whose bar it is.
    pub symbol: Symbol,
    /// Its length.
    pub interval: Interval,
    /// When it starts; a daily bar at midnight UTC of its date.
    pub start: Timestamp,
    /// When it ends, exclusive.
    pub end: Timestamp,
    /// What is known of its prices.
    pub prices: BarPrices,
    /// Shares, coins or base units traded, where known.
    pub volume: Option<Decimal>,
    /// The close adjusted for splits and dividends, where the source gives it beside the close that was traded.
    pub adjusted_close: Option<Price>,
}

/// What is known of a bar's prices.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BarPrices {
    /// All four.
    Full {
        /// First price.
        open: Price,
        /// Highest price.
        high: Price,
        /// Lowest price.
        low: Price,
        /// Last price.
        close: Price,
    },
    /// One price stands for the whole bar.
    Flat(Price),
    /// First and last price; the range is unknown.
    OpenClose {
        /// First price.
        open: Price,
        /// Last price.
        close: Price,
    },
    /// Only the first price: the rest is still the future, or was withheld.
    OpenOnly(Price),
}

impl BarPrices {
    /// The first price.
    pub const fn open(&self) -> Price {
        match *self {
            Self::Full { open, .. } | Self::OpenClose { open, .. } => open,
            Self::Flat(price) | Self::OpenOnly(price) => price,
        }
    }

    /// The last price, unless the bar is open-only.
    pub const fn close(&self) -> Option<Price> {
        match *self {
            Self::Full { close, .. } | Self::OpenClose { close, .. } => Some(close),
            Self::Flat(price) => Some(price),
            Self::OpenOnly(_) => None,
        }
    }

    /// The highest known price of a bar that is not open-only.
    pub fn high(&self) -> Option<Price> {
        match *self {
            Self::Full { high, .. } => Some(high),
            Self::OpenClose { open, close } => Some(open.max(close)),
            Self::Flat(price) => Some(price),
            Self::OpenOnly(_) => None,
        }
    }

    /// The lowest known price of a bar that is not open-only.
    pub fn low(&self) -> Option<Price> {
        match *self {
            Self::Full { low, .. } => Some(low),
            Self::OpenClose { open, close } => Some(open.min(close)),
            Self::Flat(price) => Some(price),
            Self::OpenOnly(_) => None,
        }
    }

    /// High and low where the source gave them: what the table keeps.
    const fn range(&self) -> Option<(Price, Price)> {
        match *self {
            Self::Full { high, low, .. } => Some((high, low)),
            Self::OpenClose { .. } | Self::Flat(_) | Self::OpenOnly(_) => None,
        }
    }

    /// The prices that the columns of the table mean.
    fn of_columns(open: Price, range: Option<(Price, Price)>, close: Option<Price>) -> Self {
        match (close, range) {
            (Some(close), Some((high, low))) => Self::Full { open, high, low, close },
            (Some(close), None) if close == open => Self::Flat(open),
            (Some(close), None) => Self::OpenClose { open, close },
            (None, _) => Self::OpenOnly(open),
        }
    }
}

/// Why the market store could not answer.
#[derive(Debug, thiserror::Error)]
pub enum BarsStoreError {
    /// The database refused or was lost.
    #[error("{operation} failed")]
    Database {
        /// What was being done.
        operation: &'static str,
        /// What the driver says.
        #[source]
        source: tokio_postgres::Error,
    },
    /// The database holds something that no import writes.
    #[error("{operation}: cannot read {what}")]
    Unreadable {
        /// What was being done.
        operation: &'static str,
        /// What was found.
        what: String,
    },
    /// The bars read do not form aligned columns.
    #[error("bars do not form aligned columns")]
    Shape(#[from] BarsError),
}

impl BarsStoreError {
    /// Names the operation of a database error.
    fn during(operation: &'static str) -> impl FnOnce(tokio_postgres::Error) -> Self {
        move |source| Self::Database { operation, source }
    }

    fn unreadable(operation: &'static str, what: impl Into<String>) -> Self {
        Self::Unreadable { operation, what: what.into() }
    }
}
