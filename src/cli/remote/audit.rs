//! `tapedeck audit log` at a server.

use reqwest::Method;
use serde::Deserialize;
use serde_json::Value;

use super::Remote;
use crate::cli::Output;
use crate::cli::audit::WholeLog;

#[derive(Debug, Deserialize)]
struct Part {
    streams: u64,
    events: u64,
    streams_total: u64,
    differing: Vec<Difference>,
}

#[derive(Debug, Deserialize)]
struct Difference {
    stream: String,
    fault: String,
}

/// Has every stream verified, part by part.
pub async fn log(remote: &Remote, output: &Output) -> anyhow::Result<WholeLog> {
    let progress = output.progress(0, "streams");
    progress.set_message("verifying");
    let mut whole = WholeLog::default();
    let mut query: Vec<(&str, String)> = Vec::new();
    loop {
        let path = ["log", "audit"];
        let answered = remote.ask(Method::POST, &path, |request| request.query(&query)).await?;
        let part: Part = answered.read()?;
        whole.streams += part.streams;
        whole.events += part.events;
        let differing = answered.data.get("differing").and_then(Value::as_array);
        whole.bad.extend(differing.into_iter().flatten().cloned());
        let faults = part.differing.iter();
        whole.faults.extend(faults.map(|difference| format!("{}: {}", difference.stream, difference.fault)));
        progress.set_length(part.streams_total);
        progress.set_position(whole.streams);
        match answered.next_cursor {
            Some(cursor) => query = vec![("cursor", cursor)],
            None => break,
        }
    }
    progress.finish_and_clear();
    Ok(whole)
}
