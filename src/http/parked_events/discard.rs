//! `POST /parked-events/discard`

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

/// Which events, and why; one of `positions`, `stream` and `first` must be given.
#[derive(Debug, ToSchema)]
#[expect(dead_code, reason = "describes what FromMembers reads")]
pub struct DiscardEvents {
    /// The read model.
    #[schema(example = "runs")]
    projection: String,
    /// Its events at these positions, up to 1,000.
    positions: Option<Vec<i64>>,
    /// All of a stream.
    stream: Option<String>,
    /// The first so many.
    #[schema(example = 1)]
    first: Option<u32>,
    /// Why; it stays with each event, and no rebuild tries them again.
    #[schema(example = "made by a faulty import")]
    reason: String,
}

/// What is read of it.
#[derive(Debug)]
pub struct Discard {
    selected: Selected,
    reason: String,
}

impl FromMembers for Discard {
    fn read(members: &mut Members) -> Option<Self> {
        let selected = Selected::read(members);
        let reason = members.required("reason");
        Some(Self { selected: selected?, reason: reason? })
    }
}

/// Gives parked events up, then tries what waited behind them. The events stay in the log; the read model goes on without
/// them. It is recorded among the acts before it is done, with what came of it after.
#[utoipa::path(post, path = "/api/v1/parked-events/discard", tag = "operations",
    operation_id = "discard_parked_events",
    extensions(("x-access" = json!("operation"))), params(WriteParameters), request_body = DiscardEvents,
    responses((status = 200, description = "What came of it", body = Envelope<RetriedView>)))]
pub async fn discard(
    State(api): State<Api>,
    managing: Managing,
    Body { value: Discard { selected, reason }, hash }: Body<Discard>,
) -> Result<Answer<RetriedView>, ApiError> {
    let Selected { projection, selection } = selected.known()?;
    let operation = Operation::discard_parked(&projection, &selection.to_string());
    let operator = managing.operator()?;
    let begun = api.app().journal.begin(&operator, operation, &reason, &managing.asked(hash)).await?;
    let by = &operator.principal().0;
    let discarded = Projections::standard().discard(&projection, api.log(), &selection, &reason, by).await;
    let (discarded, position) = begun.end_with(discarded, operations::of_retried).await.map_err(|error| {
        ApiError::Internal { operation: "discarding parked events", source: error.into() }
    })?;
    Ok(Answer::ok(&managing.caller, discarded.into()).at(position))
}
