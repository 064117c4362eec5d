//! The rule of the durable head: nothing is told to anyone outside the database before it is durable (EL-28a).
//!
//! Batches commit without waiting for the flush of the write-ahead log, so for a moment their events are visible in the
//! database and could still be lost in a crash. Positions are given out in the order of the commits, and the write-ahead
//! log is one sequence: whatever is flushed later makes all positions before it durable. Appenders answer after such a
//! barrier. A reader that meets events beyond the durable head it knows makes its own.

use tokio::sync::watch;
use tokio_postgres::Client;

use super::{Log, ReadError};
use crate::Position;

/// Publishes a durable position; the head never moves back.
pub(super) fn advance(head: &watch::Sender<Position>, to: Position) {
    head.send_if_modified(|known| {
        let further = to > *known;
        *known = to.max(*known);
        further
    });
}

/// Makes durable what was visible, and tells other processes about `hint`.
pub(super) async fn flush(client: &Client, hint: Option<Position>) -> Result<(), tokio_postgres::Error> {
    client.query_one(include_str!("sql/flush.sql"), &[&hint.map(|position| position.0)]).await?;
    Ok(())
}

impl Log {
    /// Makes sure that what was read up to `position` is durable before anyone is told of it.
    pub(super) async fn make_durable(&self, client: &Client, position: Position) -> Result<(), ReadError> {
        if position > self.known_head() {
            flush(client, None).await.map_err(ReadError::database("making events durable"))?;
            advance(&self.inner.head, position);
        }
        Ok(())
    }

    /// Makes sure that whatever a refusal rests on is durable.
    pub(super) async fn make_visible_durable(&self) -> Result<(), ReadError> {
        let client = self.reader().await?;
        flush(&client, None).await.map_err(ReadError::database("making events durable"))
    }
}
