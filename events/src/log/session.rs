//! The two connections of an appender: one writes, the other makes durable what was written.

use std::time::Duration;

use futures_util::future::{try_join, try_join3};
use tokio_postgres::{Client, Statement};

use super::batch;
use super::connect::Connector;
use crate::Position;
use crate::causes::whole_chain;

/// Connections that live and die together. A crash of the server ends both, so a barrier that succeeds proves that the
/// batches written over this session are still there.
pub(super) struct Session {
    pub(super) client: Client,
    pub(super) statements: batch::Statements,
    pub(super) backend: i32,
    barrier: Client,
    flush: Statement,
}

impl Session {
    /// Connects; the statement of a lost connection may still be running in `lost_backend`, which must end before anyone
    /// asks what became of it.
    pub(super) async fn open(connector: &Connector, lost_backend: Option<i32>) -> Result<Self, String> {
        // At once, here and below: nothing is appended meanwhile.
        let (client, barrier) = try_join(connector.connect_appender(), connector.connect_appender())
            .await
            .map_err(|error| whole_chain(&error))?;
        Self::prepare(client, barrier, lost_backend).await.map_err(|error| whole_chain(&error))
    }

    async fn prepare(
        client: Client,
        barrier: Client,
        lost_backend: Option<i32>,
    ) -> Result<Self, tokio_postgres::Error> {
        if let Some(backend) = lost_backend {
            end_backend(&client, backend).await?;
        }
        let (statements, flush, row) = try_join3(
            batch::prepare(&client),
            barrier.prepare(include_str!("sql/flush.sql")),
            client.query_one("select pg_backend_pid()", &[]),
        )
        .await?;
        Ok(Self { client, statements, backend: row.get(0), barrier, flush })
    }

    /// Makes durable what was written over this session before, and tells other processes about `head`, if it moved.
    pub(super) async fn flush(&self, head: Option<Position>) -> Result<(), tokio_postgres::Error> {
        self.barrier.query_one(&self.flush, &[&head.map(|position| position.0)]).await?;
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
