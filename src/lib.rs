//! The application: configuration, private servers, the HTTP API, the command line, and what wires them together.
//!
//! Everything that decides, remembers or computes lives in the packages below (`actors`, `projections`, `events`,
//! `quant`); this package is the only one that knows all of them.

pub mod ai;
pub mod app;
pub mod audit;
pub mod bench;
pub mod cli;
pub mod config;
pub mod create_model;
pub mod doctor;
pub mod embedded;
pub mod http;
pub mod identity;
pub mod import_ledger;
pub mod live;
pub mod market;
pub mod operations;
pub mod owners;
pub mod portfolio_import;
pub mod replay;
pub mod report;
pub mod sse;
pub mod start_run;
pub mod tape;
pub mod telemetry;
pub mod tls;
pub mod valuation;
pub mod worker;
