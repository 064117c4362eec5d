//! The two connections of an appender: one writes batches, the other makes durable, batches behind a barrier and lone
//! appends by their own commit.

use std::time::Duration;

use futures_util::future::{try_join, try_join3};
use tokio_postgres::{Client, Statement};

use super::batch::{self, Outgoing, Verdict};
use super::connect::Connector;
use super::lone::Lone;
use crate::Position;
use crate::causes::whole_chain;

/// Connections that live and die together. A crash of the server ends both, so a barrier that succeeds proves that the
/// batches written over this session are still there.
pub(super) struct Session {
    /// Its commits do not wait for the flush: it writes batches.
    pub(super) writer: Client,
    many: Statement,
    hint: Statement,
    /// Its commits do: it writes lone appends, and makes barriers.
    flusher: Client,
    lone: Lone,
    flush: Statement,
    /// The processes of both.
    pub(super) backends: [i32; 2],
}

impl Session {
    /// Connects; the statements of lost connections may still be running in `lost_backends`, which must end before anyone
    /// asks what became of them.
    pub(super) async fn open(connector: &Connector, lost_backends: &[i32]) -> Result<Self, String> {
        // At once, here and below: nothing is appended meanwhile.
        let (writer, flusher) = try_join(connector.connect_appender(), connector.connect_appender())
            .await
            .map_err(|error| whole_chain(&error))?;
        Self::prepare(writer, flusher, lost_backends).await.map_err(|error| whole_chain(&error))
    }

    async fn prepare(
        writer: Client,
        flusher: Client,
        lost_backends: &[i32],
    ) -> Result<Self, tokio_postgres::Error> {
        for backend in lost_backends {
            end_backend(&writer, *backend).await?;
        }
        // Once for the session: setting it in each statement would cost a lone append a tenth of its time.
        writer.batch_execute("set synchronous_commit = off").await?;
        let ((many, hint, writing), (lone, flush, flushing)) = try_join(
            try_join3(batch::prepare(&writer), writer.prepare(include_str!("sql/hint.sql")), pid(&writer)),
            try_join3(
                Lone::prepare(&flusher),
                flusher.prepare(include_str!("sql/barrier.sql")),
                pid(&flusher),
            ),
        )
        .await?;
        Ok(Self { writer, many, hint, flusher, lone, flush, backends: [writing, flushing] })
    }

    /// Writes a batch, which is not durable before a barrier.
    pub(super) async fn write(&self, batch: &[Outgoing<'_>]) -> Result<Vec<Verdict>, tokio_postgres::Error> {
        batch::send_fresh(&self.writer, &self.many, batch).await
    }

    /// Writes one append and makes it durable.
    pub(super) async fn write_durably(
        &self,
        outgoing: Outgoing<'_>,
    ) -> Result<Vec<Verdict>, tokio_postgres::Error> {
        self.lone.send(&self.flusher, outgoing).await
    }

    /// Whether either connection is gone.
    pub(super) fn is_closed(&self) -> bool {
        self.writer.is_closed() || self.flusher.is_closed()
    }

    /// Makes durable what was written over this session before, and tells other processes about `head`, if it moved.
    pub(super) async fn flush(&self, head: Option<Position>) -> Result<(), tokio_postgres::Error> {
        self.flusher.query_one(&self.flush, &[&head.map(|position| position.0)]).await?;
        Ok(())
    }

    /// Tells other processes about `head`, which is durable, over the connection that the next lone append does not wait for.
    pub(super) async fn hint(&self, head: Position) -> Result<(), tokio_postgres::Error> {
        self.writer.query_one(&self.hint, &[&head.0]).await?;
        Ok(())
    }
}

async fn pid(client: &Client) -> Result<i32, tokio_postgres::Error> {
    Ok(client.query_one("select pg_backend_pid()", &[]).await?.get(0))
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
