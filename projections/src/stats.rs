//! How much there is of everything, over all owners: numbers for those who look after an installation.

use jiff::Timestamp;
use serde::Serialize;

use crate::database::{Columns, QueryError};
use crate::reader::Reader;

/// How much there is of everything.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Stats {
    /// Accounts.
    pub accounts: i64,
    /// Accounts that may sign in.
    pub active_accounts: i64,
    /// Administrators that may sign in.
    pub admins: i64,
    /// Models that are not deleted.
    pub models: i64,
    /// Models of which a run was requested since the given instant.
    pub active_models: i64,
    /// Runs that are not deleted.
    pub runs: i64,
    /// Runs that are not over.
    pub unfinished_runs: i64,
}

/// Counts everything; a model with a run since `active_since` counts as active. Needs a connection that sees all rows.
pub async fn count(client: &impl Reader, active_since: Timestamp) -> Result<Stats, QueryError> {
    const OPERATION: &str = "counting everything";
    let row = client
        .query_one(include_str!("sql/stats/count.sql"), &[&active_since])
        .await
        .map_err(QueryError::during(OPERATION))?;
    let columns = Columns::of(&row, OPERATION);
    Ok(Stats {
        accounts: columns.get("accounts")?,
        active_accounts: columns.get("active_accounts")?,
        admins: columns.get("admins")?,
        models: columns.get("models")?,
        active_models: columns.get("active_models")?,
        runs: columns.get("runs")?,
        unfinished_runs: columns.get("unfinished_runs")?,
    })
}
