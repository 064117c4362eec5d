//! A few advances ahead of their answers.
//!
//! The calendar says how many chunks a run has, unless some end early by the number of their events. So an advance
//! beyond the calendar asks whether the run is over; while it is not, more follow.

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

/// An advance on its way.
struct Sent {
    /// Sent when the calendar had no chunks left.
    beyond: bool,
    submitted: Submitted<Aggregate<Run>>,
}

pub(super) struct Window<'a> {
    runs: &'a Runs,
    run: RunId,
    equipment: &'a Equipment,
    options: RunLoopOptions,
    sent: VecDeque<Sent>,
    /// The next bar by the calendar.
    bar: u32,
    /// Chunks ended early: the run has more of them than the calendar says.
    cut_short: bool,
}

impl<'a> Window<'a> {
    pub(super) fn new(runs: &'a Runs, run: RunId, equipment: &'a Equipment, options: RunLoopOptions) -> Self {
        let sent = VecDeque::with_capacity(options.window);
        Self { runs, run, equipment, options, sent, bar: 0, cut_short: false }
    }

    /// Sends advances from `next_bar` on until the run is over or one is not carried out.
    pub(super) async fn advance(
        mut self,
        next_bar: u32,
        leaving: &CancellationToken,
        pace: &mut Pace,
    ) -> Ended {
        self.bar = next_bar;
        loop {
            while !leaving.is_cancelled() && self.has_room() {
                self.send();
            }
            let Some(Sent { beyond, submitted }) = self.sent.pop_front() else { return Ended::Read };
            match tokio::time::timeout(self.options.patience, submitted.outcome()).await {
                Err(_) => return Ended::Stumbled("an advance was not answered".to_owned()),
                Ok(Ok(_)) => {
                    self.cut_short |= beyond;
                    pace.go();
                }
                // Another driver made it; what was sent behind it is still to be answered.
                Ok(Err(CommandError::Refused(RunError::StaleAdvance { .. }))) => {}
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

    fn has_room(&self) -> bool {
        let to_go = self.bar < self.equipment.run_bars || self.cut_short;
        if to_go { self.sent.len() < self.options.window.max(1) } else { self.sent.is_empty() }
    }

    fn send(&mut self) {
        let Equipment { requested, bars, policy, run_bars, chunk_bars } = self.equipment;
        let from_bar = self.bar.min(run_bars.saturating_sub(1));
        let advance = Advance { from_bar, bars: bars.clone(), policy: policy.clone() };
        let envelope = CommandEnvelope::new(RunCommand::Advance(advance), CommandId::generate())
            .caused_by(requested)
            .in_lane(Lane::Batch);
        let submitted = self.runs.submit(self.run, envelope);
        self.sent.push_back(Sent { beyond: self.bar >= *run_bars, submitted });
        // Where the chunk ends if it is not cut short by the number of its events.
        self.bar = (self.bar / chunk_bars).saturating_add(1).saturating_mul(*chunk_bars);
    }
}
