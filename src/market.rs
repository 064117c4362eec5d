//! Market data: where prices come from, and how they get into the market store.

pub mod import;
