//! What waits to be appended: bounded, in lanes, and never two appends of one stream in flight.

use std::collections::{BTreeMap, HashSet, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::{Notify, oneshot};

use super::appender::{AppenderLimits, AppenderStats, Lane};
use super::latency::{CategoryStats, Latencies};
use super::numbers::Numbers;
use super::verdict::{AppendError, Committed, Pending};
use crate::{CommandId, StreamName};

pub(super) type Reply = oneshot::Sender<Result<Committed, AppendError>>;

/// One append on its way.
#[derive(Debug)]
pub(super) struct Ticket {
    pub(super) pending: Pending,
    pub(super) type_ids: Vec<i32>,
    /// Number of its stream, where that was remembered when it left the queue.
    pub(super) stream_no: Option<i64>,
    pub(super) lane: Lane,
    pub(super) reply: Reply,
    pub(super) queued: Instant,
}

impl Ticket {
    pub(super) fn stream(&self) -> &StreamName {
        &self.pending.append.stream
    }

    /// The command to ask for when it is not known what became of the append.
    pub(super) fn first_command(&self) -> Option<CommandId> {
        self.pending.append.asked.iter().find(|asked| asked.events > 0).map(|asked| asked.command_id)
    }

    pub(super) fn commands(&self) -> impl Iterator<Item = CommandId> {
        self.pending.append.asked.iter().map(|asked| asked.command_id)
    }
}

/// The appends that wait, and what is in flight.
#[derive(Debug)]
pub(super) struct Queue {
    limits: AppenderLimits,
    state: Mutex<State>,
    latencies: Mutex<Latencies>,
    wake: Notify,
    crowd: Notify,
}

#[derive(Debug, Default)]
struct State {
    lanes: [VecDeque<Ticket>; Lane::COUNT],
    appends: usize,
    bytes: usize,
    /// So many waiting appends are a crowd, for the appender that waits for one.
    crowd_from: Option<usize>,
    streams_in_flight: HashSet<StreamName>,
    numbers: Numbers,
    commands_in_flight: HashSet<CommandId>,
    stats: AppenderStats,
    drained_per_second: f64,
    last_drain: Option<Instant>,
}

impl Queue {
    pub(super) fn new(limits: AppenderLimits) -> Self {
        let (wake, crowd) = (Notify::new(), Notify::new());
        Self { limits, state: Mutex::default(), latencies: Mutex::default(), wake, crowd }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn patience(&self) -> Duration {
        self.limits.patience
    }

    pub(super) fn stats(&self) -> AppenderStats {
        let state = self.state();
        AppenderStats { queued: state.appends, queued_bytes: state.bytes, ..state.stats }
    }

    /// Notes an append that is durable.
    pub(super) fn committed(&self, ticket: &Ticket, events: usize) {
        let mut latencies = self.latencies.lock().unwrap_or_else(PoisonError::into_inner);
        latencies.note(ticket.stream().category(), events, ticket.queued.elapsed());
    }

    pub(super) fn categories(&self) -> BTreeMap<String, CategoryStats> {
        self.latencies.lock().unwrap_or_else(PoisonError::into_inner).read()
    }

    /// Queues, or says at once that the queue is full (EL-96).
    pub(super) fn push(&self, ticket: Ticket) -> Result<(), AppendError> {
        let weight = ticket.pending.append.weight();
        let mut state = self.state();
        let full = state.appends >= self.limits.queue_appends
            || (state.bytes.saturating_add(weight) > self.limits.queue_bytes && state.appends > 0);
        if full {
            state.stats.overloaded += 1;
            return Err(AppendError::Overloaded { retry_after_ms: retry_after_ms(&state) });
        }
        state.appends += 1;
        state.bytes += weight;
        let lane = ticket.lane.index();
        if let Some(queue) = state.lanes.get_mut(lane) {
            queue.push_back(ticket);
        }
        let crowd = state.appends;
        let crowded = state.crowd_from.take_if(|from| *from <= crowd).is_some();
        drop(state);
        self.wake.notify_one();
        if crowded {
            self.crowd.notify_waiters();
        }
        Ok(())
    }

    /// Waits until at least `appends` are waiting and takes what fits one batch and is in the `portion` of those waiting.
    pub(super) async fn take_crowd(&self, appends: usize, portion: impl Fn(usize) -> usize) -> Vec<Ticket> {
        loop {
            let mut grown = std::pin::pin!(self.crowd.notified());
            grown.as_mut().enable();
            let waiting = self.state().appends;
            let batch = if waiting < appends { Vec::new() } else { self.take_ready(&portion) };
            if !batch.is_empty() {
                return batch;
            }
            {
                let mut state = self.state();
                if state.appends > waiting {
                    continue;
                }
                // What waits may be for streams in flight; then only more of it can help.
                let wanted = appends.max(waiting + 1);
                state.crowd_from = Some(state.crowd_from.map_or(wanted, |from| from.min(wanted)));
            }
            grown.await;
        }
    }

    /// Waits until something can be sent and takes what fits one batch and is in the `portion` of those waiting. No timer: a
    /// lone append leaves at once.
    pub(super) async fn take(&self, portion: impl Fn(usize) -> usize) -> Vec<Ticket> {
        loop {
            let batch = self.take_ready(&portion);
            if !batch.is_empty() {
                return batch;
            }
            self.wake.notified().await;
        }
    }

    /// Lets those who were answered come back with more, for as long as they do: they may share a batch.
    pub(super) async fn gather(&self) {
        let mut waiting = self.state().appends;
        loop {
            tokio::task::yield_now().await;
            let now = self.state().appends;
            if now <= waiting {
                break;
            }
            waiting = now;
        }
    }

    fn take_ready(&self, portion: impl Fn(usize) -> usize) -> Vec<Ticket> {
        let mut state = self.state();
        let portion = portion(state.appends);
        let mut batch = Vec::new();
        let mut bytes = 0;
        for lane in Lane::BY_URGENCY {
            // Less urgent lanes may fill only a part of a batch, so that urgent appends never wait for a long one.
            let bytes_max = self.limits.batch_bytes.min(lane.batch_bytes_max());
            let appends_max = self.limits.batch_appends.min(portion);
            let mut queue = std::mem::take(state.lanes.get_mut(lane.index()).unwrap_or(&mut VecDeque::new()));
            let mut skipped = VecDeque::new();
            while let Some(mut ticket) = queue.pop_front() {
                let weight = ticket.pending.append.weight();
                if batch.len() >= appends_max || (bytes + weight > bytes_max && !batch.is_empty()) {
                    queue.push_front(ticket);
                    break;
                }
                if in_flight(&state, &ticket) {
                    skipped.push_back(ticket);
                    continue;
                }
                state.streams_in_flight.insert(ticket.stream().clone());
                ticket.stream_no = state.numbers.of(ticket.stream());
                state.commands_in_flight.extend(ticket.commands());
                state.appends -= 1;
                state.bytes = state.bytes.saturating_sub(weight);
                bytes += weight;
                batch.push(ticket);
            }
            skipped.append(&mut queue);
            if let Some(slot) = state.lanes.get_mut(lane.index()) {
                *slot = skipped;
            }
        }
        batch
    }

    /// Marks tickets as no longer in flight; `committed` of them with `events` events were written.
    pub(super) fn landed<'a>(&self, tickets: impl Iterator<Item = &'a Ticket>, outcome: BatchOutcome) {
        let mut state = self.state();
        for ticket in tickets {
            state.streams_in_flight.remove(ticket.stream());
            for command in ticket.commands() {
                state.commands_in_flight.remove(&command);
            }
        }
        state.stats.batches += 1;
        state.stats.appends += outcome.committed;
        state.stats.events += outcome.events;
        state.stats.conflicts += outcome.conflicts;
        state.stats.duplicates += outcome.duplicates;
        for (stream, number) in outcome.learned {
            state.numbers.put(stream, number);
        }
        let now = Instant::now();
        if let Some(last) = state.last_drain.replace(now) {
            let seconds = (now - last).as_secs_f64().max(1e-6);
            state.drained_per_second =
                0.9 * state.drained_per_second + 0.1 * (outcome.committed as f64 / seconds);
        }
        let waiting = state.appends > 0;
        drop(state);
        if waiting {
            self.wake.notify_one();
        }
    }

    /// Puts back at the front what was surely not written.
    pub(super) fn put_back(&self, tickets: Vec<Ticket>) {
        let mut state = self.state();
        for ticket in tickets.into_iter().rev() {
            state.streams_in_flight.remove(ticket.stream());
            for command in ticket.commands() {
                state.commands_in_flight.remove(&command);
            }
            state.appends += 1;
            state.bytes += ticket.pending.append.weight();
            let lane = ticket.lane.index();
            if let Some(queue) = state.lanes.get_mut(lane) {
                queue.push_front(ticket);
            }
        }
        drop(state);
        self.wake.notify_one();
    }

    /// Answers everything that has waited longer than `patience`: the database is not there.
    pub(super) fn give_up_after(&self, patience: Duration, reason: &str) {
        let mut state = self.state();
        let mut given_up = Vec::new();
        for lane in &mut state.lanes {
            let (old, young) =
                std::mem::take(lane).into_iter().partition(|ticket| ticket.queued.elapsed() > patience);
            *lane = young;
            given_up.extend::<VecDeque<Ticket>>(old);
        }
        state.appends = state.appends.saturating_sub(given_up.len());
        let weight: usize = given_up.iter().map(|ticket| ticket.pending.append.weight()).sum();
        state.bytes = state.bytes.saturating_sub(weight);
        drop(state);
        for ticket in given_up {
            // The caller may have gone; then nobody needs the answer.
            let _ = ticket.reply.send(Err(AppendError::Unavailable { reason: reason.to_owned() }));
        }
    }
}

/// What one statement did.
#[derive(Debug, Default, Clone)]
pub(super) struct BatchOutcome {
    pub(super) committed: u64,
    pub(super) events: u64,
    pub(super) conflicts: u64,
    pub(super) duplicates: u64,
    /// Numbers of streams that were not remembered.
    pub(super) learned: Vec<(StreamName, i64)>,
}

fn in_flight(state: &State, ticket: &Ticket) -> bool {
    state.streams_in_flight.contains(ticket.stream())
        || ticket.commands().any(|command| state.commands_in_flight.contains(&command))
}

fn retry_after_ms(state: &State) -> u64 {
    const AT_LEAST_MS: f64 = 10.0;
    const AT_MOST_MS: f64 = 10_000.0;
    let seconds = state.appends as f64 / state.drained_per_second.max(1.0);
    (seconds * 1_000.0).clamp(AT_LEAST_MS, AT_MOST_MS) as u64
}
