//! tapedeck: an event-sourced backend for portfolios and AI trading strategies.
//!
//! This package is the application: it reads the configuration, starts or finds Postgres and NATS, and wires the
//! packages `events` (what happened), `actors` (who decides), `projections` (what is seen) and `quant` (what it means)
//! to the outside world. Nothing depends on it.

pub mod config;
pub mod doctor;
pub mod embedded;
pub mod market;
