//! What ends the reading of a file, and what ends the reading of a row.

use std::io;

use projections::QueryError;
use projections::bars::BarsStoreError;

use super::ImportReport;
use super::lines::LINE_BYTES_MAX;

/// Why a file could not be read or stored at all. Nothing of it is stored then.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// The file cannot be opened or read; also a gzip stream that is damaged or cut.
    #[error("reading {file} failed after line {line}")]
    Read {
        /// The file.
        file: String,
        /// The last line that was read.
        line: u64,
        /// What the system says.
        #[source]
        source: io::Error,
    },
    /// There is nothing in it.
    #[error("{file} is empty")]
    Empty {
        /// The file.
        file: String,
    },
    /// It is none of the known shapes.
    #[error("{file} is not a price file this program knows: {because}")]
    UnknownFormat {
        /// The file.
        file: String,
        /// What was looked for.
        because: String,
    },
    /// One line is longer than any sensible one.
    #[error("line {line} of {file} is longer than {LINE_BYTES_MAX} bytes")]
    LineTooLong {
        /// The file.
        file: String,
        /// The line.
        line: u64,
    },
    /// The zone asked for is not in the zone database.
    #[error("no time zone is called {zone}")]
    UnknownZone {
        /// The name.
        zone: String,
    },
    /// The file changed between being identified and being read.
    #[error("{file} changed while it was read")]
    Changed {
        /// The file.
        file: String,
    },
    /// A strict import found a row it cannot take.
    #[error("{} of {} rows cannot be taken, and the import is strict", .report.rejected_count, .report.file)]
    Strict {
        /// What was found.
        report: Box<ImportReport>,
    },
    /// The market store refused.
    #[error("storing bars failed")]
    Store(#[from] BarsStoreError),
    /// It is no file of the records asked for.
    #[error("{file} does not hold {records}: {because}")]
    NotRecords {
        /// The file.
        file: String,
        /// What was asked for.
        records: &'static str,
        /// What is wrong with it.
        because: String,
    },
    /// It has more records than one import takes.
    #[error("{file} has more than {limit} rows; import it in parts")]
    TooManyRows {
        /// The file.
        file: String,
        /// The limit.
        limit: u64,
    },
    /// Reference data could not be stored.
    #[error("storing reference data failed")]
    Reference(#[source] QueryError),
    /// The report cannot be written as JSON.
    #[error("writing the import report failed")]
    Report(#[source] serde_json::Error),
}

/// Why a row was not taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum RowError {
    #[error("not UTF-8")]
    NotUtf8,
    #[error("not JSON: {0}")]
    NotJson(String),
    #[error("{0} is not an object")]
    NotAnObject(String),
    #[error("{0} occurs twice")]
    Twice(String),
    #[error("less than nothing is held of {0}")]
    Negative(String),
    #[error("no key starts with \"Time Series\"")]
    NoSeries,
    #[error("more than one key starts with \"Time Series\"")]
    SeveralSeries,
    #[error("bars of {0} are not kept: only Daily, 60min and 1min")]
    UnknownInterval(String),
    #[error("action {0} is none of buy, sell and no_trade")]
    UnknownAction(String),
    #[error("no symbol")]
    NoSymbol,
    #[error("{0} is not a symbol: 1 to 32 letters, digits or . - ^ = / _")]
    BadSymbol(String),
    #[error("{0} is an A-share code without its exchange: .SH or .SZ is missing")]
    NoExchange(String),
    #[error("the column has no name")]
    NoColumnName,
    #[error("{found} cells where the header has {expected}")]
    CellCount { expected: usize, found: usize },
    #[error("an opening quote without its end")]
    OpenQuote,
    #[error("{0} is not a date or time")]
    BadStamp(String),
    #[error("{0} has no time of day")]
    NoTimeOfDay(String),
    #[error("{0} is not on a whole minute")]
    OffMinute(String),
    #[error("{stamp} does not exist in {zone}: clocks were put forward")]
    SkippedByClocks { stamp: String, zone: String },
    #[error("{field} {text} is {because}")]
    BadNumber { field: &'static str, text: String, because: String },
    #[error("{field} {text} is not above zero")]
    NotPositive { field: &'static str, text: String },
    #[error("high {high} is below low {low}")]
    HighBelowLow { high: String, low: String },
    #[error("{0} is missing")]
    Missing(&'static str),
    #[error("{0} is no field of these records")]
    UnknownField(String),
    #[error("{0} is a list or an object, not one value")]
    Nested(String),
    #[error("{field} {text} is {because}")]
    BadValue { field: String, text: String, because: String },
    #[error("{0}")]
    BadSet(String),
    #[error("{symbol} has a bar of {stamp} already")]
    Duplicate { symbol: String, stamp: String },
}

/// Text of a file in a message: bounded, whatever the file holds.
pub(super) fn excerpt(text: &str) -> String {
    const CHARS_MAX: usize = 40;
    let mut characters = text.chars();
    let mut excerpt: String = characters.by_ref().take(CHARS_MAX).collect();
    if characters.next().is_some() {
        excerpt.push('…');
    }
    format!("{excerpt:?}")
}
