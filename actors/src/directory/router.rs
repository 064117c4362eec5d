//! The router of a part of the streams: owns their actors, wakes them, supervises them, lets idle ones leave.

use std::marker::PhantomData;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::{Duration, Instant};

use events::StreamName;
use events::decider::Kept;
use ractor::{Actor, ActorId, ActorProcessingErr, ActorRef, SupervisionEvent};
use tokio::sync::oneshot;

use super::shard::{Entry, Shard, Trouble};
use super::{LiveActor, RETRY_AFTER_MS, VerbError};
use crate::aggregate::{
    AggregateActor, CommandError, Drift, Inspection, Message, Permit, Start, Succession, System, Waiting,
    Wake,
};
use crate::supervisor::{Remedy, RestartBudget, RestartLimits};

/// Where a router sends what it was asked for: at once why not, or a channel on which the actor answers.
pub(super) type VerbReply<R> = oneshot::Sender<Result<oneshot::Receiver<R>, VerbError>>;

/// What a router is told.
pub(crate) enum RouterMessage<A: Kept> {
    Dispatch(StreamName, Box<Waiting<A>>),
    Sweep,
    Restart(StreamName),
    List(oneshot::Sender<Vec<LiveActor>>),
    Count(oneshot::Sender<usize>),
    Inspect(StreamName, VerbReply<Inspection>),
    Refold(StreamName, VerbReply<Drift>),
    Passivate(StreamName, VerbReply<()>),
    Kill(StreamName, VerbReply<()>),
    Release(StreamName, VerbReply<()>),
    Stop(oneshot::Sender<()>),
}

pub(super) struct Router<A: Kept>(PhantomData<fn() -> A>);

impl<A: Kept> Router<A> {
    pub(super) const fn new() -> Self {
        Self(PhantomData)
    }
}

pub(super) struct RouterStart<A: Kept> {
    pub(super) system: Arc<System<A>>,
    pub(super) idle: Duration,
    pub(super) live_max: usize,
    pub(super) permits: usize,
    pub(super) restarts: RestartLimits,
}

pub(super) struct Routing<A: Kept> {
    start: RouterStart<A>,
    shard: Shard<A>,
    /// Who waits until all actors have left.
    stopping: Option<Vec<oneshot::Sender<()>>>,
}

impl<A: Kept> Actor for Router<A> {
    type Msg = RouterMessage<A>;
    type State = Routing<A>;
    type Arguments = RouterStart<A>;

    async fn pre_start(
        &self,
        myself: ActorRef<RouterMessage<A>>,
        start: RouterStart<A>,
    ) -> Result<Routing<A>, ActorProcessingErr> {
        myself.send_after(sweep_every(start.idle), || RouterMessage::Sweep);
        Ok(Routing { start, shard: Shard::new(), stopping: None })
    }

    async fn handle(
        &self,
        myself: ActorRef<RouterMessage<A>>,
        message: RouterMessage<A>,
        routing: &mut Routing<A>,
    ) -> Result<(), ActorProcessingErr> {
        match message {
            RouterMessage::Dispatch(stream, waiting) => routing.dispatch(&myself, stream, waiting).await,
            RouterMessage::Sweep => {
                let now = Instant::now();
                for stream in routing.shard.idle(now, routing.start.idle) {
                    routing.retire(&stream);
                }
                myself.send_after(sweep_every(routing.start.idle), || RouterMessage::Sweep);
            }
            RouterMessage::Restart(stream) => routing.start_actor(&myself, &stream).await,
            RouterMessage::List(reply) => {
                // A caller who has gone does not need the answer.
                let _ = reply.send(routing.shard.list(Instant::now()));
            }
            RouterMessage::Count(reply) => {
                // Likewise.
                let _ = reply.send(routing.shard.streams.len());
            }
            RouterMessage::Inspect(stream, reply) => routing.forward(&stream, reply, Message::Inspect),
            RouterMessage::Refold(stream, reply) => routing.forward(&stream, reply, Message::Refold),
            RouterMessage::Passivate(stream, reply) => routing.verb(&stream, reply, |routing| {
                routing.retire(&stream);
            }),
            RouterMessage::Kill(stream, reply) => routing.verb(&stream, reply, |routing| {
                if let Some(actor) = routing.shard.streams.get(&stream).and_then(|entry| entry.actor.as_ref())
                {
                    actor.kill();
                }
            }),
            RouterMessage::Release(stream, reply) => routing.verb(&stream, reply, |routing| {
                if routing.shard.streams.get(&stream).is_some_and(|entry| entry.quarantine().is_some()) {
                    routing.shard.streams.remove(&stream);
                }
            }),
            RouterMessage::Stop(reply) => routing.stop(reply),
        }
        Ok(())
    }

