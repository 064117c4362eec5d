//! Decides a recorded run again and compares event by event.

use std::collections::VecDeque;
use std::sync::Arc;

use serde_json::Value;

use super::Rechecked;
use super::difference::{Difference, Discrepancy};
use crate::codec::Event;
use crate::market::Bars;
use crate::policy::Policy;
use crate::run::{Advance, Run, RunCommand, RunEvent};
use crate::{Decider, Version};

/// A run decided a second time, beside its recorded events.
#[derive(Debug)]
pub struct Redecide {
    bars: Arc<Bars>,
    policy: Arc<dyn Policy>,
    run: Run,
    decided: VecDeque<RunEvent>,
    done: Rechecked,
}

impl Redecide {
    /// Decides again with `policy` over `bars`.
    pub fn new(bars: Arc<Bars>, policy: Arc<dyn Policy>) -> Self {
        Self { bars, policy, run: Run::default(), decided: VecDeque::new(), done: Rechecked::default() }
    }

    /// Compares the next recorded event, stored at `version` of the run's stream, with what is decided in its place.
    pub fn observe(&mut self, version: Version, event: &RunEvent) -> Result<(), Difference> {
        self.done.count(event);
        self.compare(event).map_err(|what| Difference::at(version, event, what))?;
        self.run.evolve(event);
        Ok(())
    }

    /// What was compared.
    pub fn done(&self) -> Rechecked {
        self.done
    }

    fn compare(&mut self, event: &RunEvent) -> Result<(), Discrepancy> {
        if self.decided.is_empty() {
            self.decided = self.decide_in_place_of(event)?.into();
        }
        match self.decided.pop_front() {
            Some(decided) if decided == *event => Ok(()),
            Some(decided) => Err(first_difference(event, &decided)),
            None => Err(Discrepancy::OutOfPlace { because: "nothing is decided here" }),
        }
    }

    /// The events that follow from the command that `event` is the first result of.
    fn decide_in_place_of(&self, event: &RunEvent) -> Result<Vec<RunEvent>, Discrepancy> {
        let command = match event {
            RunEvent::RunRequested(requested) => RunCommand::Request {
                model_id: requested.model_id,
                run_number: requested.run_number,
                snapshot: requested.snapshot.clone(),
            },
            RunEvent::RunCancelled(cancelled) => RunCommand::Cancel { reason: cancelled.reason.clone() },
            RunEvent::RunFailed(failed) => RunCommand::Fail { reason: failed.reason.clone() },
            RunEvent::RunDeleted(_) => RunCommand::Delete,
            // Which command ends the waiting orders shows only later; until then nothing is decided about them.
            RunEvent::OrderCancelled(_) => return Ok(vec![event.clone()]),
            RunEvent::OrderAccepted(_)
            | RunEvent::OrderFilled(_)
            | RunEvent::OrderRefused(_)
            | RunEvent::OrderExpired(_)
            | RunEvent::FinancingCharged(_)
            | RunEvent::AccountAdjusted(_)
            | RunEvent::LineImported(_)
            | RunEvent::BarsClosed(_)
            | RunEvent::RunCompleted(_) => RunCommand::Advance(Advance {
                from_bar: self.run.next_bar().unwrap_or(u32::MAX),
                bars: Arc::clone(&self.bars),
                policy: Arc::clone(&self.policy),
            }),
        };
        self.run.decide(command).map_err(|refusal| Discrepancy::DecidedOtherwise {
            field: "refusal".to_owned(),
            recorded: "none".to_owned(),
            decided: refusal.to_string(),
        })
    }
}

/// Decides all events of a run again and compares them one by one; each counts as one of the stream.
pub fn redecide<'a>(
    bars: &Arc<Bars>,
    policy: &Arc<dyn Policy>,
    events: impl IntoIterator<Item = &'a RunEvent>,
) -> Result<Rechecked, Difference> {
    let mut again = Redecide::new(Arc::clone(bars), Arc::clone(policy));
    for (version, event) in super::versions().zip(events) {
        again.observe(version, event)?;
    }
    Ok(again.done())
}

/// The first field in which two events differ, as a path into their payloads.
fn first_difference(recorded: &RunEvent, decided: &RunEvent) -> Discrepancy {
    let otherwise = |field: String, recorded: String, decided: String| Discrepancy::DecidedOtherwise {
        field: if field.is_empty() { "payload".to_owned() } else { field },
        recorded,
        decided,
    };
    if recorded.name() != decided.name() {
        return otherwise("type".to_owned(), recorded.name().to_owned(), decided.name().to_owned());
    }
    let json = |event: &RunEvent| serde_json::to_value(event).unwrap_or_default();
    let (ours, theirs) = (json(recorded), json(decided));
    let (path, left, right) =
        differing(ours.get("data").unwrap_or(&ours), theirs.get("data").unwrap_or(&theirs));
    otherwise(path, left.to_string(), right.to_string())
}

fn differing<'a>(left: &'a Value, right: &'a Value) -> (String, &'a Value, &'a Value) {
    let below = |name: String, left: &'a Value, right: &'a Value| {
        let (rest, left, right) = differing(left, right);
        (if rest.is_empty() { name } else { format!("{name}.{rest}") }, left, right)
    };
    match (left, right) {
        (Value::Object(ours), Value::Object(theirs)) => {
            let found = ours.iter().find(|(name, value)| theirs.get(*name) != Some(value));
            match found {
                Some((name, value)) => below(name.clone(), value, theirs.get(name).unwrap_or(&Value::Null)),
                None => (String::new(), left, right),
            }
        }
        (Value::Array(ours), Value::Array(theirs)) => {
            match ours.iter().zip(theirs).enumerate().find(|(_, (one, other))| one != other) {
                Some((index, (one, other))) => below(index.to_string(), one, other),
                None => (String::new(), left, right),
            }
        }
        _ => (String::new(), left, right),
    }
}
