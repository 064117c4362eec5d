//! tapedeck from outside: one binary, because each one more would be linked again.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a test that cannot go on fails"
)]

mod actors;
mod ai;
mod http;
mod identity;
mod journeys;
mod layering;
mod log;
mod projections;
mod store;
mod support;
