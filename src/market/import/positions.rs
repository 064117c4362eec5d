//! Recorded decisions: a `position.jsonl` as the account it opened and what was done bar by bar.
//!
//! The file states what the account held after each decision; fills are implied by the change of cash. A state that
//! its action does not explain is adjusted to, never repaired: holdings and cash after every record are those of the
//! file.

mod account;
mod findings;
mod record;
mod replay;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::io::Read;

use events::market::Bars;
use events::{Cash, Interval, Market, Price, Quantity, Symbol};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};

use super::intake::default_meaning;
use super::lines::Lines;
use super::reader::hexadecimal;
use super::{ImportError, ImportOptions, Rejected, StampMeaning, Warned};

/// What was done, as written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RecordedAction {
    /// Bought.
    Buy {
        /// What.
        symbol: Symbol,
        /// How much; zero where the source let that pass.
        amount: Quantity,
    },
    /// Sold.
    Sell {
        /// What.
        symbol: Symbol,
        /// How much; zero where the source let that pass.
        amount: Quantity,
    },
    /// Nothing.
    NoTrade,
}

/// Cash and holdings; symbols not held are left out.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RecordedState {
    /// Money, quantised.
    pub cash: Cash,
    /// What is held.
    pub positions: BTreeMap<Symbol, Quantity>,
}

impl fmt::Display for RecordedState {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "cash {}", self.cash)?;
        self.positions.iter().try_for_each(|(symbol, quantity)| write!(out, ", {quantity} {symbol}"))
    }
}

/// When something was recorded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordedStamp {
    /// As written.
    pub text: String,
    /// The start of the bar it names.
    pub bar_start: Timestamp,
}

/// One line of the file after the first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordedDecision {
    /// The line.
    pub line: u64,
    /// The bar in which it was made.
    pub stamp: RecordedStamp,
    /// The number the source gave it; not a key.
    pub id: Option<i64>,
    /// What was done.
    pub action: RecordedAction,
    /// The state that the action started from, where it is not the one before.
    pub adjusted_from: Option<RecordedState>,
    /// Change of cash per share, rounded half to even to eight decimals; absent where nothing was filled.
    pub fill_price: Option<Price>,
    /// What the account held afterwards.
    pub after: RecordedState,
    /// Cash as written, with the noise of binary floats.
    pub cash_text: String,
}

/// What is odd about a recorded decision.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LedgerWarning {
    /// A buy or sell of nothing: a decision without a fill.
    ZeroAmount,
    /// The state is not the one before plus the action.
    StateDiscontinuity,
    /// The source rounded the quantity held, but not the cash paid.
    QuantityRounded,
    /// Ids repeat or fall.
    IdNotRising,
    /// Stamps fall.
    StampFalls,
    /// A line after the first says nothing about an action.
    ActionMissing,
}

/// A recorded account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordedLedger {
    /// The file.
    pub file: String,
    /// Of its bytes as given, in hexadecimal.
    pub sha256: String,
    /// The zone in which its stamps were read.
    pub zone_used: String,
    /// Of its symbols.
    pub market: Market,
    /// Length of the bars that its stamps name.
    pub interval: Interval,
    /// Every symbol that it names, held or not.
    pub universe: BTreeSet<Symbol>,
    /// The line that opened the account.
    pub opened_line: u64,
    /// When the account was opened: not always a trading bar.
    pub opened: RecordedStamp,
    /// What it was opened with.
    pub opening: RecordedState,
    /// In the order of the file, which is that of execution.
    pub records: Vec<RecordedDecision>,
    /// Oddities, with counts and first lines.
    pub warnings: BTreeMap<LedgerWarning, Warned>,
    /// Every one of them, by line.
    pub oddities: Vec<(u64, LedgerWarning)>,
    /// Lines that could not be read at all.
    pub rejected: Vec<Rejected>,
    /// Keys nobody asked for, and how often each occurred.
    pub unknown_keys: BTreeMap<String, u64>,
    /// The first line of each of them.
    pub unknown_lines: BTreeMap<String, u64>,
}

/// A fill that is not the open of the bar it is recorded in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FillOffOpen {
    /// The line.
    pub line: u64,
    /// What was traded.
    pub symbol: Symbol,
    /// At what price.
    pub fill_price: Price,
    /// The open of the bar, where there is such a bar.
    pub open: Option<Price>,
}

