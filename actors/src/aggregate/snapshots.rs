//! When a state is kept as a snapshot (EL-66), and the sampled check that folds are right (EL-67).

use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use events::decider::Kept;
use events::log::state_hash;

use super::live::Live;

/// Events since the last snapshot that make a new one worth while.
pub const SNAPSHOT_EVERY: i64 = 500;
/// The same for an actor that leaves.
pub const SNAPSHOT_ON_LEAVING: i64 = 50;
/// A load that took longer gets a snapshot if it folded at least [`SNAPSHOT_ON_LEAVING`] events.
pub const SLOW_LOAD: Duration = Duration::from_millis(5);
/// One load in so many is also folded from the first event.
pub const DOUBLE_FOLD_EVERY: u64 = 100;

impl<A: Kept> Live<A> {
    fn behind(&self) -> i64 {
        self.tip.version.0 - self.snapshot.0
    }

    /// After a commit, off its path.
    pub(super) fn after_commit(&mut self) {
        if self.behind() >= SNAPSHOT_EVERY {
            self.snapshot = self.tip.version;
            self.keep_snapshot();
        }
    }

    /// After a load.
    pub(super) fn after_load(&mut self, took: Duration, folded: usize) {
        if self.behind() >= SNAPSHOT_EVERY || (took > SLOW_LOAD && self.behind() >= SNAPSHOT_ON_LEAVING) {
            self.snapshot = self.tip.version;
            self.keep_snapshot();
        }
        let from_snapshot = i64::try_from(folded).is_ok_and(|folded| folded < self.tip.version.0);
        let loads = self.system.counters.loads.load(Relaxed);
        if from_snapshot && loads % DOUBLE_FOLD_EVERY == 1 {
            self.fold_twice();
        }
    }

    /// Before the actor ends in order.
    pub(super) fn before_leaving(&mut self) {
        if self.behind() >= SNAPSHOT_ON_LEAVING {
            self.snapshot = self.tip.version;
            self.keep_snapshot();
        }
    }

    fn keep_snapshot(&self) {
        let (system, stream, tip, position) =
            (self.system.clone(), self.stream.clone(), self.tip, self.position);
        let state = self.committed.clone();
        self.system.aside.spawn(async move {
            match system.log.save_snapshot(&stream, tip, position, &*state).await {
                Ok(()) => {
                    system.counters.snapshots.fetch_add(1, Relaxed);
                }
                Err(error) => {
                    tracing::warn!(stream = %stream, error = %error, "No snapshot of {stream} was kept: {error}");
                }
            }
        });
    }

    /// Compares the state that came from a snapshot with one folded from the first event.
    fn fold_twice(&self) {
        let (system, stream, tip) = (self.system.clone(), self.stream.clone(), self.tip);
        let state = self.committed.clone();
        self.system.aside.spawn(async move {
            // A log that cannot be read, or a stream that moved on, says nothing about the fold.
            let Ok(afresh) = system.log.load_afresh::<A>(&stream).await else { return };
            if afresh.tip != tip {
                return;
            }
            system.counters.double_folds.fetch_add(1, Relaxed);
            let same = match (state_hash(&*state), state_hash(&afresh.state)) {
                (Ok(ours), Ok(theirs)) => ours == theirs,
                (Err(_), _) | (_, Err(_)) => false,
            };
            if !same {
                system.counters.fold_differences.fetch_add(1, Relaxed);
                tracing::error!(
                    stream = %stream,
                    version = tip.version.0,
                    "Stream {stream} folds to another state than its snapshot at version {}",
                    tip.version
                );
            }
        });
    }
}
