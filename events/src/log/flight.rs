//! The appender: turns what waits into batches (EL-21) and keeps the database busy.
//!
//! One task drives three things at once: a batch is written, the next is on its way behind it (EL-28), and those that
//! were written before are being made durable, after which their callers are answered (EL-28a). A lone append is
//! written and made durable in one go.

mod pace;
mod under_way;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use futures_util::stream::StreamExt;
use jiff::Timestamp;
use tokio::sync::watch;
use tokio::time::Instant;
use uuid::Uuid;

use self::under_way::{Flight, Flush, Sent, Written, head_of, send};
use super::appender::answer_from;
use super::batch::{self, Verdict};
use super::connect::Connector;
use super::durable::{self, advance};
use super::failure::Failure;
use super::queue::{BatchOutcome, Queue, Ticket};
use super::session::{Session, end_backend};
use super::verdict::{Answer, AppendError};
use crate::causes::whole_chain;
use crate::{CommandId, Position, StreamName, Version};

const BACKOFF_MIN: Duration = Duration::from_millis(20);
const BACKOFF_MAX: Duration = Duration::from_secs(1);

/// One session that appends, again and again.
pub(super) struct Appender {
    connector: Connector,
    queue: Arc<Queue>,
    head: watch::Sender<Position>,
    /// Processes of the last session that wrote: their statements may outlive the connections.
    lost_backends: Vec<i32>,
}

impl Appender {
    pub(super) fn new(connector: Connector, queue: Arc<Queue>, head: watch::Sender<Position>) -> Self {
        Self { connector, queue, head, lost_backends: Vec::new() }
    }

    /// Appends until the log is closed.
    pub(super) async fn run(mut self) {
        loop {
            let session = self.connected().await;
            let unsettled = self.fly(&session).await;
            self.resolve(unsettled).await;
        }
    }

    /// Connects, trying again until it works; callers that waited too long are told meanwhile.
    async fn connected(&mut self) -> Arc<Session> {
        let mut backoff = BACKOFF_MIN;
        loop {
            match Session::open(&self.connector, &self.lost_backends).await {
                Ok(session) => {
                    self.lost_backends = session.backends.to_vec();
                    return Arc::new(session);
                }
                Err(reason) => self.queue.give_up_after(self.queue.patience(), &reason),
            }
            tokio::time::sleep(backoff).await;
            backoff = (backoff * 2).min(BACKOFF_MAX);
        }
    }

    /// Sends, flushes and answers until the session is lost. Returns those whose fate is not known.
    async fn fly(&self, session: &Arc<Session>) -> Vec<Ticket> {
        let mut flight = Flight::default();
        loop {
            let (next_from, portion) = (flight.next_from(), flight.portion());
            let reason = tokio::select! {
                biased;
                Some((batches, flushed)) = flight.flushing.next(), if !flight.flushing.is_empty() => {
                    match flushed {
                        Ok(()) => {
                            flight.flushed();
                            self.answer_all(&mut flight, batches);
                            self.queue.gather().await;
                            None
                        }
                        Err(error) => {
                            flight.written.extend(batches);
                            Some(whole_chain(&error))
                        }
                    }
                }
                Some(Sent { tickets, flush, outcome }) = flight.sent.next(), if !flight.sent.is_empty() => {
                    flight.wrote(tickets.len());
                    match outcome {
                        Ok(verdicts) => {
                            flight.written.push(self.written(session, tickets, verdicts, flush).await);
                            None
                        }
                        Err(failure) => self.settle(session, &mut flight, tickets, failure).await,
                    }
                }
                Some(hinted) = flight.hinting.next(), if !flight.hinting.is_empty() => {
                    hinted.err().map(|error| whole_chain(&error))
                }
                tickets = self.next_batch(next_from, portion), if next_from.is_some() => {
                    flight.send(session, tickets);
                    None
                }
            };
            if let Some(reason) = reason {
                tracing::warn!(reason, "The connection of an appender was lost: {reason}");
                return flight.abandon().await;
            }
            self.make_durable(session, &mut flight);
            flight.hint(session);
        }
    }

    async fn next_batch(&self, from: Option<usize>, portion: impl Fn(usize) -> usize) -> Vec<Ticket> {
        match from {
            None | Some(1) => self.queue.take(portion).await,
            Some(appends) => self.queue.take_crowd(appends, portion).await,
        }
    }

