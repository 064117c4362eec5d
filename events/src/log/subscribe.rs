//! Following the log: catch up, then wait for more; a hint wakes, polling makes sure (EL-42).

use std::time::Duration;

use futures_util::StreamExt;
use tokio::sync::watch;
use tokio_postgres::{AsyncMessage, NoTls};

use super::connect::Connector;
use super::{Filter, Log, Page, ReadError, durable};
use crate::{ChainHash, EpochId, Position};

/// After a hint that brought nothing.
const POLL_MIN: Duration = Duration::from_millis(50);
/// When nothing has happened for a while.
const POLL_MAX: Duration = Duration::from_secs(1);

/// A remembered place in the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cursor {
    /// The life of the log in which it was remembered.
    pub epoch: EpochId,
    /// Everything up to here was seen.
    pub position: Position,
    /// Hash of the event there, where it was remembered.
    pub hash: Option<ChainHash>,
}

/// Why a subscription ended.
#[derive(Debug, thiserror::Error)]
pub enum SubscribeError {
    /// The log is not the one that was read before: it was restored, cut back or replaced. An operator decides.
    #[error("the log was forked: remembered position {remembered} of epoch {epoch}, {found}")]
    LogForked {
        /// The remembered position.
        remembered: Position,
        /// The remembered epoch.
        epoch: EpochId,
        /// What the log says instead.
        found: String,
    },
    /// The log could not be read.
    #[error(transparent)]
    Read(#[from] ReadError),
}

/// Events after a position, for ever.
#[derive(Debug)]
pub struct Subscription {
    log: Log,
    filter: Filter,
    after: Position,
    page: usize,
    hints: watch::Receiver<Position>,
    patience: Duration,
}

impl Log {
    /// Follows the log after `after`; pages hold up to `page` events.
    pub fn subscribe(&self, after: Position, filter: Filter, page: usize) -> Subscription {
        Subscription { log: self.clone(), filter, after, page, hints: self.watch_head(), patience: POLL_MIN }
    }

    /// Follows the log from a remembered place, after checking that it is still the same log (EL-15).
    pub async fn resume(
        &self,
        cursor: Cursor,
        filter: Filter,
        page: usize,
    ) -> Result<Subscription, SubscribeError> {
        let forked =
            |found| SubscribeError::LogForked { remembered: cursor.position, epoch: cursor.epoch, found };
        if cursor.epoch != self.epoch() && cursor.position > Position::START {
            return Err(forked(format!("but its epoch is {}", self.epoch())));
        }
        let head = self.head().await?;
        if cursor.position > head {
            return Err(forked(format!("but it ends at {head}")));
        }
        if let Some(hash) = cursor.hash
            && self.read_event(cursor.position).await?.is_some_and(|event| event.hash != hash)
        {
            return Err(forked("but another event stands there".to_owned()));
        }
        Ok(self.subscribe(cursor.position, filter, page))
    }
}

impl Subscription {
    /// Everything up to here was handed out.
    pub fn position(&self) -> Position {
        self.after
    }

    /// The next events; waits for them. A page may be empty when only others' events were passed over.
    pub async fn next(&mut self) -> Result<Page, ReadError> {
        loop {
            if let Some(page) = self.poll().await? {
                return Ok(page);
            }
        }
    }

    /// One look at the log: what is there at once, or whatever came within the poll interval.
    async fn poll(&mut self) -> Result<Option<Page>, ReadError> {
        let page = self.log.read(self.after, self.page, &self.filter).await?;
        if page.scanned_to > self.after {
            self.after = page.scanned_to;
            self.patience = POLL_MIN;
            return Ok(Some(page));
        }
        // A closed channel means that the log was dropped; then the next read says so.
        let _ = tokio::time::timeout(self.patience, self.hints.wait_for(|head| *head > self.after)).await;
        self.patience = (self.patience * 2).min(POLL_MAX);
        Ok(None)
    }
}

/// Listens for other processes' appends on a connection of its own, which never runs a transaction (EL-43).
pub(super) async fn listen(connector: Connector, head: watch::Sender<Position>) {
    const RECONNECT_AFTER: Duration = Duration::from_millis(500);
    loop {
        if let Err(error) = listen_once(&connector, &head).await {
            tracing::debug!(error = %error, "Listening for appends was interrupted: {error}");
        }
        tokio::time::sleep(RECONNECT_AFTER).await;
    }
}

async fn listen_once(
    connector: &Connector,
    head: &watch::Sender<Position>,
) -> Result<(), tokio_postgres::Error> {
    let mut config = connector.config().clone();
    // Operators see who waits for hints, and who does not.
    config.application_name("tapedeck listener");
    let (client, mut connection) = config.connect(NoTls).await?;
    let mut messages = futures_util::stream::poll_fn(move |context| connection.poll_message(context));
    let listening = async {
        client.batch_execute("listen tape_events").await?;
        // What was committed before LISTEN took hold brought no hint.
        let row = client.query_one(include_str!("sql/head.sql"), &[]).await?;
        durable::flush(&client, None).await?;
        durable::advance(head, Position(row.get("last_seq")));
        std::future::pending::<Result<(), tokio_postgres::Error>>().await
    };
    let receiving = async {
        while let Some(message) = messages.next().await {
            if let AsyncMessage::Notification(note) = message?
                && let Ok(seq) = note.payload().parse()
            {
                durable::advance(head, Position(seq));
            }
        }
        Ok(())
    };
    tokio::select! {
        outcome = listening => outcome,
        outcome = receiving => outcome,
    }
}
