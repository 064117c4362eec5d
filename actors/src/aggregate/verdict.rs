//! What an actor does when the log has decided about its append.

use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;

use events::decider::Kept;
use events::log::{Answer, AppendError, Committed, ReadError};
use events::{Position, StreamTip, Version};
use ractor::{ActorProcessingErr, ActorRef};

use super::Message;
use super::batch::{Batch, Decided, Outcome};
use super::command::{Answered, CommandError, Receipt, Waiting};
use super::live::Live;
use super::system::System;

/// How often a command is decided again because other writers were first, before its caller is told.
pub const CONFLICT_ATTEMPTS: u8 = 8;

/// The verdict of the log over one append.
pub(crate) type Verdict = Result<Committed, AppendError>;

impl<A: Kept> Live<A> {
    /// Answers everyone in the batch that was on its way, or has it decided again.
    pub(super) async fn settle(
        &mut self,
        verdict: Verdict,
        myself: &ActorRef<Message>,
    ) -> Result<(), ActorProcessingErr> {
        let Some(batch) = self.flight.take() else { return Ok(()) };
        let counters = &self.system.counters;
        match verdict {
            Ok(committed) => {
                self.commit(*batch, &committed);
                Ok(())
            }
            Err(AppendError::Conflict { current, .. }) => self.overtaken(current, myself).await,
            Err(AppendError::Duplicate(answer)) => {
                counters.duplicates.fetch_add(1, Relaxed);
                self.decide_again(|waiting| {
                    (waiting.id() == answer.command_id).then(|| first_answer(&answer, waiting))
                });
                Box::pin(self.load(myself)).await
            }
            Err(AppendError::Unknown { .. }) => {
                self.decide_again(|waiting| {
                    waiting.uncertain = true;
                    None
                });
                Box::pin(self.load(myself)).await
            }
            Err(unwritten) => {
                self.refuse(&batch, &unwritten);
                Ok(())
            }
        }
    }

    /// Answers everyone in a batch without events, or has it decided again on top of what others have recorded.
    pub(super) async fn check(
        &mut self,
        found: Result<StreamTip, ReadError>,
        myself: &ActorRef<Message>,
    ) -> Result<(), ActorProcessingErr> {
        let Some(batch) = self.flight.take() else { return Ok(()) };
        match found {
            Ok(tip) if tip.version == self.tip.version => self.answer_without_events(*batch, myself),
            Ok(tip) => return self.overtaken(tip.version, myself).await,
            Err(error) => {
                for waiting in self.desk.settle(batch.decided.len()) {
                    waiting.answer(Err(CommandError::Unavailable { reason: error.to_string() }));
                }
            }
        }
        Ok(())
    }

    /// Another process moved the stream on: everything is decided again on top of that.
    async fn overtaken(
        &mut self,
        current: Version,
        myself: &ActorRef<Message>,
    ) -> Result<(), ActorProcessingErr> {
        self.system.counters.conflicts.fetch_add(1, Relaxed);
        self.decide_again(|waiting| {
            waiting.attempts = waiting.attempts.saturating_add(1);
            (waiting.attempts >= CONFLICT_ATTEMPTS).then_some(Err(CommandError::Conflict { current }))
        });
        Box::pin(self.load(myself)).await
    }

    fn commit(&mut self, batch: Batch<A>, committed: &Committed) {
        let Batch { decided, after, before, .. } = batch;
        if let Some(after) = after {
            self.committed = after;
        }
        self.answered_last = decided.len();
        self.tip = committed.tip;
        self.desk.set_version(self.tip.version);
        let mut done = Place { position: self.position, version: before.version };
        let mut next = committed.first;
        let settled = self.desk.settle(decided.len());
        let mut questions = Vec::new();
        let mut again = Vec::new();
        for (waiting, decided) in settled.into_iter().zip(decided) {
            if let Outcome::Events(count) = decided.outcome {
                let count = i64::try_from(count).unwrap_or(i64::MAX);
                self.memory.add(decided.command_id, next);
                next = Position(next.0 + count);
                done = Place { position: Position(next.0 - 1), version: Version(done.version.0 + count) };
                let reply = waiting.envelope.reply.clone();
                waiting.answer(Ok(done.receipt(reply)));
            } else {
                self.answer_or_ask(waiting, decided, done, &mut questions, &mut again);
            }
        }
        self.position = committed.last;
        self.desk.put_back(again);
        ask(&self.system, questions);
        self.after_commit();
    }

    /// Answers a batch in which no command caused an event.
    pub(super) fn answer_without_events(&self, batch: Batch<A>, myself: &ActorRef<Message>) {
        let done = Place { position: self.position, version: self.tip.version };
        let settled = self.desk.settle(batch.decided.len());
        let mut questions = Vec::new();
        let mut again = Vec::new();
        for (waiting, decided) in settled.into_iter().zip(batch.decided) {
            self.answer_or_ask(waiting, decided, done, &mut questions, &mut again);
        }
        if !again.is_empty() {
            self.desk.put_back(again);
            // A mailbox that is closed means that this actor ends; the desk keeps what waits.
            let _ = myself.cast(Message::Work);
        }
        ask(&self.system, questions);
    }

