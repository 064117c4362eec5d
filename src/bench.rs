//! The performance promises, measured: each bench measures what it compares with in the same run.

mod append;
mod report;

pub use append::{AppendBench, append};
pub use report::{BenchReport, Machine, median, percentile};
