//! Looking at read models as somebody: Postgres itself hides the rows that are not theirs.

use std::future::Future;
use std::sync::{Arc, Mutex, PoisonError};

use deadpool_postgres::{Object, Pool};
use events::Principal;
use events::account::Role;
use futures_util::FutureExt;
use futures_util::future::join4;
use tokio_postgres::types::ToSql;
use tokio_postgres::{Client, Error, Row, Statement};
use uuid::Uuid;

use crate::database::QueryError;
use crate::reader::Connected;

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
    /// No connection in time. Where the migrations did not run as a user who may take the viewer's role, every query is
    /// refused.
    pub async fn look(self, pool: &Pool) -> Result<View, QueryError> {
        View::open(pool.get().await?, As::Viewer(self)).await
    }
}

/// The read models as one viewer sees them. Each query is a read-only transaction under a role that row-level security
/// binds, which begins, takes the role, asks and ends in one round trip: nothing is open in between.
#[derive(Debug)]
pub struct View {
    client: Object,
    enter: Statement,
    viewer: As,
}

#[derive(Debug)]
enum As {
    /// Somebody who is known.
    Viewer(Viewer),
    /// Whoever a statement finds under an id, and tells of in a row.
    Told { entering: &'static str, id: Uuid, rows: Told },
}

/// What statements that enter told, one row a query.
pub(crate) type Told = Arc<Mutex<Vec<Row>>>;

impl As {
    const fn entering(&self) -> &'static str {
        match self {
            Self::Viewer(_) => include_str!("sql/viewer/enter.sql"),
            Self::Told { entering, .. } => entering,
        }
    }
}

impl View {
    async fn open(client: Object, viewer: As) -> Result<Self, QueryError> {
        let enter = client.prepare_cached(viewer.entering()).await;
        Ok(Self { client, enter: enter.map_err(QueryError::during(TAKING_ROLE))?, viewer })
    }

    /// Over a connection that was asked already who looks.
    pub(crate) async fn over(client: Object, viewer: Viewer) -> Result<Self, QueryError> {
        Self::open(client, As::Viewer(viewer)).await
    }

    /// As whom `entering` finds under `id` with each query. What it tells is told beside what was asked, which is
    /// nobody's before that was looked at.
    pub(crate) async fn told(
        pool: &Pool,
        entering: &'static str,
        id: Uuid,
        rows: Told,
    ) -> Result<Self, QueryError> {
        Self::open(pool.get().await?, As::Told { entering, id, rows }).await
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
        let role;
        let parameters: &[&(dyn ToSql + Sync)] = match &self.viewer {
            As::Viewer(viewer) => {
                role = viewer.role.name();
                &[&viewer.principal.0, &role]
            }
            As::Told { id, .. } => &[id],
        };
        // Each is sent when it is polled first, so the four leave together, in this order, and are answered in this
        // order. What is asked is a prepared statement: nothing must be waited for before it can be sent. The end is sent
        // and not waited for: behind rows that are taken one by one it would be waited for before they are taken. Whatever
        // the connection is asked next waits behind it, and a connection that is broken does not come back to the pool.
        let (begun, entered, asked, ()) = join4(
            self.client.batch_execute("begin read only"),
            self.client.query_one(&self.enter, parameters),
            asking,
            async { drop(self.client.batch_execute("rollback").now_or_never()) },
        )
        .await;
        let row = begun.and(entered)?;
        if let As::Told { rows, .. } = &self.viewer {
            rows.lock().unwrap_or_else(PoisonError::into_inner).push(row);
        }
        asked
    }
}
