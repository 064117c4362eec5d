//! The log as a whole.

pub mod show;
