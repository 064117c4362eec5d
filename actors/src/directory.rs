//! Finds or wakes the one actor of a stream, and bounds what waits before it.

mod router;
mod shard;

use std::hash::{BuildHasher, RandomState};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::time::Duration;

use events::decider::Kept;
use events::log::Log;
use events::{StreamName, Tenant, Version};
use ractor::{Actor, ActorRef, SpawnErr};
use serde::Serialize;
use tokio::sync::oneshot;

use crate::aggregate::{
    ActorStats, Answered, CommandEnvelope, CommandError, Drift, Inspection, Permit, Receipt, System, Waiting,
};
use crate::supervisor::RestartLimits;
use router::{Router, RouterMessage, RouterStart};

/// How soon a caller who was turned away may try again, where nothing better is known.
const RETRY_AFTER_MS: u64 = 100;

/// Bounds and times of a directory.
#[derive(Debug, Clone, Copy)]
pub struct DirectoryOptions {
    /// Whose streams it serves.
    pub tenant: Tenant,
    /// Routers that share the streams.
    pub shards: usize,
    /// Commands that may be unanswered per aggregate.
    pub permits: usize,
    /// Bytes of commands that may be unanswered in the whole directory.
    pub budget_bytes: usize,
    /// Actors that may be alive.
    pub live_max: usize,
    /// An actor without a command for so long is passivated.
    pub idle: Duration,
    /// How often an actor may fail before its stream is quarantined.
    pub restarts: RestartLimits,
    /// How long a caller waits.
    pub deadline: Duration,
}

impl Default for DirectoryOptions {
    fn default() -> Self {
        Self {
            tenant: Tenant::LOCAL,
            shards: 4,
            permits: 256,
            budget_bytes: 256 << 20,
            live_max: 200_000,
            idle: Duration::from_secs(300),
            restarts: RestartLimits::default(),
            deadline: Duration::from_secs(15),
        }
    }
}

/// How full a directory is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct DirectoryLoad {
    /// Actors that are alive.
    pub live: usize,
    /// Actors that may be.
    pub live_max: usize,
    /// Bytes of commands without an answer.
    pub waiting_bytes: usize,
    /// Bytes that may wait.
    pub waiting_bytes_max: usize,
}

/// What a live actor is doing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "phase", rename_all = "snake_case")]
pub enum Phase {
    /// It serves commands.
    Serving,
    /// It finishes and leaves.
    Retiring,
    /// It failed and is started again after a wait.
    Restarting {
        /// The failure.
        reason: String,
    },
    /// It failed too often.
    Quarantined {
        /// The failure.
        reason: String,
    },
}

/// A live actor as its router sees it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LiveActor {
    /// Which aggregate.
    pub key: String,
    /// The last version known to be durable.
    pub version: Version,
    /// Commands without an answer.
    pub unanswered: usize,
    /// Milliseconds since its last command.
    pub idle_ms: u64,
    /// What it is doing.
    #[serde(flatten)]
    pub phase: Phase,
}

/// An operator's verb could not be carried out.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum VerbError {
    /// The stream has no live actor.
    #[error("{stream} has no live actor")]
    NotLive {
        /// The stream.
        stream: StreamName,
    },
    /// The actor ended, or cannot read the log, before it answered.
    #[error("the actor of {stream} did not answer")]
    NoAnswer {
        /// The stream.
        stream: StreamName,
    },
}

/// All aggregates of one kind; cheap to clone.
pub struct Directory<A: Kept> {
    inner: Arc<Inner<A>>,
}

struct Inner<A: Kept> {
    options: DirectoryOptions,
    system: Arc<System<A>>,
    routers: Vec<ActorRef<RouterMessage<A>>>,
    spread: RandomState,
    budget: Arc<AtomicUsize>,
}

impl<A: Kept> Clone for Directory<A> {
    fn clone(&self) -> Self {
        Self { inner: self.inner.clone() }
    }
}