    /// A refusal, or "nothing to do", may be the echo of the command's own first execution: where the actor does not
    /// remember all of its stream, the log is asked before the caller is told so.
    fn answer_or_ask(
        &self,
        waiting: Box<Waiting<A>>,
        decided: Decided<A::Error>,
        done: Place,
        questions: &mut Vec<Question<A>>,
        again: &mut Vec<Box<Waiting<A>>>,
    ) {
        let nothing = || Ok(done.receipt(waiting.envelope.reply.clone()));
        let otherwise = match decided.outcome {
            Outcome::Events(_) | Outcome::Nothing => nothing(),
            Outcome::Refused(broken_rule) => {
                self.system.counters.refused.fetch_add(1, Relaxed);
                Err(CommandError::Refused(broken_rule))
            }
            Outcome::Failed(reason) => Err(CommandError::Failed { reason }),
            Outcome::OtherVersion { expected, current } => {
                Err(CommandError::OtherVersion { expected, current })
            }
            Outcome::Remembered => {
                let first = self.memory.first_position(decided.command_id).unwrap_or(done.position);
                let reply = waiting.envelope.reply.clone();
                let receipt = Receipt { position: first, version: done.version, duplicate: true, reply };
                return questions.push(Question { waiting, otherwise: Ok(receipt) });
            }
            Outcome::Twin if self.memory.first_position(decided.command_id).is_some() => {
                return questions.push(Question { otherwise: nothing(), waiting });
            }
            // The twin caused no event, so this one is decided by itself.
            Outcome::Twin => return again.push(waiting),
        };
        if self.memory.has_gaps() || waiting.attempts > 0 {
            questions.push(Question { waiting, otherwise });
        } else {
            waiting.answer(otherwise);
        }
    }

    /// Drops everything decided but not committed; each command is decided again unless `settled` has an answer.
    fn decide_again(&mut self, settled: impl Fn(&mut Waiting<A>) -> Option<Answered<A>>) {
        self.work = None;
        self.forming = None;
        let mut again = Vec::new();
        for mut waiting in self.desk.settle(usize::MAX) {
            match settled(&mut waiting) {
                Some(answer) => waiting.answer(answer),
                None => again.push(waiting),
            }
        }
        self.desk.put_back(again);
    }

    /// Nothing of the batch was written. What is committed is still right, so nothing is loaded.
    fn refuse(&mut self, batch: &Batch<A>, error: &AppendError) {
        let commands = batch.decided.len();
        let refusal = match error {
            AppendError::Overloaded { retry_after_ms } => {
                CommandError::Overloaded { retry_after_ms: *retry_after_ms }
            }
            AppendError::Unavailable { reason } => CommandError::Unavailable { reason: reason.clone() },
            other => {
                if commands > 1 {
                    // One of them is the culprit; the others must not suffer with it.
                    self.singly = commands;
                    return self.decide_again(|_| None);
                }
                CommandError::Failed { reason: other.to_string() }
            }
        };
        let wrote: Vec<_> = batch
            .decided
            .iter()
            .filter(|decided| matches!(decided.outcome, Outcome::Events(_)))
            .map(|decided| decided.command_id)
            .collect();
        // Only the command's first appearance was to be written; a twin is decided again.
        let pending = std::cell::RefCell::new(wrote);
        self.decide_again(|waiting| {
            let mut pending = pending.borrow_mut();
            let place = pending.iter().position(|id| *id == waiting.id())?;
            pending.swap_remove(place);
            Some(Err(refusal.clone()))
        });
    }
}

/// Where the stream stood after a command.
#[derive(Debug, Clone, Copy)]
struct Place {
    position: Position,
    version: Version,
}

impl Place {
    const fn receipt(self, reply: Option<bytes::Bytes>) -> Receipt {
        Receipt { position: self.position, version: self.version, duplicate: false, reply }
    }
}

/// A command whose first answer may be in the log.
struct Question<A: Kept> {
    waiting: Box<Waiting<A>>,
    otherwise: Answered<A>,
}

/// Asks the log beside the actor's path: the answers depend on nothing that the actor does next.
fn ask<A: Kept>(system: &Arc<System<A>>, questions: Vec<Question<A>>) {
    if questions.is_empty() {
        return;
    }
    let system = system.clone();
    tokio::spawn(async move {
        for Question { waiting, otherwise } in questions {
            match system.log.answer_to(waiting.id()).await {
                Ok(Some(answer)) => {
                    let first = first_answer(&answer, &waiting);
                    waiting.answer(first);
                }
                Ok(None) => waiting.answer(otherwise),
                Err(error) => waiting.answer(Err(CommandError::Unavailable { reason: error.to_string() })),
            }
        }
    });
}

fn first_answer<A: Kept>(answer: &Answer, waiting: &Waiting<A>) -> Answered<A> {
    let differs = |then: [u8; 32]| waiting.envelope.request_hash.is_some_and(|now| now != then);
    if answer.request_hash.is_some_and(differs) {
        return Err(CommandError::IdempotencyMismatch);
    }
    Ok(Receipt {
        position: answer.last,
        version: answer.to_version,
        duplicate: true,
        reply: answer.reply.clone(),
    })
}
