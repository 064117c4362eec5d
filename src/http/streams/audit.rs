//! `POST /streams/{stream}/audit`

use std::borrow::Cow;

use axum::extract::State;
use events::{StreamName, Version};
use serde::Serialize;
use utoipa::ToSchema;

use crate::audit::{AuditCheck, AuditReport, chain};
use crate::http::answer::{Answer, Envelope};
use crate::http::aside::aside;
use crate::http::body::{Body, NoBody};
use crate::http::error::ApiError;
use crate::http::idempotency::{WriteParameters, Writing};
use crate::http::path::Path;
use crate::http::query::{NoParameters, Query};
use crate::http::state::Api;

/// What an audit looked at and what it found.
#[derive(Debug, Serialize, ToSchema)]
pub struct AuditView {
    /// The stream.
    #[schema(value_type = String, example = "run-16f477ea-90df-8b17-8cc5-53480a2e7bb2")]
    stream: StreamName,
    /// Each check in the order it was made.
    checks: Vec<AuditCheckView>,
    /// Whether every check passed.
    passed: bool,
}

/// One check.
#[derive(Debug, Serialize, ToSchema)]
pub struct AuditCheckView {
    /// What was checked.
    #[schema(value_type = String, example = "hash chain")]
    name: Cow<'static, str>,
    /// How much was looked at.
    #[schema(example = "12 events")]
    looked_at: String,
    /// The first difference; null where there is none.
    difference: Option<String>,
    /// The event at which it shows.
    #[schema(value_type = Option<i64>)]
    first_bad_version: Option<Version>,
    /// Why it was not made.
    skipped_because: Option<String>,
}

impl From<AuditReport> for AuditView {
    fn from(report: AuditReport) -> Self {
        let checks = report.checks.into_iter().map(AuditCheckView::from).collect();
        Self { stream: report.stream, checks, passed: report.passed }
    }
}

impl From<AuditCheck> for AuditCheckView {
    fn from(check: AuditCheck) -> Self {
        Self {
            name: check.name,
            looked_at: check.looked_at,
            difference: check.difference,
            first_bad_version: check.first_bad_version,
            skipped_because: check.skipped_because,
        }
    }
}

/// Verifies the hash chain of a stream. It changes nothing. What differs is in the report; the answer is 200 all the same.
#[utoipa::path(post, path = "/api/v1/streams/{stream}/audit", tag = "streams", operation_id = "audit_stream",
    extensions(("x-access" = json!("examine-stream"))),
    params(("stream" = String, Path, description = "Its name"), WriteParameters),
    responses((status = 200, description = "What was checked", body = Envelope<AuditView>)))]
pub async fn audit(
    State(api): State<Api>,
    Path(stream): Path<StreamName>,
    Query(NoParameters): Query<NoParameters>,
    writing: Writing,
    Body { value: NoBody, .. }: Body<NoBody>,
) -> Result<Answer<AuditView>, ApiError> {
    let (log, name) = (api.log().clone(), stream.clone());
    let check = aside(&api, "auditing a stream", move || async move { chain(&log, &name).await }).await??;
    Ok(Answer::ok(&writing.caller, AuditReport::of(stream, check).into()))
}
