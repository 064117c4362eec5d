//! Portfolios.

pub mod batch_status;
pub mod calculate;
pub mod change;
pub mod create;
pub mod delete;
pub mod find;
pub mod history;
pub mod import_csv;
pub mod list;
pub mod restore;
mod view;

pub use view::{HistoryEntryView, PortfolioView, PortfoliosView};
