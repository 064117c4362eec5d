//! Carrying out one command on a copy of the state: here, or aside where it computes for long (EL-129).

use std::sync::Arc;

use cqrs_es::event_sink::EventSink;
use events::decider::Kept;
use events::log::NewEvent;
use tokio::runtime::Handle;

use super::batch::{Contribution, Outcome};
use super::system::System;

/// What became of a command, and the state after it where it caused events.
pub(super) type Carried<A> = (Option<Box<A>>, Contribution<<A as cqrs_es::Aggregate>::Error>);

/// Runs `command` on `copy`, which is kept only if the command is accepted: `handle` may have changed it before it failed
/// (EL-111).
pub(super) async fn carry_out<A: Kept>(
    system: &Arc<System<A>>,
    copy: Box<A>,
    command: A::Command,
) -> Carried<A> {
    if A::computes_long(&command) {
        return aside(system.clone(), copy, command).await;
    }
    handle(system, copy, command).await
}

async fn handle<A: Kept>(system: &System<A>, mut copy: Box<A>, command: A::Command) -> Carried<A> {
    let sink = EventSink::default();
    if let Err(broken_rule) = copy.handle(command, &system.services, &sink).await {
        return (None, Outcome::Refused(broken_rule).into());
    }
    // The sink has already applied each event to the copy.
    let events = sink.collect().await;
    if events.is_empty() {
        return (None, Outcome::Nothing.into());
    }
    match NewEvent::encode_all(&events) {
        Ok(events) => (Some(copy), Contribution { outcome: Outcome::Events(events.len()), events }),
        Err(error) => (None, Outcome::Failed(format!("an event cannot be written as JSON: {error}")).into()),
    }
}

/// The same on a thread that may compute; as many at once as there are processors, so that the threads that everybody
/// waits for get their share of them.
async fn aside<A: Kept>(system: Arc<System<A>>, copy: Box<A>, command: A::Command) -> Carried<A> {
    let Ok(turn) = system.turns.clone().acquire_owned().await else {
        return (None, Outcome::Failed("nothing is computed any more".to_owned()).into());
    };
    let runtime = Handle::current();
    let span = tracing::Span::current();
    let computing = tokio::task::spawn_blocking(move || {
        let _turn = turn;
        span.in_scope(|| runtime.block_on(handle(&system, copy, command)))
    });
    match computing.await {
        Ok(carried) => carried,
        Err(error) => match error.try_into_panic() {
            // The actor's own supervision is for it, as if it had been computed here.
            Ok(panic) => std::panic::resume_unwind(panic),
            Err(error) => (None, Outcome::Failed(format!("it was not computed: {error}")).into()),
        },
    }
}
