//! A price file as an iterator of bars.

use std::io::Read;

use events::{Interval, Symbol};
use projections::bars::ImportedBar;

use super::error::RowError;
use super::intake::{Intake, canonical_symbol};
use super::lines::{Line, Lines};
use super::ohlcv_csv::{OhlcvCsv, Role, interval_of};
use super::stamp::Stamp;
use super::wide_csv::WideCsv;
use super::{Format, ImportError, ImportOptions, ImportReport, WarningKind, cells, series_json};

/// Rows looked at to learn the length of the bars.
const ROWS_LOOKED_AT: usize = 1_000;

/// Reads bars from a file; [`finish`](Self::finish) gives the report.
///
/// An `Err` item ends the reading: the file is unreadable from there on, and what came before must not be kept.
pub struct BarReader<R> {
    file: String,
    lines: Lines<R>,
    intake: Intake,
    shape: Shape,
    ended: bool,
}

impl<R> std::fmt::Debug for BarReader<R> {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("BarReader").field("file", &self.file).finish_non_exhaustive()
    }
}

enum Shape {
    Wide(WideCsv),
    Ohlcv(Box<OhlcvCsv>),
    Merged,
    Document,
}

impl<R: Read> BarReader<R> {
    /// Opens a file: `file` is its name for the report, and tells the symbol where nothing else does.
    pub fn open(file: &str, source: R, options: ImportOptions) -> Result<Self, ImportError> {
        let mut lines = Lines::open(file, source)?;
        let format = match options.format {
            Some(format) => format,
            None => detect(file, &mut lines)?,
        };
        let mut intake = Intake::new(options, ImportReport::new(file.to_owned(), format))?;
        let shape = match format {
            Format::MergedJsonl => Shape::Merged,
            Format::SeriesJson => Shape::Document,
            Format::WideCsv | Format::OhlcvCsv => read_header(file, format, &mut lines, &mut intake)?,
        };
        Ok(Self { file: file.to_owned(), lines, intake, shape, ended: false })
    }

    /// How the file is read.
    pub fn format(&self) -> Format {
        self.intake.report.format
    }

    /// What was rejected so far.
    pub fn rejected_count(&self) -> u64 {
        self.intake.report.rejected_count
    }

    /// The report; bars not taken from the iterator yet are read and dropped.
    pub fn finish(mut self) -> Result<ImportReport, ImportError> {
        for bar in self.by_ref() {
            bar?;
        }
        let mut report = self.intake.into_report();
        report.lines_read = self.lines.read();
        report.sha256 = hexadecimal(&self.lines.into_sha256()?);
        Ok(report)
    }
}

impl<R: Read> Iterator for BarReader<R> {
    type Item = Result<ImportedBar, ImportError>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if let Some(bar) = self.intake.pending.pop_front() {
                return Some(Ok(bar));
            }
            if self.ended {
                return None;
            }
            let (lines, intake) = (&mut self.lines, &mut self.intake);
            let more = match &mut self.shape {
                Shape::Wide(wide) => wide.read_row(lines, intake),
                Shape::Ohlcv(ohlcv) => ohlcv.read_row(lines, intake),
                Shape::Merged => series_json::read_line(lines, intake),
                Shape::Document => series_json::read_document(lines, intake),
            };
            match more {
                Ok(more) => self.ended = !more,
                Err(error) => {
                    self.ended = true;
                    return Some(Err(error));
                }
            }
        }
    }
}

