//! Aggregates that ask their services, and that change before they refuse.

use std::sync::Arc;

use actors::{CommandError, Directory, DirectoryOptions};
use cqrs_es::event_sink::EventSink;
use events::decider::Kept;
use events::{CommandId, Version};
use serde::{Deserialize, Serialize};
use tokio::sync::Semaphore;

use crate::support::tape::fresh_log;

/// A door that counts who passed. Its service is the key.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
struct Door {
    passed: u32,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Passed {}

events::events! {
    /// What happens at a door.
    pub enum DoorEvent {
        /// Somebody went through.
        DoorPassed(Passed) = 1,
    }
}

#[derive(Debug, Clone, Copy)]
enum DoorCommand {
    /// Wait for the key, then pass.
    PassWithKey,
    /// Pass.
    Pass,
    /// Pass, and refuse after that.
    PassAndStumble,
}

#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[error("stumbled on the way out")]
struct Stumbled;

impl cqrs_es::Aggregate for Door {
    const TYPE: &'static str = "door";
    type Command = DoorCommand;
    type Event = DoorEvent;
    type Error = Stumbled;
    type Services = Arc<Semaphore>;

    async fn handle(
        &mut self,
        command: DoorCommand,
        keys: &Arc<Semaphore>,
        sink: &EventSink<Self>,
    ) -> Result<(), Stumbled> {
        if matches!(command, DoorCommand::PassWithKey) {
            keys.acquire().await.unwrap().forget();
        }
        sink.write(DoorEvent::DoorPassed(Passed {}), self).await;
        if matches!(command, DoorCommand::PassAndStumble) { Err(Stumbled) } else { Ok(()) }
    }

    fn apply(&mut self, DoorEvent::DoorPassed(_): DoorEvent) {
        self.passed += 1;
    }
}

impl Kept for Door {
    const FOLD: u32 = 1;
}

fn new(command: DoorCommand) -> actors::CommandEnvelope<DoorCommand> {
    actors::CommandEnvelope::new(command, CommandId::generate())
}

/// EL-117: a service that takes its time holds up the aggregate that asked it, and no other.
#[tokio::test]
async fn a_slow_service_holds_up_its_own_aggregate_alone() {
    let keys = Arc::new(Semaphore::new(0));
    let doors =
        Directory::<Door>::start(fresh_log().await, keys.clone(), DirectoryOptions::default()).await.unwrap();
    let slow = doors.submit("slow", new(DoorCommand::PassWithKey));
    let behind = doors.submit("slow", new(DoorCommand::Pass));
    for key in ["quick", "other"] {
        doors.execute(key, new(DoorCommand::Pass)).await.unwrap();
    }
    let mut behind = std::pin::pin!(behind.outcome());
    assert!(futures_util::poll!(&mut behind).is_pending(), "what comes behind waits");
    keys.add_permits(1);
    assert_eq!(slow.outcome().await.unwrap().version, Version(1));
    assert_eq!(behind.await.unwrap().version, Version(2));
}

/// EL-110, EL-111: what was changed before the refusal is dropped with it, and nothing is applied twice.
#[tokio::test]
async fn a_refusal_after_a_change_leaves_the_state_as_it_was() {
    let log = fresh_log().await;
    let keys = Arc::new(Semaphore::new(0));
    let doors = Directory::<Door>::start(log.clone(), keys, DirectoryOptions::default()).await.unwrap();
    doors.execute("a", new(DoorCommand::Pass)).await.unwrap();
    for _ in 0..2 {
        let refused = doors.execute("a", new(DoorCommand::PassAndStumble)).await.unwrap_err();
        assert_eq!(refused, CommandError::Refused(Stumbled));
        doors.execute("a", new(DoorCommand::Pass)).await.unwrap();
    }
    assert_eq!(doors.inspect("a").await.unwrap().state["passed"], 3);
    let stored = log.load_afresh::<Door>(&doors.stream("a")).await.unwrap();
    assert_eq!((stored.state.passed, stored.tip.version), (3, Version(3)));
}
