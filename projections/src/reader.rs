//! Asking read models: one way for all queries, which keeps their statements prepared where the connection lasts.

use std::future::Future;

use deadpool_postgres::Object;
use tokio_postgres::types::ToSql;
use tokio_postgres::{Client, Error, Row, RowStream, Statement, Transaction};

/// What a [`Reader`] is made of; only this package asks past the reader's own methods.
mod connected {
    use super::{Client, Error, Future, Statement};

    /// A connection with its statements.
    pub trait Connected: Sync {
        /// The connection itself.
        fn connection(&self) -> &Client;

        /// The statement with this text.
        fn statement(&self, text: &'static str) -> impl Future<Output = Result<Statement, Error>> + Send {
            async move { self.connection().prepare(text).await }
        }

        /// Has something asked over the connection, after what must be asked before.
        fn ask<T: Send>(
            &self,
            asking: impl Future<Output = Result<T, Error>> + Send,
        ) -> impl Future<Output = Result<T, Error>> + Send {
            asking
        }
    }
}

pub(crate) use connected::Connected;

/// A connection that queries are sent over. Connections of a pool keep the statements that they met: asking again costs
/// one round trip, and neither parsing nor planning. Others come and go with their work and prepare each time.
///
/// What is kept is kept as long as the connection, so texts are those of the program, never made up while it runs.
pub trait Reader: Connected {
    /// All rows.
    fn query(
        &self,
        text: &'static str,
        parameters: &[&(dyn ToSql + Sync)],
    ) -> impl Future<Output = Result<Vec<Row>, Error>> + Send {
        async move {
            let statement = self.statement(text).await?;
            self.ask(self.connection().query(&statement, parameters)).await
        }
    }

    /// The one row, if there is one.
    fn query_opt(
        &self,
        text: &'static str,
        parameters: &[&(dyn ToSql + Sync)],
    ) -> impl Future<Output = Result<Option<Row>, Error>> + Send {
        async move {
            let statement = self.statement(text).await?;
            self.ask(self.connection().query_opt(&statement, parameters)).await
        }
    }

    /// The one row that there must be.
    fn query_one(
        &self,
        text: &'static str,
        parameters: &[&(dyn ToSql + Sync)],
    ) -> impl Future<Output = Result<Row, Error>> + Send {
        async move {
            let statement = self.statement(text).await?;
            self.ask(self.connection().query_one(&statement, parameters)).await
        }
    }

    /// Rows one by one, as they arrive.
    fn stream(
        &self,
        text: &'static str,
        parameters: &[&(dyn ToSql + Sync)],
    ) -> impl Future<Output = Result<RowStream, Error>> + Send {
        async move {
            let statement = self.statement(text).await?;
            self.ask(self.connection().query_raw(&statement, parameters.iter().copied())).await
        }
    }
}

impl<C: Connected> Reader for C {}

impl Connected for Object {
    fn connection(&self) -> &Client {
        self
    }

    async fn statement(&self, text: &'static str) -> Result<Statement, Error> {
        self.prepare_cached(text).await
    }
}

impl Connected for Client {
    fn connection(&self) -> &Client {
        self
    }
}

impl Connected for Transaction<'_> {
    fn connection(&self) -> &Client {
        self.client()
    }
}
