//! `tapedeck bench`

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use ::events::Interval;
use ::events::market::Bars;
use anyhow::Context;
use clap::{Args, ValueEnum};
use projections::bars::BarsQuery;

use super::Output;
use crate::bench::{self, AppendBench, BenchReport};
use crate::config::Config;
use crate::market::import::{ImportOptions, Strictness, import_path};
use crate::tape::Tape;

/// Measures one promise, with what it compares with, in a data folder of its own.
#[derive(Debug, Args)]
pub struct Bench {
    /// What to measure
    name: Name,
    /// Seconds per measurement
    #[arg(long, default_value_t = 3.0)]
    seconds: f64,
    /// Measurements of each kind; the median counts
    #[arg(long, default_value_t = 3)]
    rounds: usize,
    /// Connections that append
    #[arg(long, default_value_t = 1)]
    appenders: usize,
    /// How many callers append at once, one measurement each
    #[arg(long, value_delimiter = ',', default_values_t = [1, 32, 256, 1024])]
    callers: Vec<usize>,
    /// Streams in the full log; each has two remembered commands
    #[arg(long, default_value_t = 1_000_000)]
    streams: u32,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Name {
    /// Durable single-event commands against bare inserts
    Append,
    /// Appends to a log with many streams and commands against an empty one
    FullLog,
    /// One stream with one caller and with 64
    HotStream,
    /// A million stored events folded, against a binary COPY
    Replay,
    /// Memory: a run over ten million bars, and a hundred thousand live actors
    Actors,
    /// Authenticated reads against the same without identity
    Http,
    /// What others notice of ten thousand guesses of a password in a minute
    SignIn,
    /// The risk of one book and of a thousand, against numpy
    Portfolio,
    /// Reads of portfolios over HTTP, and what keeping rolls spares them
    PortfolioReads,
    /// Values, Greeks and implied volatilities of options, against numpy and a pricing library
    Options,
    /// The trading engine against a bare loop, in memory and durable
    Run,
}

/// Measures in a private database that is removed afterwards, unless one was given by URL.
pub async fn run(bench: Bench, mut config: Config, output: &Output) -> anyhow::Result<ExitCode> {
    let scratch = config.data_dir.join("bench");
    if config.database.url.is_none() {
        config.data_dir.clone_from(&scratch);
    }
    let private = config.database.url.is_none();
    let outcome = match bench.name {
        Name::Http => {
            let prices = demo_data().join("sp500_20.csv.gz");
            bench::http(config, &prices, bench.seconds, bench.rounds).await
        }
        Name::SignIn => bench::sign_in(config, &demo_data().join("sp500_20.csv.gz")).await,
        Name::PortfolioReads => {
            let prices = demo_data().join("sp500_20.csv.gz");
            bench::portfolio_reads(config, &prices, bench.seconds, bench.rounds).await
        }
        Name::Portfolio => {
            bench::portfolio(&demo_data(), &PathBuf::from("data/stress_scenarios.json"), bench.rounds)
        }
        Name::Options => bench::options(bench.rounds),
        _ => {
            let tape = Tape::open(config).await?;
            let outcome = measure(&bench, &tape).await;
            tape.close().await?;
            outcome
        }
    };
    if private && scratch.exists() {
        std::fs::remove_dir_all(&scratch)?;
    }
    output.show(&outcome?, |report| serde_json::to_string_pretty(report).unwrap_or_default())?;
    Ok(ExitCode::SUCCESS)
}

/// The daily bars of the demo's twenty stocks, imported into the bench's own store.
async fn daily_bars(tape: &Tape) -> anyhow::Result<Arc<Bars>> {
    let mut client = tape.log.connector().connect().await?;
    let path = demo_data().join("sp500_20.csv.gz");
    import_path(&mut client, &path, ImportOptions::default(), Strictness::Strict, ::events::time::now())
        .await
        .with_context(|| format!("the bench needs {}; run it in the project's folder", path.display()))?;
    let bars = projections::bars::read(&client, &BarsQuery::all(Interval::Day)).await?;
    Ok(Arc::new(bars))
}

async fn measure(bench: &Bench, tape: &Tape) -> anyhow::Result<BenchReport> {
    match bench.name {
        Name::Http | Name::SignIn | Name::Portfolio | Name::PortfolioReads | Name::Options => {
            anyhow::bail!("this bench needs no tape, or opens it itself")
        }
        Name::FullLog => {
            bench::full_log(tape.log.connector(), bench.streams, bench.seconds, bench.rounds).await
        }
        Name::HotStream => bench::hot_stream(&tape.log, bench.seconds, bench.rounds).await,
        Name::Replay => bench::replay(&tape.log, bench.rounds).await,
        Name::Actors => bench::live_actors(&tape.log).await,
        Name::Run => bench::run(&tape.log, daily_bars(tape).await?, bench.rounds).await,
        Name::Append => {
            let options = AppendBench {
                seconds: bench.seconds,
                rounds: bench.rounds,
                appenders: bench.appenders,
                callers: bench.callers.clone(),
            };
            bench::append(tape.log.connector(), options).await
        }
    }
}

/// Where the project keeps the prices of its demo.
fn demo_data() -> PathBuf {
    PathBuf::from("data/prices")
}
