//! Appending: bounds and lanes, and what a caller sees. What carries it out is [`super::flight`].

use std::time::Duration;

use serde::Serialize;
use tokio::sync::oneshot;
use tokio_postgres::Client;

use super::batch;
use super::queue::Ticket;
use super::verdict::{Answer, Append, AppendError, Committed, Expected, Pending};
use super::{Log, ReadError};
use crate::causes::whole_chain;
use crate::{CommandId, StreamTip};

/// Bounds of the append queue and of one batch.
#[derive(Debug, Clone, Copy)]
pub struct AppenderLimits {
    /// Appends that may wait.
    pub queue_appends: usize,
    /// Bytes that may wait.
    pub queue_bytes: usize,
    /// Appends in one statement.
    pub batch_appends: usize,
    /// Bytes in one statement.
    pub batch_bytes: usize,
    /// How long an append waits for a database that is not there before it is told so.
    pub patience: Duration,
}

impl Default for AppenderLimits {
    fn default() -> Self {
        Self {
            queue_appends: 10_000,
            queue_bytes: 64 << 20,
            batch_appends: 1_000,
            batch_bytes: 1 << 20,
            patience: Duration::from_secs(10),
        }
    }
}

/// How urgent an append is (EL-97).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum Lane {
    /// Cancellations and risk limits.
    Control,
    /// What people and agents ask for.
    #[default]
    Orders,
    /// Bulk work: the bars of a backtest.
    Batch,
    /// What may come late.
    Telemetry,
}

impl Lane {
    pub(super) const COUNT: usize = 4;
    pub(super) const BY_URGENCY: [Self; Self::COUNT] =
        [Self::Control, Self::Orders, Self::Batch, Self::Telemetry];

    pub(super) const fn index(self) -> usize {
        match self {
            Self::Control => 0,
            Self::Orders => 1,
            Self::Batch => 2,
            Self::Telemetry => 3,
        }
    }

    /// A statement holds the order of the log until it is durable, so bulk lanes send short ones.
    pub(super) const fn batch_bytes_max(self) -> usize {
        match self {
            Self::Control | Self::Orders => usize::MAX,
            Self::Batch => 512 << 10,
            Self::Telemetry => 128 << 10,
        }
    }
}

/// What the appenders have done since the log was opened.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct AppenderStats {
    /// Statements sent.
    pub batches: u64,
    /// Appends committed.
    pub appends: u64,
    /// Events committed.
    pub events: u64,
    /// Appends refused because another writer was first.
    pub conflicts: u64,
    /// Appends refused because a command had been carried out before.
    pub duplicates: u64,
    /// Appends refused because the queue was full.
    pub overloaded: u64,
    /// Appends waiting now.
    pub queued: usize,
    /// Bytes waiting now.
    pub queued_bytes: usize,
}

/// How often an append that names no exact tip is tried against a stream that others keep moving.
const RESOLVE_ATTEMPTS: usize = 128;

impl Log {
    /// Appends, once it is durable. See [`Append`] and [`AppendError`]; the most urgent lane is [`Lane::Control`].
    pub async fn append(&self, append: Append, lane: Lane) -> Result<Committed, AppendError> {
        if let Expected::Tip(tip) = append.expected {
            return self.append_chained(Pending::chain(append, tip)?, lane).await;
        }
        for _ in 0..RESOLVE_ATTEMPTS {
            let tip = self.tip_to_append(&append.stream).await.map_err(|error| unavailable(&error))?;
            let holds = match append.expected {
                Expected::Tip(_) | Expected::Any => true,
                Expected::Version(version) => version == tip.version,
                Expected::NoStream => tip == StreamTip::EMPTY,
                Expected::Exists => tip != StreamTip::EMPTY,
            };
            if !holds {
                // A repetition expects the version it saw the first time: its first answer comes before the refusal.
                self.refuse_duplicate(&append).await?;
                self.make_visible_durable().await.map_err(|error| unavailable(&error))?;
                return Err(AppendError::Conflict { stream: append.stream, current: tip.version });
            }
            match self.append_chained(Pending::chain(append.clone(), tip)?, lane).await {
                Err(AppendError::Conflict { .. })
                    if matches!(append.expected, Expected::Any | Expected::Exists) => {}
                settled => return settled,
            }
        }
        let current = self.tip(&append.stream).await.map_err(|error| unavailable(&error))?.version;
        Err(AppendError::Conflict { stream: append.stream, current })
    }

    /// Appends what was already numbered and hashed.
    pub async fn append_chained(&self, pending: Pending, lane: Lane) -> Result<Committed, AppendError> {
        self.enqueue(pending, lane)
            .await?
            .await
            .unwrap_or_else(|_| Err(AppendError::Unavailable { reason: "the log was closed".to_owned() }))
    }

    /// Queues without waiting for the verdict, which comes over the channel.
    pub async fn enqueue(
        &self,
        pending: Pending,
        lane: Lane,
    ) -> Result<oneshot::Receiver<Result<Committed, AppendError>>, AppendError> {
        let mut type_ids = Vec::with_capacity(pending.append.events.len());
        for event in &pending.append.events {
            type_ids.push(self.type_number(event.event_type, event.schema_version).await?);
        }
        let (reply, verdict) = oneshot::channel();
        let queued = std::time::Instant::now();
        self.inner.queue.push(Ticket { pending, type_ids, stream_no: None, lane, reply, queued })?;
        Ok(verdict)
    }

    async fn type_number(&self, name: &'static str, schema_version: u16) -> Result<i32, AppendError> {
        if let Some(number) = self.inner.types.known_number(name, schema_version) {
            return Ok(number);
        }
        let client = self.reader().await.map_err(|error| unavailable(&error))?;
        self.inner.types.number_of(&client, name, schema_version).await.map_err(|error| unavailable(&error))
    }

    async fn refuse_duplicate(&self, append: &Append) -> Result<(), AppendError> {
        for asked in &append.asked {
            if let Some(answer) =
                self.answer_to(asked.command_id).await.map_err(|error| unavailable(&error))?
            {
                return Err(AppendError::Duplicate(Box::new(answer)));
            }
        }
        Ok(())
    }

    /// The answer a command got, if it was carried out and is still remembered (EL-31).
    pub async fn answer_to(&self, command_id: CommandId) -> Result<Option<Answer>, ReadError> {
        let client = self.reader().await?;
        let answer =
            answer_from(&client, command_id).await.map_err(ReadError::database("looking up a command"))?;
        if let Some(answer) = &answer {
            self.make_durable(&client, answer.last).await?;
        }
        Ok(answer)
    }
}

pub(super) async fn answer_from(
    client: &Client,
    command_id: CommandId,
) -> Result<Option<Answer>, tokio_postgres::Error> {
    let row = client.query_opt(include_str!("sql/answer.sql"), &[&command_id.uuid()]).await?;
    Ok(row.as_ref().map(batch::answer_of))
}

fn unavailable(error: &dyn std::error::Error) -> AppendError {
    AppendError::Unavailable { reason: whole_chain(error) }
}