    // The default would stop the router when any of its actors ends.
    async fn handle_supervisor_evt(
        &self,
        myself: ActorRef<RouterMessage<A>>,
        event: SupervisionEvent,
        routing: &mut Routing<A>,
    ) -> Result<(), ActorProcessingErr> {
        match event {
            SupervisionEvent::ActorTerminated(cell, _, _) => routing.ended(&myself, cell.get_id()).await,
            SupervisionEvent::ActorFailed(cell, error) => {
                routing.failed(&myself, cell.get_id(), &error.to_string());
            }
            SupervisionEvent::ActorStarted(_) | SupervisionEvent::ProcessGroupChanged(_) => {}
        }
        Ok(())
    }
}

fn sweep_every(idle: Duration) -> Duration {
    const AT_LEAST: Duration = Duration::from_millis(10);
    (idle / 4).max(AT_LEAST)
}

fn stopping<E: std::error::Error + 'static>() -> CommandError<E> {
    CommandError::Unavailable { reason: "the actors are stopping".to_owned() }
}

impl<A: Kept> Routing<A> {
    async fn dispatch(
        &mut self,
        myself: &ActorRef<RouterMessage<A>>,
        stream: StreamName,
        mut waiting: Box<Waiting<A>>,
    ) {
        if self.stopping.is_some() {
            return waiting.answer(Err(stopping()));
        }
        let now = Instant::now();
        let is_new = !self.shard.streams.contains_key(&stream);
        if is_new && self.shard.streams.len() >= self.start.live_max {
            return self.overloaded(*waiting);
        }
        let entry = self.shard.streams.entry(stream.clone()).or_insert_with(|| Entry::new(now));
        if let Some(reason) = entry.quarantine() {
            let reason = reason.to_owned();
            return waiting.answer(Err(CommandError::Quarantined { reason }));
        }
        let Some(permit) = Permit::take(entry.desk.open(), 1, self.start.permits) else {
            return self.overloaded(*waiting);
        };
        waiting.admission = Some(permit);
        entry.last_used = now;
        let wake = entry.desk.put(waiting);
        if is_new {
            self.start_actor(myself, &stream).await;
        } else if wake == Wake::Needed
            && let Some(actor) = &entry.actor
        {
            // An actor that has just ended leaves the command to its successor.
            let _ = actor.cast(Message::Work);
        }
    }

    fn overloaded(&self, waiting: Waiting<A>) {
        self.start.system.counters.overloaded.fetch_add(1, Relaxed);
        waiting.answer(Err(CommandError::Overloaded { retry_after_ms: RETRY_AFTER_MS }));
    }

    async fn start_actor(&mut self, myself: &ActorRef<RouterMessage<A>>, stream: &StreamName) {
        let Some(entry) = self.shard.streams.get_mut(stream) else { return };
        if entry.actor.is_some() {
            return;
        }
        if self.stopping.is_some() {
            entry.desk.refuse_all(|_| stopping());
            self.shard.streams.remove(stream);
            return;
        }
        let start =
            Start { system: self.start.system.clone(), stream: stream.clone(), desk: entry.desk.clone() };
        match Actor::spawn_linked(None, AggregateActor::new(), start, myself.get_cell()).await {
            Ok((actor, _)) => {
                entry.retiring = false;
                self.shard.actors.insert(actor.get_id(), stream.clone());
                entry.actor = Some(actor);
            }
            Err(error) => {
                let reason = error.to_string();
                entry.desk.refuse_all(|_| CommandError::Unavailable { reason: reason.clone() });
                self.shard.streams.remove(stream);
            }
        }
    }