impl<A: Kept> std::fmt::Debug for Directory<A> {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Directory").field("kind", &A::TYPE).finish_non_exhaustive()
    }
}

impl<A: Kept> Drop for Inner<A> {
    fn drop(&mut self) {
        // Their actors end with them; what is on its way to the log is not called back.
        self.routers.iter().for_each(|router| router.stop(None));
    }
}

impl<A: Kept> Directory<A> {
    /// Starts the routers. Actors are started by the first command of their stream.
    pub async fn start(log: Log, services: A::Services, options: DirectoryOptions) -> Result<Self, SpawnErr> {
        let system = Arc::new(System::new(log, services));
        let shards = options.shards.max(1);
        let mut routers = Vec::with_capacity(shards);
        for _ in 0..shards {
            let start = RouterStart {
                system: system.clone(),
                idle: options.idle,
                live_max: options.live_max.div_ceil(shards),
                permits: options.permits,
                restarts: options.restarts,
            };
            // Without a name: the registry of names is one per process, and systems are many in tests.
            let (router, _) = Actor::spawn(None, Router::new(), start).await?;
            routers.push(router);
        }
        let budget = Arc::default();
        Ok(Self { inner: Arc::new(Inner { options, system, routers, spread: RandomState::new(), budget }) })
    }

    /// The stream of an aggregate.
    pub fn stream(&self, key: impl std::fmt::Display) -> StreamName {
        StreamName::new(self.inner.options.tenant, A::TYPE, key)
    }

    /// The log behind it.
    pub fn log(&self) -> &Log {
        &self.inner.system.log
    }

    fn router(&self, stream: &StreamName) -> Option<&ActorRef<RouterMessage<A>>> {
        let hash = usize::try_from(self.inner.spread.hash_one(stream) & 0xffff_ffff).unwrap_or_default();
        self.inner.routers.get(hash % self.inner.routers.len().max(1))
    }

    /// Has the aggregate `key` carry out a command; answers once its events are durable (EL-128).
    pub async fn execute(
        &self,
        key: impl std::fmt::Display,
        envelope: CommandEnvelope<A::Command>,
    ) -> Result<Receipt, CommandError<A::Error>> {
        let deadline = envelope.deadline.unwrap_or(self.inner.options.deadline);
        let answered = self.submit(key, envelope);
        match tokio::time::timeout(deadline, answered.outcome()).await {
            Ok(answered) => answered,
            Err(_) => Err(CommandError::DeadlineExceeded {
                waited_ms: u64::try_from(deadline.as_millis()).unwrap_or(u64::MAX),
            }),
        }
    }

    /// Lays a command on the aggregate's desk without waiting. Commands submitted one after another by one task are
    /// decided in that order; a [`Submitted`] that is dropped before its command is decided takes it back.
    pub fn submit(&self, key: impl std::fmt::Display, envelope: CommandEnvelope<A::Command>) -> Submitted<A> {
        let (reply, answer) = oneshot::channel();
        let options = &self.inner.options;
        let stream = self.stream(key);
        let Some(budget) = Permit::take(&self.inner.budget, envelope.weight, options.budget_bytes) else {
            self.inner.system.counters.overloaded.fetch_add(1, Relaxed);
            return Submitted::Refused(CommandError::Overloaded { retry_after_ms: RETRY_AFTER_MS });
        };
        let waiting = Box::new(Waiting {
            envelope,
            reply,
            attempts: 0,
            uncertain: false,
            budget: Some(budget),
            admission: None,
        });
        // A router that is gone drops the command, which closes the channel.
        if let Some(router) = self.router(&stream) {
            let _ = router.cast(RouterMessage::Dispatch(stream, waiting));
        }
        Submitted::Waiting(answer)
    }

    /// The actors that are alive, in no particular order.
    pub async fn live(&self) -> Vec<LiveActor> {
        let mut live = Vec::new();
        for router in &self.inner.routers {
            let (reply, answer) = oneshot::channel();
            let _ = router.cast(RouterMessage::List(reply));
            live.extend(answer.await.unwrap_or_default());
        }
        live
    }

