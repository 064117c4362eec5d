//! Finds the runs that want driving and drives as many at once as the node may.
//!
//! Runs are requested in the log and driven by whichever node gets to them first: a node follows `RunRequested`, and
//! looks every few seconds for unfinished runs whose driver is gone. A lease keeps nodes from doing the same work twice.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::time::{Duration, Instant};

use events::log::{Filter, LoadError, ReadError};
use events::run::{RunEvent, RunStatus};
use events::{Aggregate, Position, Recorded, Run, RunId};
use tokio::task::{JoinHandle, JoinSet};
use tokio_util::sync::CancellationToken;

use crate::leases::Leases;
use crate::ports::{MarketData, UnfinishedRuns};
use crate::run_loop::{Driven, RunLoop, Runs};

/// Runs that wait for a free place in this node; the rest are found again by looking.
const WAITING_MAX: usize = 10_000;

/// The event that asks for a driver.
const REQUESTED: &str = "RunRequested";

/// How runs are found.
#[derive(Debug, Clone, Copy)]
pub struct RunDispatcherOptions {
    /// Runs driven at once in this process.
    pub active_max: usize,
    /// How often the node looks for unfinished runs.
    pub look_every: Duration,
    /// How long a run rests that could not be driven: its lease is taken, or its stream is quarantined.
    pub rest: Duration,
}

impl Default for RunDispatcherOptions {
    fn default() -> Self {
        Self { active_max: 64, look_every: Duration::from_secs(3), rest: Duration::from_secs(5) }
    }
}

/// A dispatcher at work.
#[derive(Debug)]
pub struct RunDispatcher {
    leaving: CancellationToken,
    task: JoinHandle<()>,
}

impl RunDispatcher {
    /// Starts to look for runs and to drive them.
    pub fn start<M: MarketData, U: UnfinishedRuns>(
        run_loop: RunLoop<M>,
        unfinished: U,
        options: RunDispatcherOptions,
    ) -> Self {
        let leaving = CancellationToken::new();
        let leases = Arc::new(Leases::new(run_loop.runs().log().connector().clone()));
        let dispatch = Dispatch {
            run_loop: Arc::new(run_loop),
            unfinished,
            leases,
            options,
            leaving: leaving.clone(),
            waiting: VecDeque::new(),
            active: JoinSet::new(),
            known: HashMap::new(),
        };
        Self { task: tokio::spawn(dispatch.run()), leaving }
    }

    /// Has every driver finish what it sent and leave. Their runs go on elsewhere, or when this node is back.
    pub async fn stop(self) {
        self.leaving.cancel();
        // A dispatcher that panicked has nothing left to finish.
        let _ = self.task.await;
    }
}

struct Dispatch<M, U> {
    run_loop: Arc<RunLoop<M>>,
    unfinished: U,
    leases: Arc<Leases>,
    options: RunDispatcherOptions,
    leaving: CancellationToken,
    waiting: VecDeque<RunId>,
    active: JoinSet<(RunId, Driven)>,
    /// What waits or is driven, and until when others rest.
    known: HashMap<RunId, Option<Instant>>,
}

impl<M: MarketData, U: UnfinishedRuns> Dispatch<M, U> {
    async fn run(mut self) {
        let log = self.run_loop.runs().log().clone();
        let filter = Filter {
            categories: vec!["run".to_owned()],
            event_types: vec![REQUESTED.to_owned()],
            stream: None,
        };
        let mut requests = log.subscribe(log.known_head(), filter, 1_000);
        let mut look = tokio::time::interval(self.options.look_every);
        look.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        let leaving = self.leaving.clone();
        loop {
            tokio::select! {
                () = leaving.cancelled() => break,
                page = requests.next() => match page {
                    Ok(page) => page.events.iter().for_each(|event| self.recorded(event)),
                    Err(error) => self.stumbled(&error).await,
                },
                _ = look.tick() => self.look().await,
                Some(driven) = self.active.join_next() => self.driven(driven),
            }
            self.fill();
        }
        while let Some(driven) = self.active.join_next().await {
            self.driven(driven);
        }
    }

    fn recorded(&mut self, event: &Recorded) {
        if &*event.event_type != REQUESTED {
            // A pack: it may hold any event, but a request stands alone.
            return;
        }
        let key = event.stream.key();
        match key.parse() {
            Ok(run) => self.consider(run),
            Err(_) => tracing::error!(key, "Stream run-{key} is not named after a run"),
        }
    }

