//! What is wrong with a file of positions, and where.

use serde::Serialize;
use utoipa::ToSchema;

use super::columns::{Column, HeaderFault};
use super::{FILE_BYTES_MAX, ROWS_MAX};

/// A broken rule of one cell or row.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Fault {
    /// The row; the header is row 1.
    #[schema(example = 3)]
    pub row: u64,
    /// The line of the file on which the row begins.
    #[schema(example = 3)]
    pub line: u64,
    /// The column; none where the row as a whole is wrong.
    #[schema(example = "Quantity")]
    pub column: Option<&'static str>,
    /// The broken rule for programs; never changes.
    #[schema(example = "out_of_range")]
    pub code: String,
    /// Its number in the list of import rules (`ERR_POS_…`), where it has one.
    #[schema(example = "ERR_POS_010")]
    pub rule: Option<&'static str>,
    /// The broken rule for people.
    #[schema(example = "must not be 0")]
    pub message: String,
    /// What the cell holds, its first 100 characters.
    #[schema(example = "0")]
    pub value: Option<String>,
}

/// Longest part of a cell that is shown, in characters.
const VALUE_CHARS_MAX: usize = 100;

impl Fault {
    /// A broken rule of a cell.
    pub(super) fn of_cell(
        place: (u64, u64),
        column: Column,
        code: &str,
        message: String,
        value: &str,
    ) -> Self {
        let shown = value.chars().take(VALUE_CHARS_MAX).collect();
        Self { value: Some(shown), ..Self::new(place, Some(column), code, message) }
    }

    /// A broken rule of a row.
    pub(super) fn of_row(place: (u64, u64), code: &str, message: String) -> Self {
        Self::new(place, None, code, message)
    }

    fn new((row, line): (u64, u64), column: Option<Column>, code: &str, message: String) -> Self {
        let rule = column.and_then(|column| rule(column, code));
        Self {
            row,
            line,
            column: column.map(Column::name),
            code: code.to_owned(),
            rule,
            message,
            value: None,
        }
    }
}

/// The numbers of the rules that the list of import rules gives away.
fn rule(column: Column, code: &str) -> Option<&'static str> {
    match (column, code) {
        (Column::EntryPrice, "out_of_range") => Some("ERR_POS_010"),
        (Column::EntryPrice, "too_precise") => Some("ERR_POS_011"),
        _ => None,
    }
}

/// Something odd about a row that is imported all the same.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Remark {
    /// The row; the header is row 1.
    #[schema(example = 3)]
    pub row: u64,
    /// What is odd, for programs: `zero_entry_price`, `repeated_lot`, `identical_row`, `fractional_contracts` or
    /// `option_expired`.
    #[schema(example = "repeated_lot")]
    pub code: String,
    /// Its number in the list of import rules, where it has one.
    #[schema(example = "ERR_POS_023")]
    pub rule: Option<&'static str>,
    /// What is odd, for people.
    #[schema(example = "another lot of GOOGL was entered on 2025-06-30")]
    pub message: String,
}

impl Remark {
    pub(super) fn new(row: u64, code: &str, message: String) -> Self {
        let rule = match code {
            "zero_entry_price" => Some("ERR_POS_010"),
            "repeated_lot" => Some("ERR_POS_023"),
            _ => None,
        };
        Self { row, code: code.to_owned(), rule, message }
    }
}

/// Why nothing can be read from a file.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FileFault {
    /// More bytes than allowed.
    #[error("the file is larger than {FILE_BYTES_MAX} bytes")]
    TooLarge,
    /// No rows behind the header, or no header.
    #[error("the file holds no positions")]
    Empty,
    /// Columns that must be there are not.
    #[error("columns are missing: {}", names(.0))]
    MissingColumns(Vec<Column>),
    /// A column is there more than once.
    #[error("the column {} occurs more than once", .0.name())]
    RepeatedColumn(Column),
    /// Not text in UTF-8.
    #[error("the file is not text in UTF-8: byte {byte} on line {line} is not")]
    NotText {
        /// Which byte, from 0.
        byte: usize,
        /// On which line, from 1.
        line: usize,
    },
    /// A quoted cell has no end.
    #[error("a quotation mark is opened and never closed")]
    UnclosedQuote,
    /// What a reader of tables cannot read.
    #[error("the file is not a table: {0}")]
    Malformed(String),
    /// More rows than one import may have.
    #[error("the file has more than {ROWS_MAX} positions")]
    TooManyRows,
}

impl FileFault {
    /// The number of the broken rule in the list of import rules, where it has one.
    pub const fn rule(&self) -> Option<&'static str> {
        match self {
            Self::TooLarge => Some("ERR_CSV_001"),
            Self::Empty => Some("ERR_CSV_003"),
            Self::MissingColumns(_) => Some("ERR_CSV_004"),
            Self::RepeatedColumn(_) => Some("ERR_CSV_005"),
            Self::NotText { .. } | Self::UnclosedQuote | Self::Malformed(_) => Some("ERR_CSV_006"),
            Self::TooManyRows => None,
        }
    }

    /// The broken rule for programs.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::TooLarge => "too_large",
            Self::Empty => "empty",
            Self::MissingColumns(_) => "missing_column",
            Self::RepeatedColumn(_) => "repeated_column",
            Self::NotText { .. } => "not_utf8",
            Self::UnclosedQuote => "unclosed_quote",
            Self::Malformed(_) => "malformed",
            Self::TooManyRows => "too_many_rows",
        }
    }
}

impl From<HeaderFault> for FileFault {
    fn from(fault: HeaderFault) -> Self {
        match fault {
            HeaderFault::Missing(columns) => Self::MissingColumns(columns),
            HeaderFault::Repeated(column) => Self::RepeatedColumn(column),
        }
    }
}

fn names(columns: &[Column]) -> String {
    columns.iter().map(|column| column.name()).collect::<Vec<_>>().join(", ")
}
