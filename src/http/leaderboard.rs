//! Completed runs by rank.

pub mod list;
