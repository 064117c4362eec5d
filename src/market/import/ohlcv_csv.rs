//! One bar a row. Columns are found by name, in any order and case; never by position.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};
use std::io::Read;

use events::{Interval, Symbol};

use super::error::RowError;
use super::intake::{FileZone, Intake, SeriesNumber};
use super::lines::Lines;
use super::prices::{Cell, RawBar};
use super::stamp::Stamp;
use super::wide_csv::cell;
use super::{ImportError, VolumeUnit, cells};

/// What a column holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Role {
    Stamp,
    Symbol,
    Open,
    High,
    Low,
    Close,
    AdjustedClose,
    Volume,
}

impl Role {
    /// What a header cell of this name means.
    pub(super) fn of(name: &str) -> Option<Self> {
        let name = name.trim().to_ascii_lowercase().replace([' ', '-'], "_");
        Some(match name.as_str() {
            "date" | "datetime" | "timestamp" | "time" | "trade_date" => Self::Stamp,
            "symbol" | "ticker" | "ts_code" | "stock_code" => Self::Symbol,
            "open" => Self::Open,
            "high" => Self::High,
            "low" => Self::Low,
            "close" => Self::Close,
            "adj_close" | "adjusted_close" | "adjclose" => Self::AdjustedClose,
            "volume" | "vol" => Self::Volume,
            _ => return None,
        })
    }
}

/// The header of a file of bars.
#[derive(Debug)]
pub(super) struct OhlcvCsv {
    /// The place of each role among the cells.
    places: BTreeMap<Role, usize>,
    cells: usize,
    interval: Interval,
    volume_unit: VolumeUnit,
    /// Of every row, where no column says it.
    symbol: Option<Symbol>,
    /// Symbols as written, so that each is understood once.
    known: HashMap<String, SeriesNumber>,
}

impl OhlcvCsv {
    /// Understands the header; `Err` names a column that occurs twice.
    pub(super) fn new(
        header: &[Cow<'_, str>],
        interval: Interval,
        intake: &mut Intake,
    ) -> Result<Self, RowError> {
        let mut places = BTreeMap::new();
        for (name, place) in header.iter().zip(0..) {
            match Role::of(name) {
                Some(role) if places.insert(role, place).is_some() => {
                    return Err(RowError::Twice(format!("column {name}")));
                }
                Some(_) => {}
                None => intake.report.count_unknown(name),
            }
        }
        // The two A-share exports count hundreds; they alone call the code of a share by these names.
        let a_shares = header.iter().any(|name| matches!(&**name, "ts_code" | "stock_code"));
        let volume_unit = if a_shares { VolumeUnit::Lots } else { VolumeUnit::Shares };
        Ok(Self { places, cells: header.len(), interval, volume_unit, symbol: None, known: HashMap::new() })
    }

    /// Whether rows name their symbol.
    pub(super) fn has_symbols(&self) -> bool {
        self.places.contains_key(&Role::Symbol)
    }

    /// All rows are of this symbol.
    pub(super) fn set_symbol(&mut self, symbol: Symbol) {
        self.symbol = Some(symbol);
    }

    /// Reads one row; `false` at the end of the file.
    pub(super) fn read_row<R: Read>(
        &mut self,
        lines: &mut Lines<R>,
        intake: &mut Intake,
    ) -> Result<bool, ImportError> {
        let Some(line) = lines.next_filled()? else { return Ok(false) };
        let cells = match cells::split(&line) {
            Ok(cells) if cells.len() == self.cells => cells,
            Ok(cells) => {
                let error = RowError::CellCount { expected: self.cells, found: cells.len() };
                intake.report.reject(line.number, None, &error);
                return Ok(true);
            }
            Err(error) => {
                intake.report.reject(line.number, None, &error);
                return Ok(true);
            }
        };
        let series = match self.series_of(&cells, line.number, intake) {
            Ok(series) => series,
            Err(error) => {
                let column = self.places.get(&Role::Symbol).and_then(|place| u64::try_from(place + 1).ok());
                intake.report.reject(line.number, column, &error);
                return Ok(true);
            }
        };
        let value = |role| self.value(&cells, role);
        let raw = RawBar {
            open: value(Role::Open),
            high: value(Role::High),
            low: value(Role::Low),
            close: value(Role::Close),
            volume: value(Role::Volume),
            adjusted_close: value(Role::AdjustedClose),
            flat: !self.places.contains_key(&Role::Open),
        };
        let stamp = Stamp::parse(self.text(&cells, Role::Stamp));
        intake.offer(series, line.number, stamp, &raw);
        Ok(true)
    }

    fn text<'c>(&self, cells: &'c [Cow<'_, str>], role: Role) -> &'c str {
        self.places.get(&role).and_then(|place| cells.get(*place)).map_or("", |text| text)
    }

    fn value<'c>(&self, cells: &'c [Cow<'_, str>], role: Role) -> Option<Cell<'c>> {
        let place = *self.places.get(&role)?;
        cell(cells.get(place)?, u64::try_from(place).ok()? + 1)
    }

    fn series_of(
        &mut self,
        cells: &[Cow<'_, str>],
        line: u64,
        intake: &mut Intake,
    ) -> Result<SeriesNumber, RowError> {
        let text = if self.symbol.is_some() { "" } else { self.text(cells, Role::Symbol) };
        if let Some(series) = self.known.get(text) {
            return Ok(*series);
        }
        let symbol = match &self.symbol {
            Some(symbol) => symbol.clone(),
            None => intake.symbol(text)?,
        };
        let series = intake.series(&symbol, self.interval, FileZone::Unstated, self.volume_unit, line);
        self.known.insert(text.to_owned(), series);
        Ok(series)
    }
}

/// The length of the bars in `rows`, given as symbol and stamp: days where no stamp has a time, else the shortest
/// step between two stamps of one symbol. `Err` says what was found instead.
pub(super) fn interval_of<'a>(rows: impl Iterator<Item = (&'a str, Stamp<'a>)>) -> Result<Interval, String> {
    let mut last = HashMap::new();
    let mut shortest: Option<i64> = None;
    let mut has_time = false;
    for (symbol, stamp) in rows {
        let civil = stamp.date_time();
        has_time |= civil.time() != jiff::civil::Time::midnight();
        if let Some(before) = last.insert(symbol, civil) {
            let minutes = civil.duration_since(before).as_mins().abs();
            if minutes > 0 && shortest.is_none_or(|known| minutes < known) {
                shortest = Some(minutes);
            }
        }
    }
    match shortest {
        _ if !has_time => Ok(Interval::Day),
        Some(1) => Ok(Interval::Minute),
        Some(60) => Ok(Interval::Hour),
        Some(minutes) => {
            Err(format!("its bars are {minutes} minutes apart; name their interval to read it anyway"))
        }
        None => Err("one bar does not tell its length; name the interval".to_owned()),
    }
}
