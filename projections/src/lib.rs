//! What is seen: one file per read model, its fold and its queries.

pub mod bars;
