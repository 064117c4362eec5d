//! The runner: keeps every read model up to date, each event exactly once.
//!
//! Rows and checkpoint are one transaction, and the checkpoint moves only from where the worker believes it stands: a
//! second worker, a crash or a lost answer cannot apply an event twice or skip one. The lock of the owner only keeps
//! two workers from doing the same work.

mod worker;

use std::sync::Arc;

use events::log::Log;
use tokio::task::JoinHandle;

use crate::fold::place::Shard;
use crate::{Projection, Watermarks};
use worker::Worker;

/// How the runner works.
#[derive(Debug, Clone)]
pub struct RunnerOptions {
    /// Events per transaction.
    pub page: usize,
    /// What to call this process in the checkpoints it owns.
    pub owner: String,
}

impl Default for RunnerOptions {
    fn default() -> Self {
        Self { page: 256, owner: format!("process {}", std::process::id()) }
    }
}

/// Starts a worker for each shard of `projection`.
pub(crate) fn start<P: Projection>(
    projection: &Arc<P>,
    log: &Log,
    watermarks: &Watermarks,
    options: &RunnerOptions,
) -> Vec<JoinHandle<()>> {
    let worker = |shard| Worker {
        projection: projection.clone(),
        log: log.clone(),
        watermarks: watermarks.clone(),
        options: options.clone(),
        shard,
    };
    Shard::all::<P>().map(|shard| tokio::spawn(worker(shard).run())).collect()
}

/// The workers of this process; they end with it.
#[derive(Debug)]
pub struct RunningProjections {
    workers: Vec<JoinHandle<()>>,
}

impl RunningProjections {
    pub(crate) const fn new(workers: Vec<JoinHandle<()>>) -> Self {
        Self { workers }
    }

    /// Ends all workers. What they were about to commit is folded again by whoever comes next.
    pub async fn stop(mut self) {
        for worker in &self.workers {
            worker.abort();
        }
        for worker in self.workers.drain(..) {
            // An aborted task ends in an error that says so.
            let _ = worker.await;
        }
    }
}

impl Drop for RunningProjections {
    fn drop(&mut self) {
        self.workers.iter().for_each(JoinHandle::abort);
    }
}
