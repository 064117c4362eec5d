//! Rows of named values, from CSV with a header or from JSON lines.

use std::collections::BTreeMap;
use std::io::Read;

use super::RecordKind;
use crate::market::import::error::{RowError, excerpt};
use crate::market::import::lines::{Line, Lines};
use crate::market::import::prices::Refusal;
use crate::market::import::raw_json::{Entries, scalar};
use crate::market::import::{ImportError, cells};

/// A value as it is written, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Value {
    pub(super) text: String,
    /// The cell of a CSV row, from 1.
    pub(super) column: Option<u64>,
}

/// The values of a row by the names of their fields; what is empty or null is absent.
pub(super) type Row = BTreeMap<String, Value>;

/// A row, or why it is none, with its line.
pub(super) type NumberedRow = (u64, Result<Row, Refusal>);

/// The rows of a file.
pub(super) struct Rows<R> {
    lines: Lines<R>,
    /// The names of the columns; absent for JSON lines.
    header: Option<Vec<String>>,
}

impl<R: Read> Rows<R> {
    /// Looks at the first line. A column that the records do not know refuses the file: who names one means something.
    pub(super) fn open(
        file: &str,
        mut lines: Lines<R>,
        kind: RecordKind,
        knows: impl Fn(&str) -> bool,
    ) -> Result<Self, ImportError> {
        let refused =
            |because| ImportError::NotRecords { file: file.to_owned(), records: kind.name(), because };
        let Some(first) = lines.peek(1)?.front() else {
            return Err(ImportError::Empty { file: file.to_owned() });
        };
        if first.bytes.trim_ascii_start().starts_with(b"{") {
            return Ok(Self { lines, header: None });
        }
        let names = cells::split(first).map_err(|error| refused(error.to_string()))?;
        let header: Vec<String> = names.iter().map(|name| field_name(name)).collect();
        for (place, name) in header.iter().enumerate() {
            if !knows(name) {
                return Err(refused(RowError::UnknownField(format!("column {}", excerpt(name))).to_string()));
            }
            if header.iter().take(place).any(|before| before == name) {
                return Err(refused(RowError::Twice(format!("column {name}")).to_string()));
            }
        }
        lines.next_filled()?;
        Ok(Self { lines, header: Some(header) })
    }

    pub(super) const fn format(&self) -> &'static str {
        if self.header.is_some() { "csv" } else { "jsonl" }
    }

    /// The next row with its line; `None` at the end of the file.
    pub(super) fn next_row(
        &mut self,
        knows: impl Fn(&str) -> bool,
    ) -> Result<Option<NumberedRow>, ImportError> {
        let Some(line) = self.lines.next_filled()? else { return Ok(None) };
        let row = match &self.header {
            Some(header) => csv_row(header, &line),
            None => json_row(&line, knows),
        };
        Ok(Some((line.number, row.map_err(Refusal::from))))
    }

    pub(super) fn into_lines(self) -> Lines<R> {
        self.lines
    }
}

fn csv_row(header: &[String], line: &Line) -> Result<Row, RowError> {
    let cells = cells::split(line)?;
    if cells.len() != header.len() {
        return Err(RowError::CellCount { expected: header.len(), found: cells.len() });
    }
    let values = header.iter().zip(cells).zip(1_u64..).filter(|((_, cell), _)| !cell.is_empty());
    Ok(values
        .map(|((name, cell), column)| (name.clone(), Value { text: cell.into_owned(), column: Some(column) }))
        .collect())
}

fn json_row(line: &Line, knows: impl Fn(&str) -> bool) -> Result<Row, RowError> {
    let text = std::str::from_utf8(&line.bytes).map_err(|_| RowError::NotUtf8)?;
    let entries: Entries<'_> =
        serde_json::from_str(text).map_err(|error| RowError::NotJson(error.to_string()))?;
    let mut row = Row::new();
    for (key, value) in entries.0 {
        let name = field_name(&key);
        if !knows(&name) {
            return Err(RowError::UnknownField(excerpt(&key)));
        }
        if value.get().starts_with(['{', '[']) {
            return Err(RowError::Nested(excerpt(&key)));
        }
        let text = scalar(value).trim().to_owned();
        if value.get() == "null" || text.is_empty() {
            continue;
        }
        if row.insert(name, Value { text, column: None }).is_some() {
            return Err(RowError::Twice(excerpt(&key)));
        }
    }
    Ok(row)
}

/// `As of Date` and `as-of-date` are `as_of_date`.
fn field_name(written: &str) -> String {
    written.trim().to_ascii_lowercase().replace([' ', '-'], "_")
}
