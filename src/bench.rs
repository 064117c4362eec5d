//! The performance promises, measured: each bench measures what it compares with in the same run.

mod actors;
mod append;
mod counter;
mod disk;
mod full_log;
mod hot_stream;
mod http;
mod load;
mod options;
mod peer;
mod portfolio;
mod portfolio_reads;
mod replay;
mod report;
mod run;
mod sign_in;
mod synthetic;
mod wal;

pub use actors::live_actors;
pub use append::{AppendBench, append};
pub use full_log::full_log;
pub use hot_stream::hot_stream;
pub use http::http;
pub use options::options;
pub use portfolio::portfolio;
pub use portfolio_reads::portfolio_reads;
pub use replay::replay;
pub use report::{BenchReport, Machine, median, percentile};
pub use run::run;
pub use sign_in::sign_in;
