//! A few advances ahead of their answers.

use std::collections::VecDeque;

use events::log::Lane;
use events::run::{Advance, RunCommand, RunError};
use events::{Aggregate, CommandId, Run, RunId};
use tokio_util::sync::CancellationToken;

use super::pace::Pace;
use super::{Equipment, RunLoopOptions, Runs};
use crate::aggregate::{CommandEnvelope, CommandError};
use crate::directory::Submitted;

/// Why no more advances are sent.
pub(super) enum Ended {
    /// Everything sent was answered: the log says how it stands.
    Read,
    /// Something is away; the log says how far it came.
    Stumbled(String),
    /// The run cannot go on.
    Broken(String),
    /// The run's stream is out of service.
    Quarantined(String),
}

pub(super) struct Window<'a> {
    runs: &'a Runs,
    run: RunId,
    equipment: &'a Equipment,
    options: RunLoopOptions,
    sent: VecDeque<Submitted<Aggregate<Run>>>,
}

impl<'a> Window<'a> {
    pub(super) fn new(runs: &'a Runs, run: RunId, equipment: &'a Equipment, options: RunLoopOptions) -> Self {
        Self { runs, run, equipment, options, sent: VecDeque::with_capacity(options.window) }
    }

    /// Sends advances from `next_bar` on until there are none to send or one is not carried out.
    pub(super) async fn advance(
        mut self,
        next_bar: u32,
        leaving: &CancellationToken,
        pace: &mut Pace,
    ) -> Ended {
        let mut from_bar = next_bar;
        let mut refused = None;
        loop {
            // Where a chunk ends early, the advances sent after it are refused; the next ones start where it ended.
            if let Some(next_bar) = refused
                && self.sent.is_empty()
            {
                from_bar = next_bar;
                refused = None;
            }
            while refused.is_none()
                && !leaving.is_cancelled()
                && from_bar < self.equipment.run_bars
                && self.sent.len() < self.options.window.max(1)
            {
                self.send(from_bar);
                from_bar = self.end_of_chunk(from_bar);
            }
            let Some(first) = self.sent.pop_front() else { return Ended::Read };
            match tokio::time::timeout(self.options.patience, first.outcome()).await {
                Err(_) => return Ended::Stumbled("an advance was not answered".to_owned()),
                Ok(Ok(_)) => pace.go(),
                Ok(Err(CommandError::Refused(RunError::StaleAdvance { next_bar, .. }))) => {
                    refused = Some(next_bar);
                }
                // It ended in the meantime: cancelled, or driven by somebody else.
                Ok(Err(CommandError::Refused(
                    RunError::Over(_) | RunError::Deleted | RunError::NotRequested,
                ))) => return Ended::Read,
                Ok(Err(CommandError::Quarantined { reason })) => return Ended::Quarantined(reason),
                Ok(Err(error)) if error.is_transient() => return Ended::Stumbled(error.to_string()),
                Ok(Err(error)) => return Ended::Broken(error.to_string()),
            }
        }
    }

    fn send(&mut self, from_bar: u32) {
        let Equipment { bars, policy, .. } = self.equipment;
        let advance = Advance { from_bar, bars: bars.clone(), policy: policy.clone() };
        let envelope =
            CommandEnvelope::new(RunCommand::Advance(advance), CommandId::generate()).in_lane(Lane::Batch);
        self.sent.push_back(self.runs.submit(self.run, envelope));
    }

    /// Where the chunk that starts at `from_bar` ends if it is not cut short by the number of its events.
    fn end_of_chunk(&self, from_bar: u32) -> u32 {
        let chunk = self.equipment.chunk_bars;
        (from_bar / chunk).saturating_add(1).saturating_mul(chunk)
    }
}
