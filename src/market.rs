//! Market data: where prices come from, how they get into the market store, and how runs get them from there.

pub mod import;
mod store;

pub use store::{Market, MarketError, Range};
