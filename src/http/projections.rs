//! The read models and how far they are.

pub mod list;
