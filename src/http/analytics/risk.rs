//! Analytics of one portfolio by what is risked.

pub mod greeks;
