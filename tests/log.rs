//! The event log against a real Postgres. Each test names the rules (EL-n) that it would fail without.

mod append;
mod barrier;
mod build;
mod concurrency;
mod fold;
mod health;
mod import;
mod order;
mod overload;
mod reading;
mod tamper;
