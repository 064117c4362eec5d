//! The two connections of an appender: one writes, the other makes durable what was written.

use std::time::Duration;

use futures_util::future::{try_join, try_join3};
use tokio_postgres::{Client, Statement};

use super::batch::{self, Outgoing, Verdict};
use super::connect::Connector;
use crate::Position;
use crate::causes::whole_chain;

/// Connections that live and die together. A crash of the server ends both, so a barrier that succeeds proves that the
/// batches written over this session are still there.
pub(super) struct Session {
    /// Its commits do not wait for the flush, unless a statement says so.
    pub(super) writer: Client,
    many: Statement,
    one: Statement,
    pub(super) backend: i32,
    barrier: Client,
    flush: Statement,
    hint: Statement,
}

impl Session {
    /// Connects; the statement of a lost connection may still be running in `lost_backend`, which must end before anyone
    /// asks what became of it.
    pub(super) async fn open(connector: &Connector, lost_backend: Option<i32>) -> Result<Self, String> {
        // At once, here and below: nothing is appended meanwhile.
        let (writer, barrier) = try_join(connector.connect_appender(), connector.connect_appender())
            .await
            .map_err(|error| whole_chain(&error))?;
        Self::prepare(writer, barrier, lost_backend).await.map_err(|error| whole_chain(&error))
    }

    async fn prepare(
        writer: Client,
        barrier: Client,
        lost_backend: Option<i32>,
    ) -> Result<Self, tokio_postgres::Error> {
        if let Some(backend) = lost_backend {
            end_backend(&writer, backend).await?;
        }
        writer.batch_execute("set synchronous_commit = off").await?;
        let writing = try_join3(
            batch::prepare(&writer),
            batch::prepare_one(&writer),
            writer.query_one("select pg_backend_pid()", &[]),
        );
        let flushing = try_join(
            barrier.prepare(include_str!("sql/flush.sql")),
            barrier.prepare(include_str!("sql/hint.sql")),
        );
        let ((many, one, row), (flush, hint)) = try_join(writing, flushing).await?;
        Ok(Self { writer, many, one, backend: row.get(0), barrier, flush, hint })
    }

    /// Writes a batch, which is not durable before a barrier.
    pub(super) async fn write(&self, batch: &[Outgoing<'_>]) -> Result<Vec<Verdict>, tokio_postgres::Error> {
        batch::send(&self.writer, &self.many, batch).await
    }

    /// Writes one append and makes it durable.
    pub(super) async fn write_durably(
        &self,
        outgoing: Outgoing<'_>,
    ) -> Result<Vec<Verdict>, tokio_postgres::Error> {
        batch::send_one(&self.writer, &self.one, outgoing).await
    }

    /// Makes durable what was written over this session before, and tells other processes about `head`, if it moved.
    pub(super) async fn flush(&self, head: Option<Position>) -> Result<(), tokio_postgres::Error> {
        self.barrier.query_one(&self.flush, &[&head.map(|position| position.0)]).await?;
        Ok(())
    }

    /// Tells other processes about `head`, which is durable, over the connection that the next append does not wait for.
    pub(super) async fn hint(&self, head: Position) -> Result<(), tokio_postgres::Error> {
        self.barrier.query_one(&self.hint, &[&head.0]).await?;
        Ok(())
    }
}

/// Ends the backend of a lost connection and waits until it is gone.
pub(super) async fn end_backend(client: &Client, backend: i32) -> Result<(), tokio_postgres::Error> {
    const ATTEMPTS: usize = 500;
    for _ in 0..ATTEMPTS {
        let gone = client.query_opt(include_str!("sql/end_backend.sql"), &[&backend]).await?.is_none();
        if gone {
            break;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    Ok(())
}
