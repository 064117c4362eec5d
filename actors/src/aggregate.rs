//! The actor of one aggregate: loads it, decides its commands one after another on a working copy, appends what follows,
//! and answers once that is durable.
//!
//! The actor never waits for a commit. While one append is on its way, the commands that arrive are decided on top of
//! it and form the next one; the verdict comes back as a message. If it is bad, everything decided but not committed is
//! dropped, the stream is folded again and the commands are decided again, in their order. An answer without events has no
//! verdict: the actor asks where the stream ends before it gives one, because another process may have moved that on.

mod batch;
mod command;
mod deciding;
mod desk;
mod inspect;
mod live;
mod memory;
mod snapshots;
mod system;
mod verdict;

use std::marker::PhantomData;
use std::sync::Arc;

use events::decider::Kept;
use events::log::ReadError;
use events::{StreamName, StreamTip};
use ractor::{Actor, ActorProcessingErr, ActorRef};
use tokio::sync::oneshot;

pub use batch::{BATCH_BYTES_MAX, BATCH_COMMANDS_MAX};
pub(crate) use command::{Answered, Permit, Waiting};
pub use command::{CommandEnvelope, CommandError, Receipt};
pub(crate) use desk::{Desk, Succession, Wake};
pub use inspect::{Drift, Inspection};
use live::Live;
pub use memory::REMEMBERED_COMMANDS;
pub use snapshots::{DOUBLE_FOLD_EVERY, SLOW_LOAD, SNAPSHOT_EVERY, SNAPSHOT_ON_LEAVING};
pub use system::ActorStats;
pub(crate) use system::System;
pub use verdict::CONFLICT_ATTEMPTS;
use verdict::Verdict;

/// What the actor of an aggregate is told. Commands are not among it: they lie on its desk.
pub(crate) enum Message {
    /// Something lies on the desk.
    Work,
    /// The log has decided about the append that was on its way.
    Verdict(Box<Verdict>),
    /// Where the stream ends, now that answers without events follow from where the actor believes it ends.
    Checked(Box<Result<StreamTip, ReadError>>),
    /// Finish what is on its way and leave.
    Retire,
    /// Show what you know.
    Inspect(oneshot::Sender<Inspection>),
    /// Fold the stream from its first event and go on from there; answers whether that changed the state.
    Refold(oneshot::Sender<Drift>),
}

/// The actor of one aggregate.
pub(crate) struct AggregateActor<A: Kept>(PhantomData<fn() -> A>);

impl<A: Kept> AggregateActor<A> {
    pub(crate) const fn new() -> Self {
        Self(PhantomData)
    }
}

/// What an actor is started with.
pub(crate) struct Start<A: Kept> {
    pub(crate) system: Arc<System<A>>,
    pub(crate) stream: StreamName,
    pub(crate) desk: Arc<Desk<A>>,
}

impl<A: Kept> Actor for AggregateActor<A> {
    type Msg = Message;
    type State = Live<A>;
    type Arguments = Start<A>;

    async fn pre_start(
        &self,
        _myself: ActorRef<Message>,
        start: Start<A>,
    ) -> Result<Live<A>, ActorProcessingErr> {
        Ok(Live::new(start.system, start.stream, start.desk))
    }

    async fn post_start(
        &self,
        myself: ActorRef<Message>,
        live: &mut Live<A>,
    ) -> Result<(), ActorProcessingErr> {
        Box::pin(live.load(&myself)).await?;
        Box::pin(live.work(&myself)).await;
        Ok(())
    }

    // What can be large is boxed: the future of this function is part of every live actor.
    async fn handle(
        &self,
        myself: ActorRef<Message>,
        message: Message,
        live: &mut Live<A>,
    ) -> Result<(), ActorProcessingErr> {
        match message {
            Message::Work => Box::pin(live.work(&myself)).await,
            Message::Verdict(verdict) => {
                Box::pin(live.settle(*verdict, &myself)).await?;
                Box::pin(live.work(&myself)).await;
            }
            Message::Checked(found) => {
                Box::pin(live.check(*found, &myself)).await?;
                Box::pin(live.work(&myself)).await;
            }
            Message::Retire => live.retire(&myself),
            Message::Inspect(reply) => live.inspect(reply),
            Message::Refold(reply) => Box::pin(live.refold(reply, &myself)).await?,
        }
        Ok(())
    }
}
