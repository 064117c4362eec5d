//! `POST /parked-events/retry`

use axum::extract::State;
use events::operations::Operation;
use projections::Projections;
use utoipa::ToSchema;

use super::selection::{RetriedView, Selected};
use crate::http::answer::{Answer, Envelope};
use crate::http::body::{Body, FromMembers, Members};
use crate::http::entering::Managing;
use crate::http::error::ApiError;
use crate::http::idempotency::WriteParameters;
use crate::http::state::Api;
use crate::operations;

/// Which events; one of `positions`, `stream` and `first` must be given.
#[derive(Debug, ToSchema)]
#[expect(dead_code, reason = "describes what FromMembers reads")]
pub struct RetryEvents {
    /// The read model.
    #[schema(example = "runs")]
    projection: String,
    /// Its events at these positions, up to 1,000.
    positions: Option<Vec<i64>>,
    /// All of a stream.
    stream: Option<String>,
    /// The first so many.
    #[schema(example = 10)]
    first: Option<u32>,
    /// Why, for the record; up to 500 characters.
    reason: Option<String>,
}

/// What is read of it.
#[derive(Debug)]
pub struct Retry {
    selected: Selected,
    reason: String,
}

impl FromMembers for Retry {
    fn read(members: &mut Members) -> Option<Self> {
        let selected = Selected::read(members);
        let reason = members.optional("reason").unwrap_or_default();
        Some(Self { selected: selected?, reason })
    }
}

/// Tries the streams of parked events again, each from its first parked event, in order, as far as it goes. It is recorded
/// among the acts before it is done, with what came of it after.
#[utoipa::path(post, path = "/api/v1/parked-events/retry", tag = "operations", operation_id = "retry_parked_events",
    extensions(("x-access" = json!("operation"))), params(WriteParameters), request_body = RetryEvents,
    responses((status = 200, description = "What came of it", body = Envelope<RetriedView>)))]
pub async fn retry(
    State(api): State<Api>,
    managing: Managing,
    Body { value: Retry { selected, reason }, hash }: Body<Retry>,
) -> Result<Answer<RetriedView>, ApiError> {
    let Selected { projection, selection } = selected.known()?;
    let operation = Operation::retry_parked(&projection, &selection.to_string());
    let operator = managing.operator()?;
    let begun = api.app().journal.begin(&operator, operation, &reason, &managing.asked(hash)).await?;
    let by = &operator.principal().0;
    let retried = Projections::standard().retry(&projection, api.log(), &selection, by).await;
    let (retried, position) = begun
        .end_with(retried, operations::of_retried)
        .await
        .map_err(|error| ApiError::Internal { operation: "retrying parked events", source: error.into() })?;
    Ok(Answer::ok(&managing.caller, retried.into()).at(position))
}
