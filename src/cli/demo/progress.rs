//! The race: progress bars that follow the log.

use std::collections::BTreeMap;

use ::events::log::{Filter, Subscription};
use ::events::run::RunEvent;
use ::events::{Position, RunId};
use anyhow::bail;
use indicatif::{MultiProgress, ProgressBar};

use super::Contestant;
use crate::app::App;
use crate::cli::Output;

/// The runs of the demo on their way.
pub struct Race {
    events: Subscription,
    bars: BTreeMap<RunId, ProgressBar>,
    closed: u64,
}

impl Race {
    /// Follows the log from `before`.
    pub fn new(app: &App, contestants: &[Contestant], before: Position, output: &Output) -> Self {
        let events = app.log.subscribe(before, Filter::category("run"), 500);
        let all = MultiProgress::new();
        let bars = contestants
            .iter()
            .map(|contestant| {
                let bar = output.progress(0, "bars");
                let bar = if output.is_json() { bar } else { all.add(bar) };
                bar.set_message(contestant.name.clone());
                (contestant.run_id, bar)
            })
            .collect();
        Self { events, bars, closed: 0 }
    }

    /// Waits until the first bars of any run are closed.
    pub async fn until_under_way(&mut self) -> anyhow::Result<()> {
        while self.closed == 0 && self.unfinished() > 0 {
            self.follow().await?;
        }
        Ok(())
    }

    /// Waits until every run is completed.
    pub async fn until_over(&mut self) -> anyhow::Result<()> {
        while self.unfinished() > 0 {
            self.follow().await?;
        }
        Ok(())
    }

    /// How many runs have bars to go.
    pub fn unfinished(&self) -> usize {
        self.bars.values().filter(|bar| !bar.is_finished()).count()
    }

    async fn follow(&mut self) -> anyhow::Result<()> {
        for recorded in self.events.next().await?.events {
            let Some(bar) = recorded.stream.key().parse().ok().and_then(|run: RunId| self.bars.get(&run))
            else {
                continue;
            };
            for event in recorded.decode::<RunEvent>()? {
                match event {
                    RunEvent::RunRequested(requested) => {
                        bar.set_length(u64::from(requested.snapshot.run_bars()))
                    }
                    RunEvent::BarsClosed(closed) => {
                        bar.inc(closed.value.len() as u64);
                        self.closed += 1;
                    }
                    RunEvent::RunCompleted(_) => bar.finish(),
                    RunEvent::RunFailed(failed) => bail!("run {} failed: {}", recorded.stream, failed.reason),
                    _ => {}
                }
            }
        }
        Ok(())
    }
}
