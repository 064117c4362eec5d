//! tapedeck from outside: one binary, because each one more would be linked again.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod journeys;
mod store;
mod support;
