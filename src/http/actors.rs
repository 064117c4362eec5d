//! The actors that live in this process.

pub mod list;
