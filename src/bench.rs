//! The performance promises, measured: each bench measures what it compares with in the same run.

mod append;
mod report;
mod run;

pub use append::{AppendBench, append};
pub use report::{BenchReport, Machine, median, percentile};
pub use run::run;
