//! The latest quotes.

mod board;
pub mod find;
pub mod list;
pub mod stream;
mod view;

pub use board::{NoQuotes, Quote, QuoteBoard, QuoteNews};
pub use view::QuoteView;
