//! Reading event streams.

use std::time::Duration;

use reqwest::{Method, Response};
use serde_json::Value;

use super::kit::Deck;

const PATIENCE: Duration = Duration::from_secs(60);

/// Opens event streams.
pub trait Following {
    /// Opens a stream after the event with this id.
    async fn follow(&self, path: &str, last_event_id: Option<i64>) -> Stream;
}

impl Following for Deck {
    async fn follow(&self, path: &str, last_event_id: Option<i64>) -> Stream {
        let mut request = self.request(Method::GET, path).timeout(PATIENCE * 2);
        if let Some(id) = last_event_id {
            request = request.header("last-event-id", id);
        }
        let response = request.send().await.unwrap();
        assert_eq!(response.status(), 200);
        assert_eq!(response.headers()["content-type"], "text/event-stream");
        Stream { response, text: String::new(), comments: Vec::new() }
    }
}

/// An open event stream.
pub struct Stream {
    response: Response,
    text: String,
    pub comments: Vec<String>,
}

/// One event.
#[derive(Debug, Clone, PartialEq)]
pub struct Event {
    pub id: Option<String>,
    pub name: String,
    pub data: Value,
}

impl Event {
    pub fn position(&self) -> i64 {
        self.id.as_ref().unwrap().parse().unwrap()
    }
}

impl Stream {
    /// The next event; `None` at the end.
    pub async fn next(&mut self) -> Option<Event> {
        loop {
            if let Some((block, rest)) = self.text.split_once("\n\n") {
                let (block, rest) = (block.to_owned(), rest.to_owned());
                self.text = rest;
                match parsed(&block) {
                    Ok(event) => return Some(event),
                    Err(comment) => self.comments.push(comment),
                }
                continue;
            }
            let chunk = tokio::time::timeout(PATIENCE, self.response.chunk()).await.unwrap().unwrap()?;
            self.text.push_str(std::str::from_utf8(&chunk).unwrap());
        }
    }

    /// So many events.
    pub async fn take(&mut self, count: usize) -> Vec<Event> {
        let mut events = Vec::new();
        while events.len() < count {
            events.push(self.next().await.unwrap());
        }
        events
    }

    /// Everything up to the end.
    pub async fn rest(&mut self) -> Vec<Event> {
        let mut events = Vec::new();
        while let Some(event) = self.next().await {
            events.push(event);
        }
        events
    }
}

fn parsed(block: &str) -> Result<Event, String> {
    let field = |name: &str| {
        let prefix = format!("{name}: ");
        block.lines().find_map(|line| line.strip_prefix(&prefix).map(str::to_owned))
    };
    let name = field("event").ok_or_else(|| block.to_owned())?;
    let data = serde_json::from_str(&field("data").unwrap()).unwrap();
    Ok(Event { id: field("id"), name, data })
}
