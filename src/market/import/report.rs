//! What became of a file: counts, every row not taken, what to look at.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

use super::Format;

/// Rejected rows that are listed; all are counted.
pub const REJECTED_LISTED_MAX: usize = 1_000;
/// Lines named per kind of warning.
const WARNED_LINES_MAX: usize = 10;
/// Different unknown keys that are told apart.
const UNKNOWN_KEYS_MAX: usize = 100;
/// Characters kept of one.
const UNKNOWN_KEY_CHARS_MAX: usize = 64;
/// Rejected rows shown by the readable form.
pub(super) const REJECTED_SHOWN_MAX: usize = 20;

/// A row that was not taken.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rejected {
    /// Its line in the (unpacked) file, from 1.
    pub line: u64,
    /// The cell of a CSV row, or the byte of a JSON line, from 1; absent where the whole row is meant.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub column: Option<u64>,
    /// Why.
    pub reason: String,
}

impl fmt::Display for Rejected {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let column = self.column.map_or_else(String::new, |column| format!(", column {column}"));
        write!(out, "line {}{column}: {}", self.line, self.reason)
    }
}

/// What was taken although it is odd.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WarningKind {
    /// An open outside the bar's range, taken as written.
    OpenOutsideRange,
    /// A close outside the bar's range, taken as written.
    CloseOutsideRange,
    /// High and low are zero: only open and close were taken.
    RangeAbsent,
    /// Neither price nor volume in the row, or an empty cell of a wide file: no bar.
    Empty,
    /// The stamp occurs twice that day because clocks were put back; the earlier was taken.
    AmbiguousTime,
    /// The file names no zone, or one that is not in the zone database; the market's was used.
    ZoneUnknown,
    /// The file's zone is not that of the symbol's market; the market's was used.
    ZoneDisagrees,
    /// The symbol was taken from the name of the file.
    SymbolFromFileName,
}

impl WarningKind {
    const fn text(self) -> &'static str {
        match self {
            Self::OpenOutsideRange => "open outside the bar's range, taken as written",
            Self::CloseOutsideRange => "close outside the bar's range, taken as written",
            Self::RangeAbsent => "high and low are zero: only open and close taken",
            Self::Empty => "nothing in the row or cell: no bar",
            Self::AmbiguousTime => "time occurs twice that day: the earlier taken",
            Self::ZoneUnknown => "no usable time zone in the file: the market's used",
            Self::ZoneDisagrees => "time zone is not that of the market: the market's used",
            Self::SymbolFromFileName => "symbol taken from the name of the file",
        }
    }
}

/// How often something odd occurred.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Warned {
    /// How often.
    pub count: u64,
    /// The first lines on which it did.
    pub first_lines: Vec<u64>,
}

impl Warned {
    pub(super) fn add(&mut self, line: u64) {
        self.count += 1;
        if self.first_lines.len() < WARNED_LINES_MAX && self.first_lines.last() != Some(&line) {
            self.first_lines.push(line);
        }
    }
}

/// What became of a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ImportReport {
    /// Its name, without folders.
    pub file: String,
    /// Of its bytes as given, in hexadecimal.
    pub sha256: String,
    /// How it was read.
    pub format: Format,
    /// In which zones its stamps were read, with the bars of each.
    pub zones_used: BTreeMap<String, u64>,
    /// Lines of the unpacked file, blank ones too.
    pub lines_read: u64,
    /// Symbols with at least one bar.
    pub symbols: u64,
    /// Bars taken.
    pub bars_accepted: u64,
    /// Of them, with nothing but an open.
    pub open_only: u64,
    /// Of them, with one price for the whole bar.
    pub flat: u64,
    /// Rows (or bars of a JSON line) not taken.
    pub rejected_count: u64,
    /// The first of them.
    pub rejected: Vec<Rejected>,
    /// What was taken although it is odd.
    pub warnings: BTreeMap<WarningKind, Warned>,
    /// Keys and columns nobody asked for, and how often each occurred.
    pub unknown_keys: BTreeMap<String, u64>,
}

impl ImportReport {
    pub(super) fn new(file: String, format: Format) -> Self {
        Self {
            file,
            sha256: String::new(),
            format,
            zones_used: BTreeMap::new(),
            lines_read: 0,
            symbols: 0,
            bars_accepted: 0,
            open_only: 0,
            flat: 0,
            rejected_count: 0,
            rejected: Vec::new(),
            warnings: BTreeMap::new(),
            unknown_keys: BTreeMap::new(),
        }
    }

    pub(super) fn reject(&mut self, line: u64, column: Option<u64>, reason: &impl fmt::Display) {
        self.rejected_count += 1;
        if self.rejected.len() < REJECTED_LISTED_MAX {
            self.rejected.push(Rejected { line, column, reason: reason.to_string() });
        }
    }

    pub(super) fn warn(&mut self, kind: WarningKind, line: u64) {
        self.warnings.entry(kind).or_default().add(line);
    }

    pub(super) fn count_unknown(&mut self, key: &str) {
        count_key(&mut self.unknown_keys, key);
    }
}

/// Counts a key; beyond a hundred different ones they are counted together.
pub(super) fn count_key(keys: &mut BTreeMap<String, u64>, key: &str) {
    let short: String = key.chars().take(UNKNOWN_KEY_CHARS_MAX).collect();
    let known = keys.len() < UNKNOWN_KEYS_MAX || keys.contains_key(&short);
    *keys.entry(if known { short } else { "(others)".to_owned() }).or_default() += 1;
}

fn times(count: u64) -> String {
    if count == 1 { "once".to_owned() } else { format!("{count} times") }
}

/// `1 bar`, `2 bars`.
fn counted(count: u64, what: &str) -> String {
    format!("{count} {what}{}", if count == 1 { "" } else { "s" })
}

impl fmt::Display for ImportReport {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(out, "{} ({}, sha256 {})", self.file, self.format, self.sha256)?;
        let zones = self.zones_used.keys().map(String::as_str).collect::<Vec<_>>().join(", ");
        writeln!(
            out,
            "  {}, {} of {} ({} open-only, {} flat){}{zones}",
            counted(self.lines_read, "line"),
            counted(self.bars_accepted, "bar"),
            counted(self.symbols, "symbol"),
            self.open_only,
            self.flat,
            if zones.is_empty() { "" } else { ", times in " },
        )?;
        for (kind, warned) in &self.warnings {
            let lines = warned.first_lines.iter().map(u64::to_string).collect::<Vec<_>>().join(", ");
            let place = if warned.first_lines.len() == 1 { "line" } else { "lines" };
            writeln!(out, "  warning: {} ({}, {place} {lines})", kind.text(), times(warned.count))?;
        }
        for (key, count) in &self.unknown_keys {
            writeln!(out, "  unknown key {key:?}: {}", times(*count))?;
        }
        if self.rejected_count > 0 {
            writeln!(out, "  {} rejected:", self.rejected_count)?;
        }
        for rejected in self.rejected.iter().take(REJECTED_SHOWN_MAX) {
            writeln!(out, "    {rejected}")?;
        }
        if self.rejected.len() > REJECTED_SHOWN_MAX {
            writeln!(out, "    and {} more", self.rejected_count - REJECTED_SHOWN_MAX as u64)?;
        }
        Ok(())
    }
}
