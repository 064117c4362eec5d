//! Listening to the feed: bounded, and honest about what was missed.

use std::sync::Arc;

use tokio::sync::broadcast;

use super::{CompletedBar, Tick};

/// What a listener hears.
#[derive(Debug, Clone)]
pub enum FeedEvent {
    /// A tick, in the order of its symbol.
    Tick(Arc<Tick>),
    /// A minute is over.
    Bar(Arc<CompletedBar>),
    /// The listener was too slow and missed so many events; the newest quotes are in the feed.
    Missed(u64),
}

/// Someone who listens.
#[derive(Debug)]
pub struct Listener {
    events: broadcast::Receiver<FeedEvent>,
}

impl Listener {
    pub(super) fn new(events: broadcast::Receiver<FeedEvent>) -> Self {
        Self { events }
    }

    /// What comes next; `None` when the feed has ended.
    pub async fn next(&mut self) -> Option<FeedEvent> {
        match self.events.recv().await {
            Ok(event) => Some(event),
            Err(broadcast::error::RecvError::Lagged(missed)) => Some(FeedEvent::Missed(missed)),
            Err(broadcast::error::RecvError::Closed) => None,
        }
    }
}