    fn consider(&mut self, run: RunId) {
        let rests = |until: &Option<Instant>| until.is_none_or(|until| Instant::now() < until);
        if self.waiting.len() < WAITING_MAX && !self.known.get(&run).is_some_and(rests) {
            self.known.insert(run, None);
            self.waiting.push_back(run);
        }
    }

    async fn look(&mut self) {
        let now = Instant::now();
        self.known.retain(|_, until| until.is_none_or(|until| now < until));
        match self.unfinished.unfinished(WAITING_MAX).await {
            Ok(runs) => runs.into_iter().for_each(|run| self.consider(run)),
            Err(error) => tracing::warn!(error = %error, "Unfinished runs cannot be listed: {error}"),
        }
    }

    async fn stumbled(&self, error: &ReadError) {
        tracing::warn!(error = %error, "Requests for runs cannot be read: {error}");
        let _ = tokio::time::timeout(Duration::from_secs(1), self.leaving.cancelled()).await;
    }

    fn fill(&mut self) {
        while self.active.len() < self.options.active_max.max(1) {
            let Some(run) = self.waiting.pop_front() else { return };
            let (run_loop, leases) = (self.run_loop.clone(), self.leases.clone());
            let leaving = self.leaving.child_token();
            self.active.spawn(async move { (run, drive_leased(run, &run_loop, &leases, leaving).await) });
        }
    }

    fn driven(&mut self, driven: Result<(RunId, Driven), tokio::task::JoinError>) {
        match driven {
            Ok((run, Driven::Over)) => {
                self.known.remove(&run);
            }
            Ok((run, Driven::Left)) => {
                self.known.insert(run, Some(Instant::now() + self.options.rest));
            }
            Ok((run, Driven::Quarantined { reason })) => {
                tracing::error!(run.id = %run, reason, "Run {run} is quarantined: {reason}");
                self.known.insert(run, Some(Instant::now() + self.options.rest));
            }
            Err(error) => {
                // Which run it was is not known; every run that is not driven is found again by looking.
                tracing::error!(error = %error, "The driver of a run failed: {error}");
                self.known.clear();
                self.known.extend(self.waiting.iter().map(|run| (*run, None)));
            }
        }
    }
}

/// Drives a run while its lease holds.
async fn drive_leased<M: MarketData>(
    run: RunId,
    run_loop: &RunLoop<M>,
    leases: &Leases,
    leaving: CancellationToken,
) -> Driven {
    const LOOK_AT_LEASE_EVERY: Duration = Duration::from_secs(1);
    let lease = match leases.take(run.uuid()).await {
        Ok(Some(lease)) => lease,
        Ok(None) => return Driven::Left,
        Err(error) => {
            tracing::warn!(run.id = %run, error = %error, "Run {run} could not be leased: {error}");
            return Driven::Left;
        }
    };
    let watch = async {
        while lease.holds() {
            tokio::time::sleep(LOOK_AT_LEASE_EVERY).await;
        }
        // Somebody else may have it now.
        leaving.cancel();
        std::future::pending::<Driven>().await
    };
    let driven = tokio::select! {
        driven = run_loop.drive(run, &leaving) => driven,
        never = watch => never,
    };
    lease.release().await;
    driven
}

/// Waits until a run is over, however long that takes; a run that does not exist or is deleted has no status.
pub async fn until_over(runs: &Runs, run: RunId) -> Result<Option<RunStatus>, LoadError> {
    let (log, stream) = (runs.log(), runs.stream(run));
    let mut seen = Position::START;
    loop {
        let loaded = log.load::<Aggregate<Run>>(&stream).await?;
        let status = loaded.state.status();
        if !matches!(status, Some(RunStatus::Pending | RunStatus::Running)) {
            return Ok(status);
        }
        seen = seen.max(loaded.position);
        let ends = ["RunCompleted", "RunCancelled", "RunFailed", "RunDeleted"].map(str::to_owned).to_vec();
        let filter = Filter { stream: Some(stream.clone()), event_types: ends, ..Filter::default() };
        let mut changes = log.subscribe(seen, filter, 1);
        while !changes.next().await?.events.iter().any(ends_run) {}
        seen = changes.position();
    }
}

/// Whether `event`, or one of a pack, may end its run; one that cannot be read is left to the load to report.
fn ends_run(event: &Recorded) -> bool {
    let Ok(events) = event.decode::<RunEvent>() else { return true };
    events.iter().any(|event| {
        matches!(
            event,
            RunEvent::RunCompleted(_)
                | RunEvent::RunCancelled(_)
                | RunEvent::RunFailed(_)
                | RunEvent::RunDeleted(_)
        )
    })
}
