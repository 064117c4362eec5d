//! Looking at read models as somebody: Postgres itself hides the rows that are not theirs.

use std::future::Future;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use deadpool_postgres::{Object, Pool};
use events::account::Role;
use events::{Principal, SessionId};
use futures_util::FutureExt;
use futures_util::future::{join, join3};
use tokio_postgres::types::ToSql;
use tokio_postgres::{Client, Error, Row, Statement};

use crate::accounts::{SessionProof, session_proof};
use crate::database::QueryError;
use crate::reader::Connected;

const BEGIN: &str = "begin read only";
const TAKING_ROLE: &str = "taking the viewer's role";

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
    /// What is still to be sent, ahead of the first query.
    entering: Mutex<Option<Entering>>,
}

/// A session that is looked up together with the first query.
#[derive(Debug)]
struct Entering {
    statement: Statement,
    session: SessionId,
    found: Found,
}

/// What the database says of a session, once it was asked: `None` where there never was such a session.
pub type Found = Arc<OnceLock<Option<SessionProof>>>;

impl View {
    /// Begins the transaction with a statement that takes the viewer's role, and answers with what it found.
    pub(crate) async fn enter(
        pool: &Pool,
        statement: &str,
        parameters: &[&(dyn ToSql + Sync)],
    ) -> Result<(Self, Row), QueryError> {
        let client = pool.get().await?;
        let statement = client.prepare_cached(statement).await.map_err(QueryError::during(TAKING_ROLE))?;
        let view = Self { client, entering: Mutex::new(None) };
        // Both statements leave together: a viewer costs one round trip.
        let (begun, entered) =
            join(view.client.batch_execute(BEGIN), view.client.query_one(&statement, parameters)).await;
        let row = begun.and(entered).map_err(QueryError::during(TAKING_ROLE))?;
        Ok((view, row))
    }

    /// The same, sent together with the first query: the account of a session looks, whoever that is by then. What was
    /// found of the session is told beside the answer, which is nobody's before the two were compared.
    pub(crate) async fn entering(
        pool: &Pool,
        statement: &str,
        session: SessionId,
    ) -> Result<(Self, Found), QueryError> {
        let client = pool.get().await?;
        let statement = client.prepare_cached(statement).await.map_err(QueryError::during(TAKING_ROLE))?;
        let found = Found::default();
        let entering = Entering { statement, session, found: found.clone() };
        Ok((Self { client, entering: Mutex::new(Some(entering)) }, found))
    }

    fn still_to_enter(&self) -> Option<Entering> {
        self.entering.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

impl Connected for View {
    fn connection(&self) -> &Client {
        &self.client
    }

    async fn statement(&self, text: &'static str) -> Result<Statement, Error> {
        self.client.prepare_cached(text).await
    }

    async fn ask<T: Send>(&self, asking: impl Future<Output = Result<T, Error>> + Send) -> Result<T, Error> {
        let Some(Entering { statement, session, found }) = self.still_to_enter() else {
            return asking.await;
        };
        let session = session.uuid();
        let parameters: [&(dyn ToSql + Sync); 1] = [&session];
        // The three leave together, in this order, and the database answers them in this order.
        let (begun, entered, asked) =
            join3(self.client.batch_execute(BEGIN), self.client.query_one(&statement, &parameters), asking)
                .await;
        // A row that cannot be read confirms nothing, like none.
        let _ = found.set(session_proof(&begun.and(entered)?, TAKING_ROLE).unwrap_or_default());
        asked
    }
}

impl Drop for View {
    fn drop(&mut self) {
        if self.still_to_enter().is_some() {
            return;
        }
        // Polling once sends it, ahead of whatever the connection's next holder sends. A connection that is broken
        // does not come back to the pool, so the outcome tells nothing.
        let _ = self.client.batch_execute("rollback").now_or_never();
    }
}
