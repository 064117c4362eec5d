//! Events that a read model could not apply, and what operators do with them.

pub mod discard;
pub mod list;
pub mod retry;
mod selection;
