//! The read models, how far they are, and folding them anew.

pub mod list;
pub mod rebuild;
