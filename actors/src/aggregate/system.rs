//! What all actors of one directory share.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use events::decider::Kept;
use events::log::Log;
use serde::Serialize;
use tokio::sync::Semaphore;
use tokio_util::task::TaskTracker;

/// The surroundings of the actors of one kind of aggregate.
pub(crate) struct System<A: Kept> {
    pub(crate) log: Log,
    pub(crate) services: A::Services,
    pub(crate) counters: Counters,
    /// Commands that compute for long take turns.
    pub(crate) turns: Arc<Semaphore>,
    /// What actors leave behind when they end: snapshots that are being kept, checks of folds.
    pub(crate) aside: TaskTracker,
}

impl<A: Kept> System<A> {
    pub(crate) fn new(log: Log, services: A::Services) -> Self {
        let at_once = std::thread::available_parallelism().map_or(1, usize::from);
        let (counters, turns) = (Counters::default(), Arc::new(Semaphore::new(at_once)));
        Self { log, services, counters, turns, aside: TaskTracker::new() }
    }

    /// Waits for what the actors left behind, once all have ended.
    pub(crate) async fn finish(&self) {
        self.aside.close();
        self.aside.wait().await;
    }
}

/// What the actors of a directory have done since it was started.
#[derive(Debug, Default)]
pub(crate) struct Counters {
    pub(crate) commands: AtomicU64,
    pub(crate) appends: AtomicU64,
    pub(crate) refused: AtomicU64,
    pub(crate) conflicts: AtomicU64,
    pub(crate) duplicates: AtomicU64,
    pub(crate) overloaded: AtomicU64,
    pub(crate) loads: AtomicU64,
    pub(crate) snapshots: AtomicU64,
    pub(crate) double_folds: AtomicU64,
    pub(crate) fold_differences: AtomicU64,
    pub(crate) passivations: AtomicU64,
    pub(crate) restarts: AtomicU64,
    pub(crate) quarantines: AtomicU64,
}

/// What the actors of a directory have done since it was started.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct ActorStats {
    /// Commands decided, again ones included.
    pub commands: u64,
    /// Appends sent to the log.
    pub appends: u64,
    /// Commands refused by the aggregate.
    pub refused: u64,
    /// Appends that found the stream changed by another writer.
    pub conflicts: u64,
    /// Appends that held a command carried out before.
    pub duplicates: u64,
    /// Commands turned away because too much was waiting.
    pub overloaded: u64,
    /// Streams folded.
    pub loads: u64,
    /// Snapshots written.
    pub snapshots: u64,
    /// Loads that were checked by folding from the first event.
    pub double_folds: u64,
    /// Checks that found another state: each is an incident.
    pub fold_differences: u64,
    /// Actors that left because they were idle or were told to.
    pub passivations: u64,
    /// Actors started again after a failure.
    pub restarts: u64,
    /// Streams taken out of service.
    pub quarantines: u64,
}

impl Counters {
    pub(crate) fn read(&self) -> ActorStats {
        ActorStats {
            commands: self.commands.load(Relaxed),
            appends: self.appends.load(Relaxed),
            refused: self.refused.load(Relaxed),
            conflicts: self.conflicts.load(Relaxed),
            duplicates: self.duplicates.load(Relaxed),
            overloaded: self.overloaded.load(Relaxed),
            loads: self.loads.load(Relaxed),
            snapshots: self.snapshots.load(Relaxed),
            double_folds: self.double_folds.load(Relaxed),
            fold_differences: self.fold_differences.load(Relaxed),
            passivations: self.passivations.load(Relaxed),
            restarts: self.restarts.load(Relaxed),
            quarantines: self.quarantines.load(Relaxed),
        }
    }
}
