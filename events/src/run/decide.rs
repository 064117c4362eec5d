//! What follows from a command to a run.

use super::{
    OrderCancelled, REASON_CHARS_MAX, Run, RunCancelled, RunCommand, RunDeleted, RunError, RunEvent,
    RunFailed, RunRequested, RunStatus, Trading, step,
};
use crate::text::clean;

pub(super) fn decide(run: &Run, command: RunCommand) -> Result<Vec<RunEvent>, RunError> {
    match (run, command) {
        // Deleting twice is deleting once.
        (Run::Deleted, RunCommand::Delete) => Ok(vec![]),
        (Run::Deleted, _) => Err(RunError::Deleted),
        (Run::Unrequested, RunCommand::Request { model_id, run_number, snapshot }) => {
            let errors = snapshot.check();
            if !errors.is_empty() {
                return Err(RunError::InvalidSnapshot(errors));
            }
            Ok(vec![RunEvent::RunRequested(RunRequested { model_id, run_number, snapshot })])
        }
        (Run::Unrequested, _) => Err(RunError::NotRequested),
        (Run::Trading(_) | Run::Over(_), RunCommand::Request { model_id, run_number, snapshot }) => {
            let same = run.trading().is_some_and(|run| {
                run.model_id == model_id && run.run_number == run_number && run.snapshot == snapshot
            });
            if same { Ok(vec![]) } else { Err(RunError::AlreadyRequested) }
        }
        (Run::Trading(trading), RunCommand::Advance(advance)) => step::advance(trading, &advance),
        (Run::Trading(trading), RunCommand::Cancel { reason }) => Ok(ended(trading, |figures| {
            RunEvent::RunCancelled(RunCancelled { reason: clean(&reason, REASON_CHARS_MAX), figures })
        })),
        (Run::Trading(trading), RunCommand::Fail { reason }) => Ok(ended(trading, |figures| {
            RunEvent::RunFailed(RunFailed { reason: clean(&reason, REASON_CHARS_MAX), figures })
        })),
        (Run::Trading(_), RunCommand::Delete) => Err(RunError::StillTrading),
        (Run::Over(_), RunCommand::Delete) => Ok(vec![RunEvent::RunDeleted(RunDeleted {})]),
        // Stopping what is stopped changes nothing: the user and the run's last bar may race.
        (Run::Over(_), RunCommand::Cancel { .. }) if run.status() == Some(RunStatus::Cancelled) => Ok(vec![]),
        (Run::Over(_), RunCommand::Fail { .. }) if run.status() == Some(RunStatus::Failed) => Ok(vec![]),
        (Run::Over(_), RunCommand::Advance(_) | RunCommand::Cancel { .. } | RunCommand::Fail { .. }) => {
            Err(run.status().map_or(RunError::NotRequested, RunError::Over))
        }
    }
}

/// Ends waiting orders, then the run.
fn ended(trading: &Trading, end: impl FnOnce(super::RunFigures) -> RunEvent) -> Vec<RunEvent> {
    let waiting = trading.book.resting().keys();
    let mut events: Vec<_> =
        waiting.map(|order_id| RunEvent::OrderCancelled(OrderCancelled { order_id: *order_id })).collect();
    events.push(end(trading.book.figures()));
    events
}
