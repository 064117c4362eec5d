//! Several streams that win or lose together (EL-25).

use tokio_postgres::Client;

use super::batch::{self, Outgoing, Verdict};
use super::verdict::{AppendError, Committed, Pending};
use super::{ConnectError, Log};
use crate::{Position, StreamName, StreamTip};

/// One stream of an atomic append.
#[derive(Debug, Clone)]
pub enum Member {
    /// Events to write.
    Write(Pending),
    /// Nothing to write; the stream must end exactly here.
    Check(StreamName, StreamTip),
}

/// Why nothing of an atomic append was written.
#[derive(Debug, thiserror::Error)]
pub enum AtomicError {
    /// One of the members lost.
    #[error(transparent)]
    Lost(#[from] AppendError),
    /// No connection.
    #[error(transparent)]
    Connect(#[from] ConnectError),
    /// A member lost, and the version it lost to could not be read.
    #[error(transparent)]
    Read(#[from] super::ReadError),
    /// The database refused.
    #[error("appending to several streams failed")]
    Database(#[from] tokio_postgres::Error),
}

impl Log {
    /// Writes all members or none. Rarer and slower than [`Log::append`]: it has a transaction of its own.
    pub async fn append_atomically(&self, members: &[Member]) -> Result<Vec<Option<Committed>>, AtomicError> {
        let mut client = self.connector().connect_appender().await?;
        let type_ids = self.type_ids(&client, members).await?;
        let statement = batch::prepare(&client).await?;
        let transaction = client.transaction().await?;
        for member in members {
            if let Member::Check(stream, expected) = member {
                // Locked until the commit, so that nobody moves it in between.
                let row = transaction
                    .query_opt(
                        include_str!("sql/lock_tip.sql"),
                        &[&stream.tenant().0, &stream.category(), &stream.key()],
                    )
                    .await?;
                let version = row.map_or(0, |row| row.get::<_, i64>("version"));
                if version != expected.version.0 {
                    let current = crate::Version(version);
                    self.make_visible_durable().await?;
                    return Err(AppendError::Conflict { stream: stream.clone(), current }.into());
                }
            }
        }
        let writes: Vec<Outgoing<'_>> = members
            .iter()
            .zip(&type_ids)
            .filter_map(|(member, type_ids)| match member {
                Member::Write(pending) => Some(Outgoing { pending, type_ids, stream_no: None }),
                Member::Check(..) => None,
            })
            .collect();
        let verdicts = batch::send(&transaction, &statement, &writes).await?;
        let mut committed = Vec::with_capacity(writes.len());
        for (Outgoing { pending, .. }, verdict) in writes.iter().zip(verdicts) {
            match verdict {
                Verdict::Committed { first: Some(first), at: Some(at), .. } => {
                    committed.push(batch::committed(pending, first, at));
                }
                Verdict::Duplicate(answer) => {
                    self.make_visible_durable().await?;
                    return Err(AppendError::Duplicate(answer).into());
                }
                Verdict::Committed { .. } | Verdict::Conflict => {
                    transaction.rollback().await?;
                    let stream = pending.append.stream.clone();
                    let current = self.tip(&stream).await?.version;
                    self.make_visible_durable().await?;
                    return Err(AppendError::Conflict { stream, current }.into());
                }
            }
        }
        let last = committed.iter().map(|committed| committed.last).max().unwrap_or(Position::START);
        transaction.execute("select pg_notify('tape_events', $1)", &[&last.0.to_string()]).await?;
        transaction.commit().await?;
        super::durable::advance(&self.inner.head, last);
        let mut committed = committed.into_iter();
        Ok(members
            .iter()
            .map(|member| matches!(member, Member::Write(_)).then(|| committed.next()).flatten())
            .collect())
    }

    async fn type_ids(
        &self,
        client: &Client,
        members: &[Member],
    ) -> Result<Vec<Vec<i32>>, tokio_postgres::Error> {
        let mut all = Vec::with_capacity(members.len());
        for member in members {
            let mut numbers = Vec::new();
            if let Member::Write(pending) = member {
                for event in &pending.append.events {
                    numbers.push(
                        self.inner.types.number_of(client, event.event_type, event.schema_version).await?,
                    );
                }
            }
            all.push(numbers);
        }
        Ok(all)
    }
}
