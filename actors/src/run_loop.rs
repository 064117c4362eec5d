//! Drives a run from where its log ends to its last bar.
//!
//! The loop keeps nothing that the log does not say. It sends advances ahead of the answers, so that the actor
//! decides the next chunk of bars while the one before is being written; the answers are the back-pressure. Killed
//! anywhere, it goes on from the last event with the same result.

mod pace;
mod window;

use std::sync::Arc;
use std::time::Duration;

use events::log::LoadError;
use events::market::Bars;
use events::policy::{Policy, SharedIndicators};
use events::run::{RunCommand, RunSnapshot};
use events::{Aggregate, CommandId, Recorded, Run, RunId, Version};
use tokio_util::sync::CancellationToken;

use crate::aggregate::{CommandEnvelope, CommandError};
use crate::directory::Directory;
use crate::ports::{MarketData, PortError};
use pace::Pace;
use window::{Ended, Window};

/// All runs.
pub type Runs = Directory<Aggregate<Run>>;

/// How runs are driven.
#[derive(Debug, Clone, Copy)]
pub struct RunLoopOptions {
    /// Advances on their way at once for one run: enough to decide and encode while a slow disk flushes what was
    /// decided before. Each holds the compressed events of one chunk, some ten kilobytes.
    pub window: usize,
    /// How long an advance may stay unanswered before the log is read again.
    pub patience: Duration,
}

impl Default for RunLoopOptions {
    fn default() -> Self {
        Self { window: 32, patience: Duration::from_secs(60) }
    }
}

/// How driving ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Driven {
    /// The run is over, or was never requested.
    Over,
    /// The driver was told to leave, or lost its lease; the run has bars to go.
    Left,
    /// The run's stream is out of service until an operator releases it.
    Quarantined {
        /// The failure.
        reason: String,
    },
}

/// What driving any run needs.
pub struct RunLoop<M> {
    runs: Runs,
    market: M,
    indicators: Arc<SharedIndicators>,
    options: RunLoopOptions,
}

impl<M> std::fmt::Debug for RunLoop<M> {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("RunLoop").field("options", &self.options).finish_non_exhaustive()
    }
}

/// What is decided on, what decides, and what asked for it.
struct Equipment {
    /// The event that requested the run: everything that the driver causes belongs to its request.
    requested: Arc<Recorded>,
    bars: Arc<Bars>,
    policy: Arc<dyn Policy>,
    run_bars: u32,
    chunk_bars: u32,
}

/// How a run stands.
struct ResumePoint {
    requested: Arc<Recorded>,
    snapshot: Box<RunSnapshot>,
    next_bar: u32,
}

impl<M: MarketData> RunLoop<M> {
    /// A loop that sends to `runs` and reads prices from `market`.
    pub fn new(runs: Runs, market: M, options: RunLoopOptions) -> Self {
        Self { runs, market, indicators: Arc::default(), options }
    }

    /// The runs it drives.
    pub fn runs(&self) -> &Runs {
        &self.runs
    }

    /// Drives `run` until it is over or `leaving` is cancelled. While the database or the market data is away, it
    /// waits and tries again.
    pub async fn drive(&self, run: RunId, leaving: &CancellationToken) -> Driven {
        let mut pace = Pace::default();
        let mut equipment = None;
        while !leaving.is_cancelled() {
            let ResumePoint { requested, snapshot, next_bar } = match self.resume_point(run).await {
                Ok(Some(point)) => point,
                Ok(None) => return Driven::Over,
                Err(error) => {
                    pace.stumble(leaving, &format!("Run {run} cannot be read: {error}")).await;
                    continue;
                }
            };
            let equipped = match &equipment {
                Some(equipped) => equipped,
                None => match self.equip(&requested, &snapshot).await {
                    Ok(equipped) => equipment.insert(equipped),
                    Err(PortError::Transient { reason }) => {
                        pace.stumble(leaving, &format!("Run {run} has no prices yet: {reason}")).await;
                        continue;
                    }
                    Err(PortError::Permanent { reason }) => {
                        self.fail(run, &requested, &reason, &mut pace, leaving).await;
                        continue;
                    }
                },
            };
            let window = Window::new(&self.runs, run, equipped, self.options);
            match window.advance(next_bar, leaving, &mut pace).await {
                Ended::Read => {}
                Ended::Stumbled(reason) => {
                    pace.stumble(leaving, &format!("Run {run} cannot go on yet: {reason}")).await;
                }
                Ended::Broken(reason) => self.fail(run, &requested, &reason, &mut pace, leaving).await,
                Ended::Quarantined(reason) => return Driven::Quarantined { reason },
            }
        }
        Driven::Left
    }

    /// Where a run goes on; `None` when it has no bars to go.
    async fn resume_point(&self, run: RunId) -> Result<Option<ResumePoint>, LoadError> {
        let stream = self.runs.stream(run);
        let loaded = self.runs.log().load::<Aggregate<Run>>(&stream).await?;
        let Some((trading, next_bar)) = loaded.state.trading().zip(loaded.state.next_bar()) else {
            return Ok(None);
        };
        let first = self.runs.log().read_stream(&stream, Version::NONE, 1).await?;
        let requested = first.into_iter().next().map(Arc::new);
        Ok(requested.map(|requested| ResumePoint { requested, snapshot: trading.snapshot.clone(), next_bar }))
    }

    async fn equip(&self, requested: &Arc<Recorded>, snapshot: &RunSnapshot) -> Result<Equipment, PortError> {
        let bars = self.market.bars(snapshot).await?;
        let policy = self.build(snapshot, &bars).await?;
        Ok(Equipment {
            requested: requested.clone(),
            bars,
            policy,
            run_bars: snapshot.run_bars(),
            chunk_bars: snapshot.chunk_bars.max(1),
        })
    }

    /// The policy over `bars`; its indicators read all of them, so they are computed where nobody else waits (EL-129).
    async fn build(&self, snapshot: &RunSnapshot, bars: &Arc<Bars>) -> Result<Arc<dyn Policy>, PortError> {
        let (spec, bars, indicators) = (snapshot.policy.clone(), bars.clone(), self.indicators.clone());
        let building = tokio::task::spawn_blocking(move || spec.build(&bars, &indicators));
        building.await.map_err(|error| PortError::Permanent { reason: error.to_string() })
    }

    /// Ends a run that cannot go on. If that cannot be written either, the loop comes back here.
    async fn fail(
        &self,
        run: RunId,
        requested: &Recorded,
        reason: &str,
        pace: &mut Pace,
        leaving: &CancellationToken,
    ) {
        tracing::warn!(run.id = %run, reason, "Run {run} failed: {reason}");
        let fail = RunCommand::Fail { reason: reason.to_owned() };
        let envelope = CommandEnvelope::new(fail, CommandId::generate()).caused_by(requested);
        match self.runs.execute(run, envelope).await {
            // Refused: it ended in the meantime.
            Ok(_) | Err(CommandError::Refused(_)) => {}
            Err(error) => pace.stumble(leaving, &format!("Run {run} cannot be ended yet: {error}")).await,
        }
    }
}
