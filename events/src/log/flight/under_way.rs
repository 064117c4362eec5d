//! What is under way over one session: statements sent, batches written, a barrier.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;
use futures_util::stream::{FuturesOrdered, FuturesUnordered, StreamExt};

use tokio::time::Instant;

use super::pace::Pace;
use crate::log::batch::{Outgoing, Verdict};
use crate::log::failure::{Failure, classify};
use crate::log::queue::Ticket;
use crate::log::session::Session;
use crate::{Position, StreamName, Version};

/// Least time between two hints after lone appends: a hint costs the other processes and the database more than the wait.
const HINT_PAUSE: Duration = Duration::from_millis(5);

/// Who makes a batch durable (EL-28a).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Flush {
    /// Its own commit, which waits for the flush and holds the order of the log meanwhile.
    AtCommit,
    /// A barrier afterwards: until then nobody may be told of it.
    Later,
}

/// A batch on its way to the database.
pub(super) struct Sent {
    pub(super) tickets: Vec<Ticket>,
    pub(super) flush: Flush,
    pub(super) outcome: Result<Vec<Verdict>, Failure>,
}

/// A batch that the database has carried out; nobody has been told yet.
pub(super) struct Written {
    pub(super) tickets: Vec<Ticket>,
    pub(super) verdicts: Vec<Verdict>,
    pub(super) losers: Vec<(StreamName, Version)>,
    pub(super) durable: bool,
}

/// What a barrier was made for, and whether it held.
pub(super) type Flushed = (Vec<Written>, Result<(), tokio_postgres::Error>);

impl Written {
    /// Position of the last event that was committed.
    fn head(&self) -> Option<Position> {
        let last = |(ticket, verdict): (&Ticket, &Verdict)| match verdict {
            Verdict::Committed { first: Some(first), .. } => {
                let count = i64::try_from(ticket.pending.append.events.len()).unwrap_or(0);
                Some(Position(first + count - 1))
            }
            Verdict::Committed { first: None, .. } | Verdict::Duplicate(_) | Verdict::Conflict => None,
        };
        self.tickets.iter().zip(&self.verdicts).filter_map(last).max()
    }
}

pub(super) fn head_of(batches: &[Written]) -> Option<Position> {
    batches.iter().filter_map(Written::head).max()
}

/// Everything that is under way over one session.
#[derive(Default)]
pub(super) struct Flight {
    /// Statements, in the order they were sent.
    pub(super) sent: FuturesOrdered<BoxFuture<'static, Sent>>,
    pub(super) written: Vec<Written>,
    /// One barrier at most; what is written meanwhile shares the next.
    pub(super) flushing: FuturesUnordered<BoxFuture<'static, Flushed>>,
    /// What other processes are told, one hint at most; they are told of the last head only.
    pub(super) hinting: FuturesUnordered<BoxFuture<'static, Result<(), tokio_postgres::Error>>>,
    untold: Option<Position>,
    hinted: Option<Instant>,
    /// Appends that were sent and not answered.
    unanswered: usize,
    pace: Pace,
}

impl Flight {
    /// How many appends must wait before the next statement is sent; `None` while enough is under way.
    pub(super) fn next_from(&self) -> Option<usize> {
        self.pace.next_from(self.sent.len(), self.unanswered)
    }

    /// How many of those that wait go into the next batch.
    pub(super) fn portion(&self) -> impl Fn(usize) -> usize + use<> {
        let (pace, unanswered) = (self.pace, self.unanswered);
        move |waiting| pace.batch_of(unanswered + waiting)
    }

    fn is_idle(&self) -> bool {
        self.sent.is_empty() && self.written.is_empty() && self.flushing.is_empty()
    }

    pub(super) fn send(&mut self, session: &Arc<Session>, tickets: Vec<Ticket>) {
        // Nobody else would gain from a separate barrier for a lone append, and it would wait for two commits.
        let flush = if tickets.len() == 1 && self.is_idle() { Flush::AtCommit } else { Flush::Later };
        self.unanswered += tickets.len();
        if self.sent.is_empty() {
            self.pace.writes();
        }
        let session = session.clone();
        self.sent.push_back(Box::pin(async move {
            let outcome = send(&session, &tickets, flush).await;
            Sent { tickets, flush, outcome }
        }));
    }

    /// Starts a barrier for all that was written.
    pub(super) fn flush(&mut self, session: &Arc<Session>, batches: Vec<Written>) {
        self.pace.flushes();
        self.untold = None;
        let session = session.clone();
        self.flushing.push(Box::pin(async move {
            let flushed = session.flush(head_of(&batches)).await;
            (batches, flushed)
        }));
    }

    /// Notes a durable head that other processes have not heard of.
    pub(super) fn announce(&mut self, head: Position) {
        self.untold = self.untold.max(Some(head));
    }

    /// Tells other processes after [`HINT_PAUSE`] since they were last told, unless they are being told or there is nothing.
    pub(super) fn hint(&mut self, session: &Arc<Session>) {
        let Some(head) = self.untold.filter(|_| self.hinting.is_empty()) else { return };
        self.untold = None;
        let due = self.hinted.map(|last| last + HINT_PAUSE);
        let now = Instant::now();
        self.hinted = Some(due.map_or(now, |due| due.max(now)));
        let session = session.clone();
        self.hinting.push(Box::pin(async move {
            if let Some(due) = due.filter(|due| *due > now) {
                tokio::time::sleep_until(due).await;
            }
            session.hint(head).await
        }));
    }

    /// Notes that the first of the statements sent was carried out.
    pub(super) fn wrote(&mut self, appends: usize) {
        self.pace.wrote(appends);
    }

    /// Notes that the barrier held.
    pub(super) fn flushed(&mut self) {
        self.pace.flushed();
    }

    /// Notes that so many appends have their answer.
    pub(super) fn answered(&mut self, appends: usize) {
        self.unanswered = self.unanswered.saturating_sub(appends);
    }

    /// Everything not answered yet, once what was sent has come to an end.
    pub(super) async fn abandon(mut self) -> Vec<Ticket> {
        let mut tickets = Vec::new();
        while let Some((batches, _)) = self.flushing.next().await {
            tickets.extend(batches.into_iter().flat_map(|batch| batch.tickets));
        }
        tickets.extend(self.written.into_iter().flat_map(|batch| batch.tickets));
        while let Some(sent) = self.sent.next().await {
            tickets.extend(sent.tickets);
        }
        tickets
    }
}

pub(super) async fn send(
    session: &Session,
    tickets: &[Ticket],
    flush: Flush,
) -> Result<Vec<Verdict>, Failure> {
    let outgoing: Vec<Outgoing<'_>> = tickets.iter().map(Outgoing::from).collect();
    let sent = match (flush, outgoing.as_slice()) {
        (Flush::AtCommit, [alone]) => session.write_durably(*alone).await,
        (Flush::AtCommit | Flush::Later, batch) => session.write(batch).await,
    };
    sent.map_err(|error| classify(session.is_closed(), &error))
}
