//! Looking at read models as somebody: Postgres itself hides the rows that are not theirs.

use std::ops::Deref;

use deadpool_postgres::{ClientWrapper, Object, Pool};
use events::Principal;
use events::account::Role;
use futures_util::FutureExt;
use futures_util::future::join;
use tokio_postgres::Row;
use tokio_postgres::types::ToSql;

use crate::database::QueryError;

/// Who looks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Viewer {
    /// Whose rows are seen.
    pub principal: Principal,
    /// What is seen beside them: those who oversee the log see the summaries of all streams, admins see accounts.
    pub role: Role,
}

impl Viewer {
    /// Opens the read models for this viewer.
    ///
    /// # Errors
    /// No connection in time, or the database refused the role: the migrations did not run as a user who may take it.
    pub async fn look(&self, pool: &Pool) -> Result<View, QueryError> {
        let enter = include_str!("sql/viewer/enter.sql");
        let (view, _) = View::enter(pool, enter, &[&self.principal.0, &self.role.name()]).await?;
        Ok(view)
    }
}

/// The read models as one viewer sees them: a read-only transaction under a role that row-level security binds. It ends
/// when it is dropped.
#[derive(Debug)]
pub struct View {
    client: Object,
}

impl View {
    /// Begins the transaction with a statement that takes the viewer's role, and answers with what it found.
    pub(crate) async fn enter(
        pool: &Pool,
        statement: &str,
        parameters: &[&(dyn ToSql + Sync)],
    ) -> Result<(Self, Option<Row>), QueryError> {
        const OPERATION: &str = "taking the viewer's role";
        let view = Self { client: pool.get().await? };
        let statement = view.client.prepare_cached(statement).await.map_err(QueryError::during(OPERATION))?;
        // Both statements leave together: a viewer costs one round trip.
        let (begun, entered) =
            join(view.client.batch_execute("begin read only"), view.client.query_opt(&statement, parameters))
                .await;
        let row = begun.and(entered).map_err(QueryError::during(OPERATION))?;
        Ok((view, row))
    }
}

impl Deref for View {
    type Target = ClientWrapper;

    fn deref(&self) -> &ClientWrapper {
        &self.client
    }
}

impl Drop for View {
    fn drop(&mut self) {
        // Polling once sends it, ahead of whatever the connection's next holder sends. A connection that is broken
        // does not come back to the pool, so the outcome tells nothing.
        let _ = self.client.batch_execute("rollback").now_or_never();
    }
}
