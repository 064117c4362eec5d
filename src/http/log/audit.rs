//! `POST /log/audit`

use std::time::{Duration, Instant};

use axum::extract::State;
use events::log::{Log, ReadError};
use events::{StreamName, Version};
use serde::Serialize;
use utoipa::{IntoParams, ToSchema};

use crate::http::answer::{Answer, Envelope};
use crate::http::aside::aside;
use crate::http::body::{Body, NoBody};
use crate::http::error::ApiError;
use crate::http::idempotency::{WriteParameters, Writing};
use crate::http::page::NumberCursor;
use crate::http::query::{FromParameters, Parameters, Query};
use crate::http::state::Api;

/// How long one request verifies; the answer then says where to go on.
const PATIENCE: Duration = Duration::from_secs(10);

/// Where to begin.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Where {
    /// `next_cursor` of the part before.
    #[param(value_type = Option<String>)]
    cursor: Option<NumberCursor<'v'>>,
}

impl FromParameters for Where {
    fn read(parameters: &mut Parameters) -> Option<Self> {
        Some(Self { cursor: parameters.optional("cursor") })
    }
}

/// What was verified.
#[derive(Debug, Default, Serialize, ToSchema)]
pub struct LogAuditView {
    /// Streams of this part.
    #[schema(example = 42)]
    streams: u64,
    /// Their events.
    #[schema(example = 1042)]
    events: u64,
    /// Streams of the log.
    #[schema(example = 42)]
    streams_total: u64,
    /// Streams in which something was changed.
    differing: Vec<StreamFaultView>,
}

/// A stream in which something was changed.
#[derive(Debug, Serialize, ToSchema)]
pub struct StreamFaultView {
    /// The stream.
    #[schema(value_type = String, example = "run-16f477ea-90df-8b17-8cc5-53480a2e7bb2")]
    stream: StreamName,
    /// The event at which it shows.
    #[schema(value_type = i64, example = 3)]
    first_bad_version: Version,
    /// What differs.
    fault: String,
}

/// Verifies the hash chains of all streams, as many as take ten seconds; while `meta.next_cursor` is there, go on with it.
/// It changes nothing. What differs is in the report; the answer is 200 all the same.
#[utoipa::path(post, path = "/api/v1/log/audit", tag = "events", operation_id = "audit_log",
    extensions(("x-access" = json!("examine-log"))), params(Where, WriteParameters),
    responses((status = 200, description = "What was verified", body = Envelope<LogAuditView>)))]
pub async fn audit(
    State(api): State<Api>,
    Query(Where { cursor }): Query<Where>,
    writing: Writing,
    Body { value: NoBody, .. }: Body<NoBody>,
) -> Result<Answer<LogAuditView>, ApiError> {
    let log = api.log().clone();
    let from = cursor.map_or(0, |cursor| usize::try_from(cursor.0).unwrap_or(usize::MAX));
    let work = move || async move { verify(&log, from).await };
    let (view, next) = aside(&api, "auditing the log", work).await??;
    Ok(Answer::ok(&writing.caller, view).next(next))
}

/// Streams are numbered as they come to be and never go: a place among them stays where it is.
async fn verify(log: &Log, from: usize) -> Result<(LogAuditView, Option<NumberCursor<'v'>>), ReadError> {
    let begun = Instant::now();
    let streams = log.streams().await?;
    let streams_total = u64::try_from(streams.len()).unwrap_or(u64::MAX);
    let mut view = LogAuditView { streams_total, ..LogAuditView::default() };
    for (place, stream) in streams.iter().enumerate().skip(from) {
        if place > from && begun.elapsed() > PATIENCE {
            let next = i64::try_from(place).unwrap_or(i64::MAX);
            return Ok((view, Some(NumberCursor(next))));
        }
        let verified = log.verify_stream(stream).await?;
        view.streams += 1;
        view.events += verified.events;
        view.differing.extend(verified.fault.map(|fault| StreamFaultView {
            stream: verified.stream,
            first_bad_version: fault.version(),
            fault: fault.to_string(),
        }));
    }
    Ok((view, None))
}
