//! `tapedeck events` at a server, for those who oversee its log.

use std::process::ExitCode;
use std::time::Duration;

use futures_util::StreamExt;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::Remote;
use crate::cli::Output;
use crate::cli::output::table;

/// Most events of a page of the API.
const PAGE: usize = 200;
/// Before a stream that broke off is opened again.
const AGAIN_AFTER: Duration = Duration::from_secs(3);

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
    let mut message = Message::default();
    loop {
        // What is refused, or cannot be reached, ends the command; only what breaks off goes on.
        let response = remote.stream(&["events", "tail"], &which, message.last_id.as_deref()).await?;
        let mut body = response.bytes_stream();
        let mut unread: Vec<u8> = Vec::new();
        while let Some(Ok(bytes)) = body.next().await {
            unread.extend_from_slice(&bytes);
            while let Some(end) = unread.iter().position(|byte| *byte == b'\n') {
                let line: Vec<u8> = unread.drain(..=end).collect();
                if let Some(data) = message.take(String::from_utf8_lossy(&line).trim_end()) {
                    let event: Value = serde_json::from_str(&data)?;
                    let shown = Shown::deserialize(&event)?;
                    output.show_line(&event, |_| shown.row().join("  "))?;
                }
            }
        }
        message.begin();
        tokio::time::sleep(AGAIN_AFTER).await;
    }
}

/// An event of a stream (`text/event-stream`) as its lines come in.
#[derive(Debug, Default)]
struct Message {
    name: String,
    data: String,
    last_id: Option<String>,
}

impl Message {
    /// Takes a line; gives the data of an event of the log that it ends.
    fn take(&mut self, line: &str) -> Option<String> {
        let (field, value) = line.split_once(':').unwrap_or((line, ""));
        let value = value.strip_prefix(' ').unwrap_or(value);
        match field {
            "event" => value.clone_into(&mut self.name),
            "data" => self.data.push_str(value),
            "id" => self.last_id = Some(value.to_owned()),
            "" if line.is_empty() => {
                let of_the_log = !self.data.is_empty() && self.name != "connected";
                let data = std::mem::take(&mut self.data);
                self.begin();
                return of_the_log.then_some(data);
            }
            _ => {}
        }
        None
    }

    /// Forgets what came of an event that did not end.
    fn begin(&mut self) {
        self.name.clear();
        self.data.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::Message;

    #[test]
    fn events_of_the_log_are_taken_from_a_stream_with_the_place_to_resume() {
        let mut message = Message::default();
        let lines = [
            "event: connected",
            "data: {}",
            "id: 7",
            "retry: 3000",
            "",
            ": alive",
            "",
            "event: RunRequested",
            "data: {\"position\":8}",
            "id: 8",
            "",
        ];
        let taken: Vec<String> = lines.iter().filter_map(|line| message.take(line)).collect();
        assert_eq!(taken, [r#"{"position":8}"#]);
        assert_eq!(message.last_id.as_deref(), Some("8"));
    }
}