/// The shape of the file by its first lines.
fn detect<R: Read>(file: &str, lines: &mut Lines<R>) -> Result<Format, ImportError> {
    let unknown = |because: &str| ImportError::UnknownFormat { file: file.into(), because: because.into() };
    let ahead = lines.peek(2)?;
    let Some(first) = ahead.front() else { return Err(ImportError::Empty { file: file.to_owned() }) };
    let second = ahead.get(1);
    if first.bytes.trim_ascii_start().starts_with(b"{") {
        // A line that is no whole object is cut, unless it is the first of a pretty-printed one.
        let whole = serde_json::from_slice::<serde::de::IgnoredAny>(&first.bytes)
            .map_or_else(|error| !error.is_eof(), |_| true);
        let another = second.is_some_and(|line| line.bytes.starts_with(b"{"));
        return Ok(if whole || another { Format::MergedJsonl } else { Format::SeriesJson });
    }
    let header = cells::split(first).map_err(|error| unknown(&error.to_string()))?;
    let has = |role| header.iter().any(|name| Role::of(name) == Some(role));
    if has(Role::Stamp) && has(Role::Close) {
        return Ok(Format::OhlcvCsv);
    }
    let dated = header.first().is_some_and(|name| name.is_empty() || Role::of(name) == Some(Role::Stamp));
    let second = second.and_then(|line| cells::split(line).ok());
    let stamped = second.is_some_and(|row| row.first().is_some_and(|cell| Stamp::parse(cell).is_ok()));
    if dated && stamped && header.len() > 1 {
        return Ok(Format::WideCsv);
    }
    Err(unknown(
        "neither a JSON price series, nor a table with date and close, nor one with a date and symbols",
    ))
}

fn read_header<R: Read>(
    file: &str,
    format: Format,
    lines: &mut Lines<R>,
    intake: &mut Intake,
) -> Result<Shape, ImportError> {
    let unknown = |because: String| ImportError::UnknownFormat { file: file.to_owned(), because };
    let Some(line) = lines.next_filled()? else { return Err(ImportError::Empty { file: file.to_owned() }) };
    let header = cells::split(&line).map_err(|error| unknown(error.to_string()))?;
    let place = |role| header.iter().position(|name| Role::of(name) == Some(role));
    let (stamp_place, symbol_place) = match format {
        Format::OhlcvCsv => {
            let stamp = place(Role::Stamp).ok_or_else(|| unknown("no column of dates".to_owned()))?;
            (stamp, place(Role::Symbol))
        }
        Format::WideCsv | Format::MergedJsonl | Format::SeriesJson => (0, None),
    };
    let interval = match intake.options.interval {
        Some(interval) => interval,
        None => learn_interval(lines, stamp_place, symbol_place)?.map_err(unknown)?,
    };
    if format == Format::WideCsv {
        return Ok(Shape::Wide(WideCsv::new(&header, line.number, interval, intake)));
    }
    let mut ohlcv = OhlcvCsv::new(&header, interval, intake).map_err(|error| unknown(error.to_string()))?;
    if let Some(symbol) = intake.options.symbol.clone() {
        ohlcv.set_symbol(symbol);
    } else if !ohlcv.has_symbols() {
        let symbol = symbol_of_file(file, intake)
            .map_err(|error| unknown(format!("no column of symbols, and of its name: {error}")))?;
        intake.report.warn(WarningKind::SymbolFromFileName, line.number);
        ohlcv.set_symbol(symbol);
    }
    Ok(Shape::Ohlcv(Box::new(ohlcv)))
}

fn learn_interval<R: Read>(
    lines: &mut Lines<R>,
    stamp_place: usize,
    symbol_place: Option<usize>,
) -> Result<Result<Interval, String>, ImportError> {
    let rows: Vec<(String, String)> = lines
        .peek(ROWS_LOOKED_AT)?
        .iter()
        .filter_map(|line: &Line| {
            let cells = cells::split(line).ok()?;
            let symbol = symbol_place.and_then(|place| cells.get(place)).map_or("", |cell| cell);
            Some((symbol.to_owned(), cells.get(stamp_place)?.to_string()))
        })
        .collect();
    let stamps = rows.iter().filter_map(|(symbol, stamp)| Some((symbol.as_str(), Stamp::parse(stamp).ok()?)));
    Ok(interval_of(stamps))
}

/// `AAPL.csv.gz` and `daily_prices_AAPL.csv` hold AAPL.
fn symbol_of_file(file: &str, intake: &Intake) -> Result<Symbol, RowError> {
    let name = file.rsplit(['/', '\\']).next().unwrap_or(file);
    let name = name.strip_suffix(".gz").unwrap_or(name);
    let name = name.rsplit_once('.').map_or(name, |(stem, _)| stem);
    canonical_symbol(name.strip_prefix("daily_prices_").unwrap_or(name), intake.options.market)
}

/// Bytes as lower-case hexadecimal digits.
pub(super) fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        for nibble in [byte >> 4, byte & 15] {
            text.push(char::from_digit(u32::from(nibble), 16).unwrap_or('0'));
        }
        text
    })
}
