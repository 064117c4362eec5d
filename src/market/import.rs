//! Reading files of prices and reference data: bytes, plain or gzip, into bars or records and a report that names every
//! row not taken.
//!
//! A file is read once, line by line; only one line (or one pretty-printed JSON object) is in memory at a time. Bad
//! rows are reported and skipped; what ends the reading is an [`ImportError`].

mod cells;
mod error;
mod intake;
mod lines;
mod ohlcv_csv;
mod options;
pub mod positions;
mod prices;
mod raw_json;
mod reader;
pub mod reference;
mod report;
mod series_json;
mod stamp;
mod store;
#[cfg(test)]
mod tests;
mod wide_csv;

pub use error::ImportError;
pub use options::{Format, ImportOptions, StampMeaning, VolumeUnit};
pub use projections::bars::{BarPrices, ImportedBar};
pub use reader::BarReader;
pub use report::{ImportReport, Rejected, Warned, WarningKind};
pub use store::{Imported, Strictness, import_path};
