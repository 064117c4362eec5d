//! `cargo bench`: measures every performance promise, one JSON object each. `tapedeck bench NAME` measures one.

use std::process::{Command, ExitCode};

const PROMISES: [&str; 8] =
    ["append", "full-log", "hot-stream", "replay", "run", "actors", "http", "sign-in"];

fn main() -> ExitCode {
    // `cargo test --benches` starts this program as well; there is nothing to test in it.
    if std::env::args().any(|argument| argument == "--test") {
        return ExitCode::SUCCESS;
    }
    for promise in PROMISES {
        let measured =
            Command::new(env!("CARGO_BIN_EXE_tapedeck")).args(["bench", promise, "--json"]).status();
        if !measured.is_ok_and(|status| status.success()) {
            eprintln!("the bench {promise} failed");
            return ExitCode::FAILURE;
        }
    }
    ExitCode::SUCCESS
}
