//! Whether the rows of one run are what its events say: its stream is folded anew beside them, and they are compared.

use events::log::{ConnectError, Log, ReadError};
use events::{RunId, StreamName, Version};
use serde_json::Value;
use tokio_postgres::Client;

use crate::rebuild::shadows;
use crate::{Projection, ProjectionError};

/// Events that are folded in one transaction.
const PAGE: usize = 500;
/// The column that says whose a row is.
const OF: &str = "run_id";

/// Why rows were not compared.
#[derive(Debug, thiserror::Error)]
pub enum RefoldError {
    /// No connection.
    #[error(transparent)]
    Connect(#[from] ConnectError),
    /// The log could not be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// The events could not be folded.
    #[error(transparent)]
    Fold(#[from] ProjectionError),
    /// The database refused or the connection broke.
    #[error("{operation} failed")]
    Database {
        /// What was attempted.
        operation: &'static str,
        /// What the database said.
        #[source]
        source: tokio_postgres::Error,
    },
}

impl RefoldError {
    fn during(operation: &'static str) -> impl FnOnce(tokio_postgres::Error) -> Self {
        move |source| Self::Database { operation, source }
    }
}

/// Rows that were compared, and the first difference in words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refolded {
    /// Rows that follow from the events.
    pub rows: u64,
    /// The first that is shown otherwise.
    pub difference: Option<String>,
}

/// Folds `stream` anew with `projection`, whose tables all have a column `run_id` and otherwise whole numbers as keys,
/// and compares with the rows of `run` that readers see. The projection must have read all of the stream.
pub async fn refold<P: Projection>(
    projection: &P,
    log: &Log,
    stream: &StreamName,
    run: RunId,
) -> Result<Refolded, RefoldError> {
    let mut client = log.connector().connect().await?;
    let real =
        shadows(&client, P::tables()).await.map_err(RefoldError::during("creating temporary tables"))?;
    let mut read = Version::NONE;
    loop {
        let events = log.read_stream(stream, read, PAGE).await?;
        let Some(last) = events.last() else { break };
        read = last.version;
        let transaction =
            client.transaction().await.map_err(RefoldError::during("beginning a transaction"))?;
        projection.apply(&transaction, &events).await?;
        transaction.commit().await.map_err(RefoldError::during("folding a run anew"))?;
    }
    let mut rows = 0;
    for (name, real) in P::tables().iter().zip(&real) {
        rows += count(&client, name).await?;
        if let Some(difference) = compare(&client, name, real, run).await? {
            return Ok(Refolded { rows, difference: Some(difference) });
        }
    }
    Ok(Refolded { rows, difference: None })
}

async fn count(client: &Client, name: &str) -> Result<u64, RefoldError> {
    let statement = format!("select count(*) from pg_temp.{name}");
    let row = client.query_one(&statement, &[]).await.map_err(RefoldError::during("counting rows"))?;
    Ok(u64::try_from(row.get::<_, i64>(0)).unwrap_or_default())
}

async fn compare(client: &Client, name: &str, real: &str, run: RunId) -> Result<Option<String>, RefoldError> {
    let during = RefoldError::during;
    let key: String = client
        .query_one(include_str!("sql/refold/key.sql"), &[&real, &OF])
        .await
        .map_err(during("finding a key"))?
        .get(0);
    let statement = include_str!("sql/refold/compare.sql")
        .replace("{key}", &key)
        .replace("{name}", name)
        .replace("{real}", real)
        .replace("{of}", OF);
    let found = client.query_opt(&statement, &[&run.uuid()]).await.map_err(during("comparing rows"))?;
    Ok(found.map(|row| {
        let at: String = row.get("key");
        let place = format!("{name} {} {}", key, at.trim_matches(['{', '}']));
        match (row.get::<_, Option<Value>>("shown"), row.get::<_, Option<Value>>("follows")) {
            (Some(shown), Some(follows)) => format!("{place}: {}", first_other(&shown, &follows)),
            (Some(_), None) => format!("{place} is shown, but does not follow from the events"),
            (None, _) => format!("{place} follows from the events, but is not shown"),
        }
    }))
}

/// The first column, and in a list the first element, that is shown otherwise.
fn first_other(shown: &Value, follows: &Value) -> String {
    let columns = |row: &Value| row.as_object().cloned().unwrap_or_default();
    let (shown, follows) = (columns(shown), columns(follows));
    let Some((name, value)) = follows.iter().find(|(name, value)| shown.get(*name) != Some(value)) else {
        return "the row that is shown does not follow from the events".to_owned();
    };
    let seen = shown.get(name).unwrap_or(&Value::Null);
    if let (Value::Array(seen), Value::Array(values)) = (seen, value)
        && let Some((index, (seen, value))) =
            seen.iter().zip(values).enumerate().find(|(_, (seen, value))| seen != value)
    {
        return format!("{name}[{index}] {seen} is shown, but {value} follows from the events");
    }
    format!("{name} {seen} is shown, but {value} follows from the events")
}
