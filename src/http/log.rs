//! The log as a whole.

pub mod audit;
pub mod show;
