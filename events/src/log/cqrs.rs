//! `cqrs_es::EventStore` over this log (EL-113), so that the framework and tools made for it run on a tape.

use std::collections::HashMap;

use cqrs_es::{AggregateContext, AggregateError, EventEnvelope, EventStore};

use super::{Append, AppendError, Expected, Lane, LoadError, Loaded, Log, NewEvent, ReadError};
use crate::decider::Kept;
use crate::{CommandId, Recorded, StreamName, Tenant, Version};

/// Reserved metadata key: position of the event in the log.
pub const META_POSITION: &str = "tape.seq";
/// Reserved metadata key: when the log recorded it, RFC 3339.
pub const META_RECORDED_AT: &str = "tape.at";

/// The log as an event store of one tenant.
#[derive(Debug, Clone)]
pub struct CqrsStore {
    log: Log,
    tenant: Tenant,
}

/// A loaded aggregate on its way through a command.
#[derive(Debug)]
pub struct CqrsContext<A> {
    stream: StreamName,
    loaded: Loaded<A>,
}

impl<A: Kept> AggregateContext<A> for CqrsContext<A> {
    fn aggregate(&mut self) -> &mut A {
        &mut self.loaded.state
    }
}

impl CqrsStore {
    /// The streams of `tenant`.
    pub const fn new(log: Log, tenant: Tenant) -> Self {
        Self { log, tenant }
    }

    fn stream<A: Kept>(&self, aggregate_id: &str) -> StreamName {
        StreamName::new(self.tenant, A::TYPE, aggregate_id)
    }
}

impl<A: Kept> EventStore<A> for CqrsStore {
    type AC = CqrsContext<A>;

    async fn load_events(
        &self,
        aggregate_id: &str,
    ) -> Result<Vec<EventEnvelope<A>>, AggregateError<A::Error>> {
        let stream = self.stream::<A>(aggregate_id);
        let mut envelopes = Vec::new();
        let mut read = Version::NONE;
        loop {
            let events = self.log.read_stream(&stream, read, 1_000).await.map_err(from_read)?;
            let Some(last) = events.last() else { return Ok(envelopes) };
            read = last.version;
            for event in &events {
                envelopes.extend(envelopes_of(aggregate_id, event)?);
            }
        }
    }

    async fn load_aggregate(&self, aggregate_id: &str) -> Result<CqrsContext<A>, AggregateError<A::Error>> {
        let stream = self.stream::<A>(aggregate_id);
        let loaded = self.log.load(&stream).await.map_err(from_load)?;
        Ok(CqrsContext { stream, loaded })
    }

    async fn commit(
        &self,
        events: Vec<A::Event>,
        context: CqrsContext<A>,
        metadata: HashMap<String, String>,
    ) -> Result<Vec<EventEnvelope<A>>, AggregateError<A::Error>> {
        if events.is_empty() {
            return Ok(Vec::new());
        }
        let encoded = NewEvent::encode_all(&events)
            .map_err(|error| AggregateError::UnexpectedError(Box::new(error)))?;
        // Events that were packed share one place in the stream.
        let packed = encoded.len() < events.len();
        let expected = Expected::Tip(context.loaded.tip);
        let append = Append::of_command(context.stream.clone(), expected, CommandId::generate(), encoded);
        let committed = self.log.append(append, Lane::Orders).await.map_err(from_append)?;
        let first = context.loaded.tip.version.0 + 1;
        Ok(events
            .into_iter()
            .enumerate()
            .map(|(index, payload)| {
                let offset = if packed { 0 } else { i64::try_from(index).unwrap_or(i64::MAX) };
                let mut metadata = metadata.clone();
                metadata.insert(META_POSITION.to_owned(), (committed.first.0 + offset).to_string());
                metadata.insert(META_RECORDED_AT.to_owned(), committed.at.to_string());
                EventEnvelope {
                    aggregate_id: context.stream.key().to_owned(),
                    sequence: usize::try_from(first + offset).unwrap_or_default(),
                    payload,
                    metadata,
                }
            })
            .collect())
    }
}

fn envelopes_of<A: Kept>(
    aggregate_id: &str,
    event: &Recorded,
) -> Result<Vec<EventEnvelope<A>>, AggregateError<A::Error>> {
    let decoded =
        event.decode::<A::Event>().map_err(|error| AggregateError::DeserializationError(Box::new(error)))?;
    let metadata = HashMap::from([
        (META_POSITION.to_owned(), event.position.to_string()),
        (META_RECORDED_AT.to_owned(), event.recorded_at.to_string()),
    ]);
    Ok(decoded
        .into_iter()
        .map(|payload| EventEnvelope {
            aggregate_id: aggregate_id.to_owned(),
            sequence: usize::try_from(event.version.0).unwrap_or_default(),
            payload,
            metadata: metadata.clone(),
        })
        .collect())
}

fn from_read<E: std::error::Error>(error: ReadError) -> AggregateError<E> {
    AggregateError::DatabaseConnectionError(Box::new(error))
}

fn from_load<E: std::error::Error>(error: LoadError) -> AggregateError<E> {
    match error {
        LoadError::Read(error) => from_read(error),
        other => AggregateError::DeserializationError(Box::new(other)),
    }
}

fn from_append<E: std::error::Error>(error: AppendError) -> AggregateError<E> {
    match error {
        AppendError::Conflict { .. } => AggregateError::AggregateConflict,
        AppendError::Unavailable { .. } | AppendError::Unknown { .. } | AppendError::Overloaded { .. } => {
            AggregateError::DatabaseConnectionError(Box::new(error))
        }
        other => AggregateError::UnexpectedError(Box::new(other)),
    }
}
