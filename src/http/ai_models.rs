//! Language models: which can be chosen, and what they can be told.

pub mod available;
pub mod parameters;