/// Why a file is not a recorded account.
#[derive(Debug, thiserror::Error)]
pub enum LedgerError {
    /// It cannot be read.
    #[error(transparent)]
    File(#[from] ImportError),
    /// No line could be read.
    #[error("{file} holds no records")]
    NoRecords {
        /// The file.
        file: String,
    },
    /// What the account held before its first action is unknown.
    #[error("line {line} of {file} should open the account, but has an action")]
    NoOpening {
        /// The file.
        file: String,
        /// The line.
        line: u64,
    },
    /// A benchmark in the clothes of a ledger.
    #[error("{file} holds {records} values of cash alone: a benchmark series, not an account")]
    BenchmarkSeries {
        /// The file.
        file: String,
        /// How many values.
        records: usize,
    },
}

impl RecordedLedger {
    /// Reads a ledger, plain or gzip. Of the options it heeds market, zone and meaning of stamps.
    pub fn read(file: &str, source: impl Read, options: &ImportOptions) -> Result<Self, LedgerError> {
        let mut lines = Lines::open(file, source)?;
        let mut read = record::read_all(&mut lines, options.market)?;
        let sha256 = hexadecimal(&lines.into_sha256()?);
        let no_records = || LedgerError::NoRecords { file: file.to_owned() };
        if read.records.len() > 1 && read.records.iter().all(record::Record::is_bare_value) {
            let records = read.records.len();
            return Err(LedgerError::BenchmarkSeries { file: file.to_owned(), records });
        }
        let market = options.market.or(read.market).unwrap_or(Market::UnitedStates);
        let clock = Clock::new(options, market)?;
        let scale = if market == Market::Crypto { 4 } else { Cash::SCALE };
        let ledger = replay::replay(&mut read, &clock, scale);
        let (opened_line, opened, opening) = match ledger.opening {
            replay::Opening::Opened(line, stamp, state) => (line, stamp, state),
            replay::Opening::Action { line } => {
                return Err(LedgerError::NoOpening { file: file.to_owned(), line });
            }
            replay::Opening::Nothing => return Err(no_records()),
        };
        Ok(Self {
            file: file.to_owned(),
            sha256,
            zone_used: clock.zone_name,
            market,
            interval: interval_of(&opened.text),
            universe: read.universe,
            opened_line,
            opened,
            opening,
            records: ledger.records,
            warnings: ledger.warnings,
            oddities: ledger.oddities,
            rejected: read.rejected,
            unknown_keys: read.unknown_keys,
            unknown_lines: read.unknown_lines,
        })
    }

    /// What the source's rounding of cash can make of an amount: coins are paid to four decimals.
    const fn rounding(&self) -> Cash {
        match self.market {
            Market::Crypto => Cash::from_units(100),
            Market::UnitedStates | Market::China => Cash::from_units(1),
        }
    }

    /// The fills that are not the open of their bar. The source filled some at the open of the day, and its prices
    /// were adjusted for dividends afterwards: these are remarks, not errors.
    pub fn fills_off_open(&self, bars: &Bars) -> Vec<FillOffOpen> {
        self.records
            .iter()
            .filter_map(|record| {
                let fill_price = record.fill_price?;
                let symbol = record.action.symbol()?.clone();
                let index = bars.starts().binary_search(&record.stamp.bar_start).ok();
                let column = bars.column_of(&symbol).and_then(|column| bars.columns().get(column));
                let open = column.zip(index).and_then(|(column, index)| column.open_at(index));
                let amount = record.action.amount()?;
                let value = |price| Cash::of(amount, price);
                let agrees =
                    open.is_some_and(|open| (value(open) - value(fill_price)).abs() <= self.rounding());
                (!agrees).then_some(FillOffOpen { line: record.line, symbol, fill_price, open })
            })
            .collect()
    }
}

impl RecordedAction {
    /// What was traded.
    pub const fn symbol(&self) -> Option<&Symbol> {
        match self {
            Self::Buy { symbol, .. } | Self::Sell { symbol, .. } => Some(symbol),
            Self::NoTrade => None,
        }
    }

    /// How much.
    pub const fn amount(&self) -> Option<Quantity> {
        match self {
            Self::Buy { amount, .. } | Self::Sell { amount, .. } => Some(*amount),
            Self::NoTrade => None,
        }
    }
}

/// The length of the bars that such stamps name.
fn interval_of(stamp: &str) -> Interval {
    if stamp.contains(':') { Interval::Hour } else { Interval::Day }
}

/// How stamps become instants.
struct Clock {
    zone_name: String,
    zone: TimeZone,
    meaning: StampMeaning,
}

impl Clock {
    fn new(options: &ImportOptions, market: Market) -> Result<Self, ImportError> {
        let zone_name = options.zone.clone().unwrap_or_else(|| market.zone().to_owned());
        let zone =
            TimeZone::get(&zone_name).map_err(|_| ImportError::UnknownZone { zone: zone_name.clone() })?;
        let meaning = options.stamps.unwrap_or_else(|| default_meaning(market));
        Ok(Self { zone_name, zone, meaning })
    }
}
