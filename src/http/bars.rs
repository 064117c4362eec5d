//! The price history.

pub mod list;
