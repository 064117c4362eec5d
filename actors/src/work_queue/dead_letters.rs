//! Commands that could not be carried out, kept where operators see them.

use bytes::Bytes;
use events::CommandId;
use events::log::{Log, ReadError};
use jiff::Timestamp;

use super::{CommandPublisher, PublishError};

/// The table `dead_letters`; cheap to clone.
#[derive(Debug, Clone)]
pub struct DeadLetters {
    log: Log,
}

/// A command that could not be carried out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeadLetter {
    /// The command.
    pub command_id: CommandId,
    /// The subject it was published on.
    pub subject: String,
    /// What it said.
    pub payload: Bytes,
    /// How often it was delivered.
    pub deliveries: u32,
    /// Why it failed the last time.
    pub error: String,
    /// When it was given up (UTC).
    pub at: Timestamp,
    /// When it was sent again, if it was (UTC).
    pub replayed_at: Option<Timestamp>,
    /// When it was given up for good, if it was (UTC).
    pub discarded_at: Option<Timestamp>,
    /// Who ended its waiting.
    pub resolved_by: Option<String>,
    /// Why it was given up for good.
    pub resolved_reason: Option<String>,
}

/// What became of a dead letter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DeadLetterState {
    /// It waits for a decision.
    Parked,
    /// It was sent again.
    Retried,
    /// It was given up for good.
    Discarded,
}

impl DeadLetterState {
    /// The name used in the API.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Parked => "parked",
            Self::Retried => "retried",
            Self::Discarded => "discarded",
        }
    }
}

impl std::str::FromStr for DeadLetterState {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let all = [Self::Parked, Self::Retried, Self::Discarded];
        all.into_iter().find(|state| state.name() == text).ok_or("must be parked, retried or discarded")
    }
}

impl DeadLetter {
    /// What became of it.
    pub const fn state(&self) -> DeadLetterState {
        match (self.discarded_at, self.replayed_at) {
            (Some(_), _) => DeadLetterState::Discarded,
            (None, Some(_)) => DeadLetterState::Retried,
            (None, None) => DeadLetterState::Parked,
        }
    }
}

/// A dead letter could not be kept, read or sent again.
#[derive(Debug, thiserror::Error)]
pub enum DeadLetterError {
    /// The table could not be read or written.
    #[error(transparent)]
    Store(#[from] ReadError),
    /// No connection to the database.
    #[error("the database is not reachable: {reason}")]
    Unreachable {
        /// What it said.
        reason: String,
    },
    /// What was kept of one makes no sense.
    #[error("what was kept of dead letter {message_id:?} cannot be read")]
    Unreadable {
        /// The name of its message.
        message_id: String,
    },
    /// There is no such dead letter.
    #[error("there is no dead letter {0}")]
    Unknown(CommandId),
    /// It could not be put on the queue.
    #[error(transparent)]
    Publish(#[from] PublishError),
}

impl DeadLetters {
    /// The dead letters in the database of `log`.
    pub fn new(log: Log) -> Self {
        Self { log }
    }

    /// Keeps a dead letter; one that died before is overwritten.
    pub async fn keep(
        &self,
        command_id: CommandId,
        subject: &str,
        payload: &[u8],
        deliveries: u32,
        error: &str,
    ) -> Result<(), DeadLetterError> {
        let deliveries = i32::try_from(deliveries).unwrap_or(i32::MAX);
        let message_id = command_id.to_string();
        let client = self.log.pool().get().await.map_err(unreachable)?;
        client
            .execute(
                include_str!("../sql/keep_dead_letter.sql"),
                &[&message_id, &subject, &payload, &deliveries, &error],
            )
            .await
            .map_err(ReadError::database("keeping a dead letter"))?;
        Ok(())
    }

    /// The newest `limit` dead letters, of a state, if one is named, and beyond one that was seen.
    pub async fn list(
        &self,
        state: Option<DeadLetterState>,
        after: Option<(Timestamp, CommandId)>,
        limit: u32,
    ) -> Result<Vec<DeadLetter>, DeadLetterError> {
        let client = self.log.pool().get().await.map_err(unreachable)?;
        let state = state.map(DeadLetterState::name);
        let (before, id) = after.map(|(at, id)| (at, id.to_string())).unzip();
        let rows = client
            .query(include_str!("../sql/list_dead_letters.sql"), &[&state, &before, &id, &i64::from(limit)])
            .await
            .map_err(ReadError::database("listing dead letters"))?;
        rows.iter().map(letter).collect()
    }

    /// Puts a dead letter on the queue again, under its command id: what it has done already is not done twice.
    pub async fn replay(
        &self,
        command_id: CommandId,
        publisher: &CommandPublisher,
        by: &str,
    ) -> Result<DeadLetter, DeadLetterError> {
        let client = self.log.pool().get().await.map_err(unreachable)?;
        let letter = self.find(command_id).await?;
        let message_id = format!("{command_id}:{}", letter.at.as_microsecond());
        publisher.publish_as(letter.subject, &message_id, command_id, letter.payload).await?;
        client
            .execute(include_str!("../sql/mark_dead_letter_replayed.sql"), &[&command_id.to_string(), &by])
            .await
            .map_err(ReadError::database("marking a dead letter"))?;
        self.find(command_id).await
    }

    /// Gives a dead letter up for good; it is kept, with the reason.
    pub async fn discard(
        &self,
        command_id: CommandId,
        reason: &str,
        by: &str,
    ) -> Result<DeadLetter, DeadLetterError> {
        let client = self.log.pool().get().await.map_err(unreachable)?;
        client
            .execute(include_str!("../sql/discard_dead_letter.sql"), &[&command_id.to_string(), &by, &reason])
            .await
            .map_err(ReadError::database("discarding a dead letter"))?;
        self.find(command_id).await
    }

    async fn find(&self, command_id: CommandId) -> Result<DeadLetter, DeadLetterError> {
        let client = self.log.pool().get().await.map_err(unreachable)?;
        let row = client
            .query_opt(include_str!("../sql/find_dead_letter.sql"), &[&command_id.to_string()])
            .await
            .map_err(ReadError::database("finding a dead letter"))?;
        letter(&row.ok_or(DeadLetterError::Unknown(command_id))?)
    }
}

fn unreachable(error: impl std::fmt::Display) -> DeadLetterError {
    DeadLetterError::Unreachable { reason: error.to_string() }
}

fn letter(row: &tokio_postgres::Row) -> Result<DeadLetter, DeadLetterError> {
    let message_id: &str = row.get("message_id");
    let unreadable = || DeadLetterError::Unreadable { message_id: message_id.to_owned() };
    Ok(DeadLetter {
        command_id: message_id.parse().map_err(|_| unreadable())?,
        subject: row.get("subject"),
        payload: Bytes::copy_from_slice(row.get("payload")),
        deliveries: u32::try_from(row.get::<_, i32>("deliveries")).map_err(|_| unreadable())?,
        error: row.get("error_text"),
        at: row.get("at"),
        replayed_at: row.get("replayed_at"),
        discarded_at: row.get("discarded_at"),
        resolved_by: row.get("resolved_by"),
        resolved_reason: row.get("resolved_reason"),
    })
}
