//! One page of events into the tables, with its checkpoint, in one transaction.

pub(crate) mod checkpoint;
pub(crate) mod place;

use std::collections::HashSet;
use std::time::Duration;

use events::causes::whole_chain;
use events::log::Page;
use events::{Position, Recorded, StreamName, Tenant};
use tokio_postgres::types::Type;
use tokio_postgres::{GenericClient, Transaction};

use crate::database::is_transient;
use crate::{OnPoison, Projection, ProjectionError};
use place::Place;

/// How often an event is tried alone before it counts as poison.
pub const ATTEMPTS_MAX: i32 = 5;
/// Before the second attempt; doubles with each.
const ATTEMPT_PAUSE: Duration = Duration::from_millis(20);

/// Why a page was not folded.
#[derive(Debug, thiserror::Error)]
pub(crate) enum FoldError {
    /// Somebody else moved, paused or halted the checkpoint.
    #[error("another worker, a rebuild or an operator moved the checkpoint")]
    Fenced,
    /// The frame around the fold failed.
    #[error("{operation} failed")]
    Frame {
        operation: &'static str,
        #[source]
        source: tokio_postgres::Error,
    },
    /// The fold failed.
    #[error(transparent)]
    Apply(#[from] ProjectionError),
    /// An event cannot be applied, and nothing after it may be.
    #[error("the event at position {position} cannot be applied")]
    Poison {
        position: Position,
        #[source]
        source: ProjectionError,
    },
}

impl FoldError {
    fn frame(operation: &'static str) -> impl FnOnce(tokio_postgres::Error) -> Self {
        move |source| Self::Frame { operation, source }
    }

    /// Whether the same page may fail again because of what is in it.
    fn is_deterministic(&self) -> bool {
        match self {
            Self::Apply(error) => !error.is_transient(),
            // A commit fails for deferred constraints, which are the fold's.
            Self::Frame { source, .. } => source.code().is_some() && !is_transient(source),
            Self::Fenced | Self::Poison { .. } => false,
        }
    }

