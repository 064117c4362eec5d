//! `tapedeck events` at a server, for those who oversee its log.

use std::process::ExitCode;
use std::time::Duration;

use futures_util::StreamExt;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::Remote;
use crate::cli::Output;
use crate::cli::output::table;
use crate::sse::{Frame, SseParser};

/// Most events of a page of the API.
const PAGE: usize = 200;
/// Before a stream that broke off is opened again.
const AGAIN_AFTER: Duration = Duration::from_secs(3);

/// Longest event in bytes.
const EVENT_BYTES_MAX: usize = 16 << 20;

/// What is shown of an event.
#[derive(Debug, Deserialize, Serialize)]
struct Shown {
    position: i64,
    recorded_at: String,
    stream: String,
    version: i64,
    #[serde(rename = "type")]
    event_type: String,
}

impl Shown {
    fn row(&self) -> Vec<String> {
        vec![
            self.position.to_string(),
            self.recorded_at.clone(),
            self.stream.clone(),
            self.version.to_string(),
            self.event_type.clone(),
        ]
    }
}

/// Lists events in position order.
pub async fn ls(
    remote: &Remote,
    which: Vec<(&'static str, String)>,
    limit: usize,
    output: &Output,
) -> anyhow::Result<ExitCode> {
    let mut events: Vec<Value> = Vec::new();
    let mut next: Option<String> = None;
    loop {
        let page = PAGE.min(limit.saturating_sub(events.len()));
        if page == 0 {
            break;
        }
        let mut query = which.clone();
        query.push(("limit", page.to_string()));
        query.extend(next.take().map(|cursor| ("cursor", cursor)));
        let answered = remote.get(&["events"], &query).await?;
        events.extend(answered.read::<Vec<Value>>()?);
        next = answered.next_cursor;
        if next.is_none() {
            break;
        }
    }
    let shown: Vec<Shown> = events.iter().map(Shown::deserialize).collect::<Result<_, _>>()?;
    output.show(&events, |_| {
        table(&["position", "recorded at", "stream", "version", "type"], 99, shown.iter().map(Shown::row))
    })?;
    if let (Some(_), Some(last)) = (next, shown.last()) {
        output.say(format_args!("more: --after {}", last.position));
    }
    Ok(ExitCode::SUCCESS)
}

/// Shows one event.
pub async fn show(remote: &Remote, position: i64, output: &Output) -> anyhow::Result<ExitCode> {
    let answered = remote.get(&["events", &position.to_string()], &[]).await?;
    output.show(&answered.data, |event| serde_json::to_string_pretty(event).unwrap_or_default())?;
    Ok(ExitCode::SUCCESS)
}

/// Follows the log; a connection that breaks is made again where it broke.
pub async fn tail(
    remote: &Remote,
    which: Vec<(&'static str, String)>,
    output: &Output,
) -> anyhow::Result<ExitCode> {
    let mut last_id: Option<String> = None;
    loop {
        // What is refused, or cannot be reached, ends the command; only what breaks off goes on.
        let response = remote.stream(&["events", "tail"], &which, last_id.as_deref()).await?;
        let mut body = response.bytes_stream();
        // What came of an event that did not end comes again.
        let mut parser = SseParser::new(EVENT_BYTES_MAX);
        while let Some(Ok(bytes)) = body.next().await {
            for frame in parser.push(&bytes)? {
                if is_of_the_log(&frame) {
                    let event: Value = serde_json::from_str(&frame.data)?;
                    let shown = Shown::deserialize(&event)?;
                    output.show_line(&event, |_| shown.row().join("  "))?;
                }
                last_id = frame.id.or(last_id);
            }
        }
        tokio::time::sleep(AGAIN_AFTER).await;
    }
}

/// Whether it is more than a sign that the stream is open.
fn is_of_the_log(frame: &Frame) -> bool {
    !frame.data.is_empty() && frame.event.as_deref() != Some("connected")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_of_the_log_are_taken_from_a_stream_with_the_place_to_resume() {
        let stream = "event: connected\ndata: {}\nid: 7\nretry: 3000\n\n: alive\n\n\
            event: RunRequested\ndata: {\"position\":8}\nid: 8\n\nevent: RunStarted\nid: 9\ndata: {\"pos";
        let frames = SseParser::new(EVENT_BYTES_MAX).push(stream.as_bytes()).unwrap();
        let taken: Vec<_> = frames.iter().filter(|frame| is_of_the_log(frame)).collect();
        assert_eq!(taken.iter().map(|it| it.data.as_str()).collect::<Vec<_>>(), [r#"{"position":8}"#]);
        assert_eq!(frames.last().unwrap().id.as_deref(), Some("8"), "9 has not ended");
    }
}
