//! What the reader is told where the file does not say it, or says it wrongly.

use std::fmt;

use events::{Interval, Market, Symbol};
use serde::{Deserialize, Serialize};

/// The shapes of price files.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Format {
    /// A date and one price column per symbol.
    WideCsv,
    /// One bar a row, columns found by name.
    OhlcvCsv,
    /// One JSON object with a price series per line.
    MergedJsonl,
    /// One JSON object with a price series, over many lines.
    SeriesJson,
}

impl Format {
    /// The name used in reports and on the command line.
    pub const fn name(self) -> &'static str {
        match self {
            Self::WideCsv => "wide_csv",
            Self::OhlcvCsv => "ohlcv_csv",
            Self::MergedJsonl => "merged_jsonl",
            Self::SeriesJson => "series_json",
        }
    }
}

impl fmt::Display for Format {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(self.name())
    }
}

/// Which end of an intraday bar its stamp names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StampMeaning {
    /// 10:00 covers 10:00 to 11:00.
    Start,
    /// 10:30 covers 09:30 to 10:30.
    End,
}

/// What the numbers of a volume column count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum VolumeUnit {
    /// Shares, coins or base units.
    Shares,
    /// Hundreds of shares.
    Lots,
}

/// What to believe instead of the file; the default believes the file, then the market of the symbol.
///
/// As JSON it is the canonical form in which an import is named.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ImportOptions {
    /// The shape, instead of what the content looks like.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub format: Option<Format>,
    /// The symbol of a file of one symbol, instead of what the file or its name says.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub symbol: Option<Symbol>,
    /// The market of every symbol, instead of what its suffix says; bare coins become pairs with USDT.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub market: Option<Market>,
    /// The length of the bars, instead of what series or stamps say.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub interval: Option<Interval>,
    /// The zone of stamps without offset, by its name in the zone database.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub zone: Option<String>,
    /// What intraday stamps name, instead of the market's habit (China: the end, others: the start).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stamps: Option<StampMeaning>,
    /// What volumes count, instead of the format's habit.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub volume_unit: Option<VolumeUnit>,
}
