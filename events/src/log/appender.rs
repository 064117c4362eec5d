//! The appender: owns one connection and turns what waits into batches (EL-21).

use std::time::Duration;

use jiff::Timestamp;
use serde::Serialize;
use tokio::sync::{oneshot, watch};
use tokio::time::Instant;
use tokio_postgres::Client;

use super::batch::{self, Verdict};
use super::connect::Connector;
use super::failure::{Failure, classify};
use super::queue::{BatchOutcome, Queue, Ticket};
use super::verdict::{Answer, Append, AppendError, Committed, Expected, Pending};
use super::{Log, ReadError};
use crate::causes::whole_chain;
use crate::{CommandId, Position, StreamName, StreamTip, Version};

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
            let tip = self.tip(&append.stream).await.map_err(|error| unavailable(&error))?;
            let holds = match append.expected {
                Expected::Tip(_) | Expected::Any => true,
                Expected::Version(version) => version == tip.version,
                Expected::NoStream => tip == StreamTip::EMPTY,
                Expected::Exists => tip != StreamTip::EMPTY,
            };
            if !holds {
                // A repetition expects the version it saw the first time: its first answer comes before the refusal.
                self.refuse_duplicate(&append).await?;
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
        self.inner.queue.push(Ticket { pending, type_ids, lane, reply, queued })?;
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
        answer_from(&client, command_id).await.map_err(ReadError::database("looking up a command"))
    }
}

async fn answer_from(
    client: &Client,
    command_id: CommandId,
) -> Result<Option<Answer>, tokio_postgres::Error> {
    let row = client.query_opt(include_str!("sql/answer.sql"), &[&command_id.uuid()]).await?;
    Ok(row.as_ref().map(batch::answer_of))
}

fn unavailable(error: &dyn std::error::Error) -> AppendError {
    AppendError::Unavailable { reason: whole_chain(error) }
}

/// One connection that appends.
pub(super) struct Appender {
    connector: Connector,
    queue: std::sync::Arc<Queue>,
    head: watch::Sender<Position>,
    session: Option<Session>,
    lost_backend: Option<i32>,
}

struct Session {
    client: Client,
    statements: batch::Statements,
    backend: i32,
}

impl Appender {
    pub(super) fn new(
        connector: Connector,
        queue: std::sync::Arc<Queue>,
        head: watch::Sender<Position>,
    ) -> Self {
        Self { connector, queue, head, session: None, lost_backend: None }
    }

    /// Appends until the log is closed.
    pub(super) async fn run(mut self) {
        loop {
            self.connected(None).await;
            let batch = self.queue.take().await;
            self.settle(batch).await;
        }
    }

    /// Connects, trying again until it works or `deadline` passes; callers that waited too long are told meanwhile.
    async fn connected(&mut self, deadline: Option<Instant>) -> bool {
        const BACKOFF_MAX: Duration = Duration::from_secs(1);
        let mut backoff = Duration::from_millis(20);
        loop {
            self.lost_backend = self.lost_session().or(self.lost_backend);
            if self.session.is_some() {
                return true;
            }
            let reason = match self.connect().await {
                Ok(session) => {
                    self.session = Some(session);
                    return true;
                }
                Err(reason) => reason,
            };
            self.queue.give_up_after(self.queue.patience(), &reason);
            if deadline.is_some_and(|deadline| Instant::now() > deadline) {
                return false;
            }
            tokio::time::sleep(backoff).await;
            backoff = (backoff * 2).min(BACKOFF_MAX);
        }
    }

    async fn connect(&mut self) -> Result<Session, String> {
        let client = self.connector.connect_appender().await.map_err(|error| whole_chain(&error))?;
        if let Some(backend) = self.lost_backend {
            // A statement of the lost connection may still be running there; it must end before anyone asks.
            end_backend(&client, backend).await.map_err(|error| whole_chain(&error))?;
            self.lost_backend = None;
        }
        let statements = batch::prepare(&client).await.map_err(|error| whole_chain(&error))?;
        let row =
            client.query_one("select pg_backend_pid()", &[]).await.map_err(|error| whole_chain(&error))?;
        Ok(Session { client, statements, backend: row.get(0) })
    }