    fn into_projection_error(self) -> ProjectionError {
        match self {
            Self::Apply(error) | Self::Poison { source: error, .. } => error,
            Self::Frame { operation, source } => ProjectionError::Database { operation, source },
            Self::Fenced => ProjectionError::contradiction("the checkpoint moved"),
        }
    }
}

/// Folds a page: at once when that works, else event by event, parking what cannot be applied.
pub(crate) async fn fold<P: Projection, C: GenericClient + Send + Sync>(
    client: &mut C,
    projection: &P,
    place: &mut Place,
    page: &Page,
) -> Result<(), FoldError> {
    for event in &page.events {
        tracing::trace!(
            position = event.position.0,
            stream = %event.stream,
            command.id = %event.command_id,
            "Folding event {} into {}", event.position, P::NAME
        );
    }
    match fold_at_once(client, projection, place, &page.events, page.scanned_to).await {
        Err(error) if error.is_deterministic() => {
            tracing::debug!(
                projection = P::NAME,
                error = %whole_chain(&error),
                "Folding {} event by event after {}: {error}", P::NAME, place.position
            );
        }
        outcome => return outcome,
    }
    for event in &page.events {
        fold_alone(client, projection, place, event).await?;
    }
    fold_at_once(client, projection, place, &[], page.scanned_to).await
}

async fn fold_at_once<P: Projection, C: GenericClient + Send + Sync>(
    client: &mut C,
    projection: &P,
    place: &mut Place,
    events: &[Recorded],
    to: Position,
) -> Result<(), FoldError> {
    if to == place.position {
        return Ok(());
    }
    let transaction = client.transaction().await.map_err(FoldError::frame("beginning to fold"))?;
    let parked = held_streams(&transaction, place).await?;
    let mine = |event: &&Recorded| place.shard.owns(&event.stream);
    let all = parked.is_empty() && events.iter().all(|event| mine(&event));
    if all {
        apply(projection, &transaction, events).await?;
    } else {
        let (held, flowing): (Vec<Recorded>, Vec<Recorded>) =
            events.iter().filter(mine).cloned().partition(|event| parked.contains(&event.stream));
        for event in &held {
            park(&transaction, place, event, 0, "behind", "waits for an earlier event of its stream").await?;
        }
        apply(projection, &transaction, &flowing).await?;
    }
    finish(transaction, place, to).await
}

async fn apply<P: Projection>(
    projection: &P,
    transaction: &Transaction<'_>,
    events: &[Recorded],
) -> Result<(), FoldError> {
    if events.is_empty() {
        return Ok(());
    }
    Ok(projection.apply(transaction, events).await?)
}

/// Tries one event alone, several times, and parks it when it cannot be applied.
async fn fold_alone<P: Projection, C: GenericClient + Send + Sync>(
    client: &mut C,
    projection: &P,
    place: &mut Place,
    event: &Recorded,
) -> Result<(), FoldError> {
    let mut pause = ATTEMPT_PAUSE;
    let mut attempts = 1;
    let error = loop {
        match fold_at_once(client, projection, place, std::slice::from_ref(event), event.position).await {
            Err(error) if error.is_deterministic() && attempts < ATTEMPTS_MAX => {
                attempts += 1;
                tokio::time::sleep(pause).await;
                pause *= 2;
            }
            Err(error) if error.is_deterministic() => break error.into_projection_error(),
            outcome => return outcome,
        }
    };
    if P::ON_POISON == OnPoison::Halt {
        return Err(FoldError::Poison { position: event.position, source: error });
    }
    let text = whole_chain(&error);
    tracing::error!(
        projection = P::NAME,
        position = event.position.0,
        stream = %event.stream,
        error = %text,
        "{} parked stream {} at position {}: {text}", P::NAME, event.stream, event.position
    );
    let transaction = client.transaction().await.map_err(FoldError::frame("beginning to park"))?;
    held_streams(&transaction, place).await?;
    park(&transaction, place, event, attempts, error.class(), &text).await?;
    finish(transaction, place, event.position).await
}

/// Locks the checkpoint, then reads which streams are parked: both in one round trip, and nobody can change either
/// until the transaction ends.
async fn held_streams(
    transaction: &Transaction<'_>,
    place: &Place,
) -> Result<HashSet<StreamName>, FoldError> {
    let parked = async {
        let statement = include_str!("sql/fold/parked_streams.sql");
        transaction
            .query_typed(statement, &[(&place.name, Type::TEXT), (&place.generation, Type::INT4)])
            .await
    };
    let (locked, parked) = futures_util::future::try_join(place.lock(transaction), parked)
        .await
        .map_err(FoldError::frame("locking the checkpoint"))?;
    if !locked {
        return Err(FoldError::Fenced);
    }
    Ok(parked
        .iter()
        .map(|row| StreamName::new(Tenant(row.get(0)), row.get(1), row.get::<_, &str>(2)))
        .collect())
}

async fn park(
    transaction: &Transaction<'_>,
    place: &Place,
    event: &Recorded,
    attempts: i32,
    class: &str,
    text: &str,
) -> Result<(), FoldError> {
    let stream = &event.stream;
    transaction
        .execute_typed(
            include_str!("sql/fold/park.sql"),
            &[
                (&place.name, Type::TEXT),
                (&place.generation, Type::INT4),
                (&event.position.0, Type::INT8),
                (&stream.tenant().0, Type::INT4),
                (&stream.category(), Type::TEXT),
                (&stream.key(), Type::TEXT),
                (&attempts, Type::INT4),
                (&class, Type::TEXT),
                (&text, Type::TEXT),
            ],
        )
        .await
        .map(drop)
        .map_err(FoldError::frame("parking an event"))
}

async fn finish(transaction: Transaction<'_>, place: &mut Place, to: Position) -> Result<(), FoldError> {
    if !place.advance(&transaction, to).await.map_err(FoldError::frame("moving the checkpoint"))? {
        return Err(FoldError::Fenced);
    }
    transaction.commit().await.map_err(FoldError::frame("committing a page"))?;
    place.position = to;
    Ok(())
}
