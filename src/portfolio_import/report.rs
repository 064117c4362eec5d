//! What an import says: what was recognised, what is wrong, and what is odd.

use events::portfolio::NewLot;
use events::position::{InvestmentClass, InvestmentSubtype, PositionSymbol, PositionType};
use events::{Cash, Price, Quantity};
use events::{CommandId, PositionId};
use jiff::civil::Date;
use serde::Serialize;
use utoipa::ToSchema;

use super::{Fault, Remark, Sheet, SheetRow};

/// A row as it was recognised.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct RecognisedRow {
    /// The row; the header is row 1.
    #[schema(example = 2)]
    row: u64,
    /// What the position is called; the OCC symbol of options.
    #[schema(value_type = String, example = "AAPL")]
    symbol: PositionSymbol,
    /// Units, signed.
    #[schema(value_type = String, example = "80.9")]
    quantity: Quantity,
    /// The price per share at the entry.
    #[schema(value_type = String, example = "204.9374")]
    entry_price: Price,
    /// The date of the entry.
    #[schema(value_type = String, format = Date)]
    entry_date: Date,
    /// `LONG`, `SHORT`, `LC`, `LP`, `SC` or `SP`.
    #[schema(value_type = String, example = "LONG")]
    position_type: PositionType,
    /// `PUBLIC`, `OPTIONS` or `PRIVATE`.
    #[schema(value_type = String, example = "PUBLIC")]
    investment_class: InvestmentClass,
    /// What it is within its class.
    #[schema(value_type = Option<String>, example = "STOCK")]
    investment_subtype: Option<InvestmentSubtype>,
    /// The names of its tags.
    tags: Vec<String>,
}

/// What an import found and did.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct ImportReport {
    /// Rows that hold something.
    #[schema(example = 16)]
    pub rows_total: usize,
    /// Those that keep every rule.
    #[schema(example = 16)]
    pub rows_valid: usize,
    /// Positions that were entered: all of the file, or none.
    #[schema(example = 16)]
    pub positions_created: usize,
    /// Tags that were created, or would be.
    pub tags_created: Vec<String>,
    /// What is held, at entry.
    #[schema(value_type = String, example = "484986.030661")]
    pub long_at_entry: Cash,
    /// What is owed, at entry; not positive.
    #[schema(value_type = String, example = "0")]
    pub short_at_entry: Cash,
    /// Both together.
    #[schema(value_type = String, example = "484986.030661")]
    pub gross_at_entry: Cash,
    /// What is held less what is owed.
    #[schema(value_type = String, example = "484986.030661")]
    pub net_at_entry: Cash,
    /// Columns that are not read.
    pub ignored_columns: Vec<String>,
    /// Every broken rule of every row.
    pub errors: Vec<Fault>,
    /// What is odd, and imported all the same.
    pub warnings: Vec<Remark>,
    /// The rows as they were recognised; only where nothing was imported.
    pub rows: Vec<RecognisedRow>,
}

impl ImportReport {
    /// Of a file that was looked at.
    pub fn of(sheet: &Sheet, warnings: Vec<Remark>, tags_created: Vec<String>) -> Self {
        let exposure = sheet.exposure_at_entry();
        Self {
            rows_total: sheet.rows_read,
            rows_valid: sheet.rows.len(),
            positions_created: 0,
            tags_created,
            long_at_entry: exposure.long,
            short_at_entry: exposure.short,
            gross_at_entry: exposure.gross(),
            net_at_entry: exposure.net(),
            ignored_columns: sheet.ignored_columns.clone(),
            errors: sheet.faults.clone(),
            warnings,
            rows: sheet.rows.iter().map(RecognisedRow::of).collect(),
        }
    }

    /// Of a file that was imported.
    #[must_use]
    pub fn imported(self) -> Self {
        Self { positions_created: self.rows_valid, rows: Vec::new(), ..self }
    }
}

impl RecognisedRow {
    fn of(row: &SheetRow) -> Self {
        let terms = &row.terms;
        Self {
            row: row.row,
            symbol: terms.symbol.clone(),
            quantity: terms.quantity,
            entry_price: terms.entry_price,
            entry_date: terms.entry_date,
            position_type: terms.position_type,
            investment_class: terms.investment_class,
            investment_subtype: terms.investment_subtype,
            tags: row.tags.clone(),
        }
    }
}

impl Sheet {
    /// The lots of the rows. The same command always makes the same ids.
    pub fn into_lots(self, command_id: CommandId) -> Vec<NewLot> {
        let lot = |row: SheetRow| {
            let (command, number) = (command_id.uuid(), row.row.to_be_bytes());
            NewLot {
                position_id: PositionId::derived(&[b"import", command.as_bytes(), &number]),
                draft: row.draft,
            }
        };
        self.rows.into_iter().map(lot).collect()
    }
}