    /// Sends a batch and answers everyone in it.
    async fn settle(&mut self, tickets: Vec<Ticket>) {
        let mut halves = vec![tickets];
        while let Some(tickets) = halves.pop() {
            match self.try_send(&tickets).await {
                Ok(verdicts) => self.answer(tickets, verdicts).await,
                Err(Failure::Lost(reason)) => {
                    tracing::warn!(reason, "The connection of an appender was lost: {reason}");
                    self.lost_backend =
                        self.session.take().map(|session| session.backend).or(self.lost_backend);
                    self.resolve(tickets).await;
                }
                Err(Failure::Exhausted(reason)) => {
                    let refusal = AppendError::Unavailable { reason };
                    self.refuse(tickets, |_| refusal.clone());
                }
                Err(Failure::NoPartition) if self.extend().await => halves.push(tickets),
                Err(Failure::NoPartition) => {
                    let reason = "a partition for the next events could not be created".to_owned();
                    self.refuse(tickets, |_| AppendError::Unavailable { reason: reason.clone() });
                }
                Err(Failure::Refused { code, reason }) if tickets.len() == 1 => {
                    self.refuse_or_duplicate(tickets, code, reason).await;
                }
                Err(Failure::Refused { .. }) => {
                    // The culprit stands alone in the end; the others commit (EL-26).
                    let mut first = tickets;
                    let second = first.split_off(first.len() / 2);
                    halves.push(second);
                    halves.push(first);
                }
            }
        }
    }

    async fn try_send(&self, tickets: &[Ticket]) -> Result<Vec<Verdict>, Failure> {
        let Some(session) = &self.session else { return Err(Failure::Lost("not connected".to_owned())) };
        match batch::send(&session.client, &session.statements, &batch::of_tickets(tickets)).await {
            Ok(verdicts) => Ok(verdicts),
            Err(error) => Err(classify(&session.client, &error)),
        }
    }

    async fn answer(&self, tickets: Vec<Ticket>, verdicts: Vec<Verdict>) {
        let mut outcome = BatchOutcome::default();
        let mut head = Position::START;
        for (ticket, verdict) in tickets.iter().zip(&verdicts) {
            match verdict {
                Verdict::Committed { first, .. } => {
                    let count = ticket.pending.append.events.len();
                    outcome.committed += 1;
                    outcome.events += count as u64;
                    self.queue.committed(ticket, count);
                    let last = first.unwrap_or(0) + i64::try_from(count).unwrap_or(0) - 1;
                    head = head.max(Position(last));
                }
                Verdict::Duplicate(_) => outcome.duplicates += 1,
                Verdict::Conflict => outcome.conflicts += 1,
            }
        }
        self.queue.landed(tickets.iter(), outcome);
        advance(&self.head, head);
        let losers = self.versions_of_losers(&tickets, &verdicts).await;
        for (ticket, verdict) in tickets.into_iter().zip(verdicts) {
            let result = match verdict {
                Verdict::Committed { first, at } => Ok(batch::committed(
                    &ticket.pending,
                    first.unwrap_or(0),
                    at.unwrap_or(Timestamp::UNIX_EPOCH),
                )),
                Verdict::Duplicate(answer) => Err(AppendError::Duplicate(answer)),
                Verdict::Conflict => match losers.iter().find(|(stream, _)| stream == ticket.stream()) {
                    Some((stream, current)) => {
                        Err(AppendError::Conflict { stream: stream.clone(), current: *current })
                    }
                    // It lost, but to which version could not be read: nothing was written all the same.
                    None => Err(AppendError::Unavailable {
                        reason: "the stream's version cannot be read".to_owned(),
                    }),
                },
            };
            // The caller may have gone; what was committed stays committed.
            let _ = ticket.reply.send(result);
        }
    }

