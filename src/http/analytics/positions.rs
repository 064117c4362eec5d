//! Analytics of single positions.

pub mod attribution;