    /// Answers what is durable already, or starts a barrier for all that was written.
    fn make_durable(&self, session: &Arc<Session>, flight: &mut Flight) {
        if flight.written.is_empty() || !flight.flushing.is_empty() {
            return;
        }
        let batches = std::mem::take(&mut flight.written);
        // The log is flushed in its order: what was committed before a durable commit is durable.
        if batches.last().is_some_and(|last| last.durable) {
            if let Some(head) = head_of(&batches) {
                flight.announce(head);
            }
            return self.answer_all(flight, batches);
        }
        flight.flush(session, batches);
    }

    async fn written(
        &self,
        session: &Session,
        tickets: Vec<Ticket>,
        verdicts: Vec<Verdict>,
        flush: Flush,
    ) -> Written {
        let losers = versions_of_losers(session, &tickets, &verdicts).await;
        // Only a commit flushes: a refusal may rest on what another appender has written and not flushed.
        let durable = flush == Flush::AtCommit
            && verdicts.iter().all(|verdict| matches!(verdict, Verdict::Committed { .. }));
        Written { tickets, verdicts, losers, durable }
    }

    /// Deals with a statement that failed as a whole. Says why, when it was because the session is lost.
    async fn settle(
        &self,
        session: &Session,
        flight: &mut Flight,
        tickets: Vec<Ticket>,
        failure: Failure,
    ) -> Option<String> {
        let mut failed = vec![(tickets, failure)];
        while let Some((tickets, failure)) = failed.pop() {
            let again = match failure {
                Failure::Lost(reason) => {
                    let fateless = failed.into_iter().flat_map(|(tickets, _)| tickets).chain(tickets);
                    let verdicts = Vec::new();
                    flight.written.push(Written {
                        tickets: fateless.collect(),
                        verdicts,
                        losers: Vec::new(),
                        durable: false,
                    });
                    return Some(reason);
                }
                Failure::Exhausted(reason) => {
                    let refusal = AppendError::Unavailable { reason };
                    flight.answered(tickets.len());
                    self.refuse(tickets, |_| refusal.clone());
                    continue;
                }
                Failure::NoPartition if extend(session).await => vec![tickets],
                Failure::NoPartition => {
                    let reason = "a partition for the next events could not be created".to_owned();
                    flight.answered(tickets.len());
                    self.refuse(tickets, |_| AppendError::Unavailable { reason: reason.clone() });
                    continue;
                }
                Failure::Refused { code, reason } if tickets.len() == 1 => {
                    flight.answered(tickets.len());
                    self.refuse_or_duplicate(session, tickets, code, reason).await;
                    continue;
                }
                Failure::Refused { .. } => {
                    // The culprit stands alone in the end; the others commit (EL-26).
                    let mut first = tickets;
                    let second = first.split_off(first.len() / 2);
                    vec![first, second]
                }
            };
            for tickets in again {
                match send(session, &tickets, Flush::Later).await {
                    Ok(verdicts) => {
                        flight.written.push(self.written(session, tickets, verdicts, Flush::Later).await);
                    }
                    Err(failure) => failed.push((tickets, failure)),
                }
            }
        }
        None
    }

    fn answer_all(&self, flight: &mut Flight, batches: Vec<Written>) {
        flight.answered(batches.iter().map(|batch| batch.tickets.len()).sum());
        if let Some(head) = head_of(&batches) {
            advance(&self.head, head);
        }
        for batch in batches {
            self.answer(batch);
        }
    }

