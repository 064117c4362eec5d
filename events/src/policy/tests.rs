//! Policies on series small enough to trade by hand, their parameters, and what sizing promises.

mod builtin;
mod indicators;
mod sizing;
mod spec;