    fn retire(&mut self, stream: &StreamName) {
        if let Some(entry) = self.shard.streams.get_mut(stream)
            && let Some(actor) = &entry.actor
            && !std::mem::replace(&mut entry.retiring, true)
        {
            // An actor that has already ended needs no telling.
            let _ = actor.cast(Message::Retire);
        }
    }

    /// An actor left in order or was killed; what lies on its desk goes to a successor.
    async fn ended(&mut self, myself: &ActorRef<RouterMessage<A>>, actor: ActorId) {
        let Some(stream) = self.shard.actors.remove(&actor) else { return };
        self.start.system.counters.passivations.fetch_add(1, Relaxed);
        if let Some(entry) = self.shard.streams.get_mut(&stream) {
            entry.actor = None;
            entry.desk.hand_over(&Succession::Ended);
            if entry.desk.has_waiting() {
                self.start_actor(myself, &stream).await;
            } else {
                self.shard.streams.remove(&stream);
            }
        }
        self.tell_if_stopped();
    }

    fn failed(&mut self, myself: &ActorRef<RouterMessage<A>>, actor: ActorId, reason: &str) {
        let Some(stream) = self.shard.actors.remove(&actor) else { return };
        let Some(entry) = self.shard.streams.get_mut(&stream) else { return };
        entry.actor = None;
        entry.desk.hand_over(&Succession::Failed(reason));
        let trouble = entry.trouble.get_or_insert_with(|| {
            Box::new(Trouble { budget: RestartBudget::default(), reason: String::new(), quarantined: false })
        });
        reason.clone_into(&mut trouble.reason);
        match trouble.budget.failed(Instant::now(), self.start.restarts) {
            Remedy::RestartAfter(wait) => {
                self.start.system.counters.restarts.fetch_add(1, Relaxed);
                tracing::warn!(stream = %stream, reason, "The actor of {stream} failed and starts again: {reason}");
                myself.send_after(wait, move || RouterMessage::Restart(stream));
            }
            Remedy::Quarantine => {
                self.start.system.counters.quarantines.fetch_add(1, Relaxed);
                tracing::error!(stream = %stream, reason, "{stream} is quarantined, its actor kept failing: {reason}");
                trouble.quarantined = true;
                entry.desk.refuse_all(|_| CommandError::Quarantined { reason: reason.to_owned() });
            }
        }
        self.tell_if_stopped();
    }

    fn forward<R>(
        &self,
        stream: &StreamName,
        reply: VerbReply<R>,
        message: impl FnOnce(oneshot::Sender<R>) -> Message,
    ) {
        let actor = self.shard.streams.get(stream).and_then(|entry| entry.actor.as_ref());
        let answer = match actor {
            None => Err(VerbError::NotLive { stream: stream.clone() }),
            Some(actor) => {
                let (sender, receiver) = oneshot::channel();
                // An actor that has just ended drops the channel, which says so.
                let _ = actor.cast(message(sender));
                Ok(receiver)
            }
        };
        // A caller who has gone does not need the answer.
        let _ = reply.send(answer);
    }

    fn verb(&mut self, stream: &StreamName, reply: VerbReply<()>, act: impl FnOnce(&mut Self)) {
        let answer = if self.shard.streams.contains_key(stream) {
            act(self);
            let (sender, receiver) = oneshot::channel();
            let _ = sender.send(());
            Ok(receiver)
        } else {
            Err(VerbError::NotLive { stream: stream.clone() })
        };
        // A caller who has gone does not need the answer.
        let _ = reply.send(answer);
    }

    fn stop(&mut self, reply: oneshot::Sender<()>) {
        self.stopping.get_or_insert_default().push(reply);
        for entry in self.shard.streams.values_mut() {
            if entry.actor.is_none() {
                entry.desk.refuse_all(|_| stopping());
            }
        }
        self.shard.streams.retain(|_, entry| entry.actor.is_some());
        let live: Vec<_> = self.shard.streams.keys().cloned().collect();
        for stream in live {
            self.retire(&stream);
        }
        self.tell_if_stopped();
    }

    fn tell_if_stopped(&mut self) {
        if self.shard.actors.is_empty()
            && let Some(waiting) = &mut self.stopping
        {
            for reply in waiting.drain(..) {
                // A caller who has gone does not need the answer.
                let _ = reply.send(());
            }
        }
    }
}