    /// How full it is.
    pub async fn load(&self) -> DirectoryLoad {
        let mut live = 0;
        for router in &self.inner.routers {
            let (reply, answer) = oneshot::channel();
            let _ = router.cast(RouterMessage::Count(reply));
            live += answer.await.unwrap_or_default();
        }
        let DirectoryOptions { live_max, budget_bytes, .. } = self.inner.options;
        let waiting_bytes = self.inner.budget.load(Relaxed);
        DirectoryLoad { live, live_max, waiting_bytes, waiting_bytes_max: budget_bytes }
    }

    /// What the actors have done so far.
    pub fn stats(&self) -> ActorStats {
        self.inner.system.counters.read()
    }

    /// Shows the durable state of a live aggregate and what waits for it.
    pub async fn inspect(&self, key: impl std::fmt::Display) -> Result<Inspection, VerbError> {
        self.verb(self.stream(key), RouterMessage::Inspect).await
    }

    /// Compares a live aggregate with a fold of its log and, if they differ, goes on from the fold (EL-105).
    pub async fn refold(&self, key: impl std::fmt::Display) -> Result<Drift, VerbError> {
        self.verb(self.stream(key), RouterMessage::Refold).await
    }

    /// Has the actor finish what is on its way and leave; the next command brings it back.
    pub async fn passivate(&self, key: impl std::fmt::Display) -> Result<(), VerbError> {
        self.verb(self.stream(key), RouterMessage::Passivate).await
    }

    /// Ends the actor where it stands. What it was writing may become durable; what waits is decided by its successor.
    pub async fn kill(&self, key: impl std::fmt::Display) -> Result<(), VerbError> {
        self.verb(self.stream(key), RouterMessage::Kill).await
    }

    /// Puts a quarantined stream back into service.
    pub async fn release(&self, key: impl std::fmt::Display) -> Result<(), VerbError> {
        self.verb(self.stream(key), RouterMessage::Release).await
    }

    async fn verb<R>(
        &self,
        stream: StreamName,
        message: impl FnOnce(
            StreamName,
            oneshot::Sender<Result<oneshot::Receiver<R>, VerbError>>,
        ) -> RouterMessage<A>,
    ) -> Result<R, VerbError> {
        let no_answer = || VerbError::NoAnswer { stream: stream.clone() };
        let (reply, answer) = oneshot::channel();
        if let Some(router) = self.router(&stream) {
            let _ = router.cast(message(stream.clone(), reply));
        }
        let answering = answer.await.map_err(|_| no_answer())??;
        match tokio::time::timeout(self.inner.options.deadline, answering).await {
            Ok(Ok(answer)) => Ok(answer),
            Ok(Err(_)) | Err(_) => Err(no_answer()),
        }
    }

    /// Has every actor finish and leave, and waits for the snapshots that they keep; commands that come later are answered
    /// with `Unavailable`.
    pub async fn stop(&self) {
        for router in &self.inner.routers {
            let (reply, done) = oneshot::channel();
            let _ = router.cast(RouterMessage::Stop(reply));
            // A router that is gone has no actors.
            let _ = done.await;
        }
        self.inner.system.finish().await;
    }
}

/// A command on its way.
#[derive(Debug)]
pub enum Submitted<A: Kept> {
    /// It was turned away at once.
    Refused(CommandError<A::Error>),
    /// The answer comes here.
    Waiting(#[doc(hidden)] oneshot::Receiver<Answered<A>>),
}

impl<A: Kept> Submitted<A> {
    /// Waits for the answer, without a deadline.
    pub async fn outcome(self) -> Result<Receipt, CommandError<A::Error>> {
        match self {
            Self::Refused(error) => Err(error),
            Self::Waiting(answer) => answer.await.unwrap_or_else(|_| {
                Err(CommandError::Unavailable { reason: "the actors were stopped".to_owned() })
            }),
        }
    }
}
