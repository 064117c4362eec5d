//! Actors over a real event log.

mod chaos;
mod commands;
mod conformance;
mod kit;
mod operators;
mod queue;
mod runs;
mod services;
mod throughput;
mod ticks;
