//! Positions from a file: a table with a header (CSV), a lot in each row. All rows are checked and everything that is wrong
//! is told; what is only odd is told too, and imported.

mod columns;
mod fault;
mod report;
mod row;
mod tagging;
mod template;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;

pub use columns::Column;
use columns::Header;
use events::portfolio::valuation::Exposure;
use events::portfolio::{IMPORT_LOTS_MAX, LotDraft, LotTerms, Portfolio, lot_warnings};
pub use fault::{Fault, FileFault, Remark};
use jiff::civil::Date;
pub use report::{ImportReport, RecognisedRow};
pub use tagging::{TaggingError, new_names, tags_of};
pub use template::TEMPLATE;

/// Most bytes of a file.
pub const FILE_BYTES_MAX: usize = 10 << 20;
/// Most rows of a file, its header aside.
pub const ROWS_MAX: usize = IMPORT_LOTS_MAX;
/// What some programs write before the first character.
const BYTE_ORDER_MARK: &str = "\u{feff}";

/// A row that keeps every rule.
#[derive(Debug, Clone, PartialEq)]
pub struct SheetRow {
    /// Which row; the header is row 1.
    pub row: u64,
    /// The lot, without its tags.
    pub draft: LotDraft,
    /// What it was recognised as.
    pub terms: LotTerms,
    /// The names of its tags.
    pub tags: Vec<String>,
}

/// A file that was read.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Sheet {
    /// Rows that hold something.
    pub rows_read: usize,
    /// Those that keep every rule, in their order.
    pub rows: Vec<SheetRow>,
    /// Every broken rule of the others.
    pub faults: Vec<Fault>,
    /// Columns that nobody reads.
    pub ignored_columns: Vec<String>,
}

impl Sheet {
    /// Reads a file as of `today` in New York. Broken rules of rows are part of what was read.
    ///
    /// # Errors
    /// The file as a whole cannot be read.
    pub fn read(bytes: &[u8], today: Date) -> Result<Self, FileFault> {
        if bytes.len() > FILE_BYTES_MAX {
            return Err(FileFault::TooLarge);
        }
        let text = std::str::from_utf8(bytes).map_err(|error| not_text(bytes, error.valid_up_to()))?;
        let text = text.strip_prefix(BYTE_ORDER_MARK).unwrap_or(text);
        if has_unclosed_quote(text) {
            return Err(FileFault::UnclosedQuote);
        }
        let mut reader = csv::ReaderBuilder::new()
            .has_headers(false)
            .flexible(true)
            .comment(Some(b'#'))
            .from_reader(text.as_bytes());
        let mut records = reader.records();
        let malformed = |error: csv::Error| FileFault::Malformed(error.to_string());
        let header = records.next().ok_or(FileFault::Empty)?.map_err(malformed)?;
        let header = Header::of(header.iter())?;
        let mut sheet = Self { ignored_columns: header.unknown.clone(), ..Self::default() };
        for (row, record) in (2..).zip(records) {
            let record = record.map_err(malformed)?;
            if record.iter().all(|cell| cell.trim().is_empty()) {
                continue;
            }
            sheet.rows_read += 1;
            if sheet.rows_read > ROWS_MAX {
                return Err(FileFault::TooManyRows);
            }
            let line = record.position().map_or(row, csv::Position::line);
            sheet.take(&header, &record, (row, line), today);
        }
        if sheet.rows_read == 0 { Err(FileFault::Empty) } else { Ok(sheet) }
    }

    fn take(&mut self, header: &Header, record: &csv::StringRecord, place: (u64, u64), today: Date) {
        let Some(cells) = row::read(header, record, place, &mut self.faults) else { return };
        match cells.draft.terms(today) {
            Ok(terms) => {
                self.rows.push(SheetRow { row: place.0, draft: cells.draft, terms, tags: cells.tags });
            }
            Err(broken) => {
                self.faults.extend(broken.into_iter().map(|error| match Column::of_field(&error.field) {
                    Some(column) => {
                        let value = row::cell(header, record, column).unwrap_or_default();
                        Fault::of_cell(place, column, &error.code, error.message, value)
                    }
                    None => Fault::of_row(place, &error.code, format!("{}: {}", error.field, error.message)),
                }))
            }
        }
    }

    /// What is odd about the rows, beside what `portfolio` holds already.
    pub fn remarks(&self, portfolio: &Portfolio, today: Date) -> Vec<Remark> {
        let drafts: Vec<LotDraft> = self.rows.iter().map(|row| row.draft.clone()).collect();
        let warnings = lot_warnings(portfolio, &drafts, today);
        warnings
            .into_iter()
            .filter_map(|warning| {
                let row = self.rows.get(warning.row)?.row;
                Some(Remark::new(row, warning.code, warning.message))
            })
            .collect()
    }

    /// What the rows cost at their entry: held, owed, together and net.
    pub fn exposure_at_entry(&self) -> Exposure {
        Exposure::of(self.rows.iter().map(|row| row.terms.cost()))
    }

    /// The names of all tags, each as it is written first; names that differ in case only are one.
    pub fn tag_names(&self) -> Vec<&str> {
        let mut seen = BTreeSet::new();
        let names = self.rows.iter().flat_map(|row| &row.tags);
        names.filter(|name| seen.insert(name.to_lowercase())).map(String::as_str).collect()
    }

    /// The first date of an entry.
    pub fn first_entry_date(&self) -> Option<Date> {
        self.rows.iter().map(|row| row.terms.entry_date).min()
    }
}

fn not_text(bytes: &[u8], byte: usize) -> FileFault {
    let before = bytes.get(..byte).unwrap_or_default();
    FileFault::NotText { byte, line: 1 + before.iter().filter(|byte| **byte == b'\n').count() }
}

/// Whether a quoted cell runs to the end of the file: its reader would take everything behind the quotation mark for one
/// cell. Within quotes a quotation mark is written twice, so that there is an even number of them.
fn has_unclosed_quote(text: &str) -> bool {
    let mut is_open = false;
    for line in text.lines() {
        if is_open || !line.starts_with('#') {
            is_open ^= line.bytes().filter(|byte| *byte == b'"').count() % 2 == 1;
        }
    }
    is_open
}
