//! Which parked events a verb is about, and what came of it.

use events::{Position, StreamName};
use projections::Projections;
use projections::parked::{Retried, Selection};
use serde::Serialize;
use utoipa::ToSchema;

use crate::http::body::Members;
use crate::http::error::ApiError;

/// Most positions of a request.
const POSITIONS_MAX: usize = 1_000;

/// Parked events of one read model.
#[derive(Debug)]
pub(super) struct Selected {
    pub projection: String,
    pub selection: Selection,
}

impl Selected {
    pub fn read(members: &mut Members) -> Option<Self> {
        let projection = members.required("projection");
        let positions: Option<Vec<Position>> = members.optional("positions");
        let stream: Option<String> = members.optional("stream");
        let first: Option<u32> = members.optional("first");
        let stream = match stream.map(|stream| stream.parse::<StreamName>()) {
            Some(Err(error)) => {
                members.report("stream", "invalid", error);
                return None;
            }
            Some(Ok(stream)) => Some(stream),
            None => None,
        };
        let selection = match (positions, stream, first) {
            (Some(positions), None, None) if (1..=POSITIONS_MAX).contains(&positions.len()) => {
                Selection::Positions(positions)
            }
            (Some(_), None, None) => {
                members.report("positions", "out_of_range", "must be 1 to 1000 positions");
                return None;
            }
            (None, Some(stream), None) => Selection::Stream(stream),
            (None, None, Some(first)) => Selection::First(first),
            _ => {
                members.report("positions", "required", "give one of positions, stream and first");
                return None;
            }
        };
        Some(Self { projection: projection?, selection })
    }

    /// Refuses a read model that there is not.
    pub fn known(self) -> Result<Self, ApiError> {
        match Projections::standard().names().contains(&self.projection.as_str()) {
            true => Ok(self),
            false => Err(ApiError::not_found("projection", self.projection)),
        }
    }
}

/// What came of it.
#[derive(Debug, Serialize, ToSchema)]
pub struct RetriedView {
    /// Events that were applied.
    #[schema(example = 3)]
    applied: u64,
    /// Events that were given up.
    #[schema(example = 0)]
    discarded: u64,
    /// Events of the same streams that still wait.
    #[schema(example = 0)]
    waiting: u64,
    /// Where a stream could not go on, and why.
    failures: Vec<RetryFailureView>,
}

/// An event that could not be applied.
#[derive(Debug, Serialize, ToSchema)]
pub struct RetryFailureView {
    /// The event.
    #[schema(value_type = i64, example = 1042)]
    position: Position,
    /// What went wrong.
    error: String,
}

impl From<Retried> for RetriedView {
    fn from(retried: Retried) -> Self {
        let failures = retried.failures.into_iter();
        let failures =
            failures.map(|failure| RetryFailureView { position: failure.position, error: failure.error });
        Self {
            applied: retried.applied,
            discarded: retried.discarded,
            waiting: retried.waiting,
            failures: failures.collect(),
        }
    }
}