    async fn versions_of_losers(
        &self,
        tickets: &[Ticket],
        verdicts: &[Verdict],
    ) -> Vec<(StreamName, Version)> {
        let mut versions = Vec::new();
        let Some(session) = &self.session else { return versions };
        for (ticket, verdict) in tickets.iter().zip(verdicts) {
            if matches!(verdict, Verdict::Conflict) {
                let stream = ticket.stream();
                let found = session
                    .client
                    .query_opt(
                        include_str!("sql/tip.sql"),
                        &[&stream.tenant().0, &stream.category(), &stream.key()],
                    )
                    .await;
                if let Ok(row) = found {
                    let version = row.map_or(Version::NONE, |row| Version(row.get("version")));
                    versions.push((stream.clone(), version));
                }
            }
        }
        versions
    }

    /// After a lost connection: asks the database what became of each append before anyone retries (EL-27).
    async fn resolve(&mut self, mut tickets: Vec<Ticket>) {
        let deadline = Instant::now() + self.queue.patience();
        let mut unwritten = Vec::new();
        while let Some(ticket) = tickets.pop() {
            match self.ask_about(&ticket, deadline).await {
                Some(Some(answer)) => {
                    let written_here = answer.from_version.0 == ticket.pending.before.version.0 + 1;
                    self.queue.landed(std::iter::once(&ticket), BatchOutcome::default());
                    advance(&self.head, answer.last);
                    let result = if written_here {
                        Ok(batch::committed(&ticket.pending, answer.first.0, answer.at))
                    } else {
                        Err(AppendError::Duplicate(Box::new(answer)))
                    };
                    let _ = ticket.reply.send(result);
                }
                Some(None) => unwritten.push(ticket),
                None => self
                    .refuse(vec![ticket], |ticket| AppendError::Unknown { stream: ticket.stream().clone() }),
            }
        }
        unwritten.reverse();
        self.queue.put_back(unwritten);
    }

    /// What the database remembers of an append: its answer, that there is none, or nothing before the deadline.
    async fn ask_about(&mut self, ticket: &Ticket, deadline: Instant) -> Option<Option<Answer>> {
        let command = ticket.pending.append.asked.iter().find(|asked| asked.events > 0)?.command_id;
        loop {
            self.lost_backend = self.lost_session().or(self.lost_backend);
            if !self.connected(Some(deadline)).await {
                return None;
            }
            let session = self.session.as_ref()?;
            match answer_from(&session.client, command).await {
                Ok(answer) => return Some(answer),
                Err(error) => tracing::debug!(error = %error, "Asking about an append failed: {error}"),
            }
            if Instant::now() > deadline {
                return None;
            }
        }
    }

    /// The backend of a session that has died; its session is forgotten.
    fn lost_session(&mut self) -> Option<i32> {
        let dead = self.session.take_if(|session| session.client.is_closed())?;
        Some(dead.backend)
    }

    fn refuse(&self, tickets: Vec<Ticket>, refusal: impl Fn(&Ticket) -> AppendError) {
        self.queue.landed(tickets.iter(), BatchOutcome::default());
        for ticket in tickets {
            let error = refusal(&ticket);
            let _ = ticket.reply.send(Err(error));
        }
    }

    /// A command that another process carried out at the same moment trips the key of `commands`: that is a duplicate.
    async fn refuse_or_duplicate(&self, tickets: Vec<Ticket>, code: Option<String>, reason: String) {
        let mut first_answer = None;
        if let Some(session) = &self.session {
            for command in tickets.iter().flat_map(Ticket::commands) {
                if let Ok(Some(answer)) = answer_from(&session.client, command).await {
                    first_answer = Some(answer);
                    break;
                }
            }
        }
        self.refuse(tickets, |ticket| match &first_answer {
            Some(answer) => AppendError::Duplicate(Box::new(answer.clone())),
            None => AppendError::Refused {
                stream: ticket.stream().clone(),
                code: code.clone(),
                reason: reason.clone(),
            },
        });
    }

    async fn extend(&self) -> bool {
        match &self.session {
            Some(session) => {
                session.client.batch_execute(include_str!("sql/ensure_partitions.sql")).await.is_ok()
            }
            None => false,
        }
    }
}

/// Publishes a durable position; the head never moves back.
pub(super) fn advance(head: &watch::Sender<Position>, to: Position) {
    head.send_if_modified(|known| {
        let further = to > *known;
        *known = to.max(*known);
        further
    });
}

async fn end_backend(client: &Client, backend: i32) -> Result<(), tokio_postgres::Error> {
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
