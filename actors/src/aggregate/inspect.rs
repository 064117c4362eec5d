//! What operators see of a live aggregate, and the check of its state against the log (EL-105).

use events::decider::Kept;
use events::log::{LoadError, state_hash};
use events::{ChainHash, Position, Version};
use ractor::{ActorProcessingErr, ActorRef};
use serde::Serialize;
use tokio::sync::oneshot;

use super::Message;
use super::live::Live;

/// A live aggregate as its actor sees it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Inspection {
    /// The stream.
    pub stream: String,
    /// Version of the durable state.
    pub version: Version,
    /// Position of its last event.
    pub position: Position,
    /// SHA-256 of the state's JSON; absent if the state has no JSON form.
    pub state_hash: Option<ChainHash>,
    /// The durable state.
    pub state: serde_json::Value,
    /// Version of the last snapshot; 0 without one.
    pub snapshot: Version,
    /// Commands without an answer: waiting, decided or on their way to the log.
    pub unanswered: usize,
    /// Commands of the append that is on its way.
    pub flying: usize,
    /// Commands decided for the append after it.
    pub forming: usize,
}

/// The live state of a stream compared with a fold of its log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Drift {
    /// Version at which both were compared.
    pub version: Version,
    /// Hash of the live state.
    pub live: Option<ChainHash>,
    /// Hash of the state folded from the first event.
    pub folded: Option<ChainHash>,
}

impl Drift {
    /// Whether both states are the same.
    pub fn is_none(&self) -> bool {
        self.live.is_some() && self.live == self.folded
    }
}

impl<A: Kept> Live<A> {
    pub(super) fn inspect(&self, reply: oneshot::Sender<Inspection>) {
        let count = |batch: &Option<Box<super::batch::Batch<A>>>| {
            batch.as_ref().map_or(0, |batch| batch.decided.len())
        };
        // A caller who has gone does not need the answer.
        let _ = reply.send(Inspection {
            stream: self.stream.to_string(),
            version: self.tip.version,
            position: self.position,
            state_hash: state_hash(&*self.committed).ok(),
            state: serde_json::to_value(&*self.committed).unwrap_or(serde_json::Value::Null),
            snapshot: self.snapshot,
            unanswered: self.desk.unanswered(),
            flying: count(&self.flight),
            forming: count(&self.forming),
        });
    }

    /// Replaces the state by one folded from the first event, if that says something else at the same version. A busy
    /// actor only compares: what it has decided rests on its state.
    pub(super) async fn refold(
        &mut self,
        reply: oneshot::Sender<Drift>,
        myself: &ActorRef<Message>,
    ) -> Result<(), ActorProcessingErr> {
        let afresh = match self.system.log.load_afresh::<A>(&self.stream).await {
            Ok(afresh) => afresh,
            // Without an answer the operator sees that the log cannot be read; the state is not in doubt.
            Err(LoadError::Read(_)) => return Ok(()),
            Err(broken) => return Err(broken.into()),
        };
        if afresh.tip != self.tip {
            // Another writer was here, or an append of ours has just become durable.
            if self.flight.is_none() && self.forming.is_none() {
                self.load(myself).await?;
            }
            let hash = state_hash(&afresh.state).ok();
            let _ = reply.send(Drift { version: afresh.tip.version, live: hash, folded: hash });
            return Ok(());
        }
        let drift = Drift {
            version: self.tip.version,
            live: state_hash(&*self.committed).ok(),
            folded: state_hash(&afresh.state).ok(),
        };
        if !drift.is_none() && self.flight.is_none() && self.forming.is_none() {
            *self.committed = afresh.state;
        }
        let _ = reply.send(drift);
        Ok(())
    }
}