    fn answer(&self, Written { tickets, verdicts, losers, .. }: Written) {
        let mut outcome = BatchOutcome::default();
        for (ticket, verdict) in tickets.iter().zip(&verdicts) {
            match verdict {
                Verdict::Committed { stream_no, .. } => {
                    outcome.committed += 1;
                    if ticket.stream_no.is_none() {
                        outcome.learned.push((ticket.stream().clone(), *stream_no));
                    }
                    outcome.events += ticket.pending.append.events.len() as u64;
                    self.queue.committed(ticket, ticket.pending.append.events.len());
                }
                Verdict::Duplicate(_) => outcome.duplicates += 1,
                Verdict::Conflict => outcome.conflicts += 1,
            }
        }
        self.queue.landed(tickets.iter(), outcome);
        for (ticket, verdict) in tickets.into_iter().zip(verdicts) {
            let result = match verdict {
                Verdict::Committed { first, at, .. } => Ok(batch::committed(
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

    /// After a lost session: asks the database what became of each append before anyone retries (EL-27).
    async fn resolve(&mut self, tickets: Vec<Ticket>) {
        if tickets.is_empty() {
            return;
        }
        let deadline = Instant::now() + self.queue.patience();
        let mut backoff = BACKOFF_MIN;
        let mut answers = loop {
            match self.ask_about(&tickets).await {
                Ok(answers) => break answers,
                Err(reason) => {
                    tracing::debug!(reason, "Asking what became of a batch failed: {reason}");
                    self.queue.give_up_after(self.queue.patience(), &reason);
                }
            }
            if Instant::now() > deadline {
                return self
                    .refuse(tickets, |ticket| AppendError::Unknown { stream: ticket.stream().clone() });
            }
            tokio::time::sleep(backoff).await;
            backoff = (backoff * 2).min(BACKOFF_MAX);
        };
        let mut unwritten = Vec::new();
        for ticket in tickets {
            let Some(answer) = ticket.first_command().and_then(|command| answers.remove(&command)) else {
                unwritten.push(ticket);
                continue;
            };
            let written_here = answer.from_version.0 == ticket.pending.before.version.0 + 1;
            self.queue.landed(std::iter::once(&ticket), BatchOutcome::default());
            let result = if written_here {
                Ok(batch::committed(&ticket.pending, answer.first.0, answer.at))
            } else {
                Err(AppendError::Duplicate(Box::new(answer)))
            };
            let _ = ticket.reply.send(result);
        }
        self.queue.put_back(unwritten);
    }

    /// The durable answers of those that were written. One connection ends what may still run, asks, and makes durable
    /// what it found: the barrier that failed may have been its own.
    async fn ask_about(&mut self, tickets: &[Ticket]) -> Result<HashMap<CommandId, Answer>, String> {
        let client = self.connector.connect().await.map_err(|error| whole_chain(&error))?;
        let asking = async {
            for backend in &self.lost_backends {
                end_backend(&client, *backend).await?;
            }
            let commands: Vec<Uuid> =
                tickets.iter().filter_map(Ticket::first_command).map(CommandId::uuid).collect();
            let rows = client.query(include_str!("sql/answers.sql"), &[&commands]).await?;
            let answers: HashMap<CommandId, Answer> =
                rows.iter().map(batch::answer_of).map(|answer| (answer.command_id, answer)).collect();
            if let Some(last) = answers.values().map(|answer| answer.last).max() {
                durable::flush(&client, Some(last)).await?;
                advance(&self.head, last);
            }
            Ok::<_, tokio_postgres::Error>(answers)
        };
        let answers = asking.await.map_err(|error| whole_chain(&error))?;
        self.lost_backends.clear();
        Ok(answers)
    }

    fn refuse(&self, tickets: Vec<Ticket>, refusal: impl Fn(&Ticket) -> AppendError) {
        self.queue.landed(tickets.iter(), BatchOutcome::default());
        for ticket in tickets {
            let error = refusal(&ticket);
            let _ = ticket.reply.send(Err(error));
        }
    }

    /// A command that another process carried out at the same moment trips the key of `commands`: that is a duplicate.
    async fn refuse_or_duplicate(
        &self,
        session: &Session,
        tickets: Vec<Ticket>,
        code: Option<String>,
        reason: String,
    ) {
        let mut first_answer = None;
        for command in tickets.iter().flat_map(Ticket::commands) {
            if let Ok(Some(answer)) = answer_from(&session.writer, command).await
                && session.flush(None).await.is_ok()
            {
                first_answer = Some(answer);
                break;
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
}

async fn versions_of_losers(
    session: &Session,
    tickets: &[Ticket],
    verdicts: &[Verdict],
) -> Vec<(StreamName, Version)> {
    let mut versions = Vec::new();
    for (ticket, verdict) in tickets.iter().zip(verdicts) {
        if matches!(verdict, Verdict::Conflict) {
            let stream = ticket.stream();
            let found = session
                .writer
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

async fn extend(session: &Session) -> bool {
    session.writer.batch_execute(include_str!("sql/ensure_partitions.sql")).await.is_ok()
}
