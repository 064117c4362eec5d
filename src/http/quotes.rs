//! The latest quotes.

mod board;
pub mod find;
pub mod list;
pub mod stream;
mod view;

pub use board::{NoQuotes, Quote, QuoteBoard, QuoteNews, QuoteStream, Staleness};
pub use view::QuoteView;
