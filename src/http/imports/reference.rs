//! `POST /imports/reference`

use axum::body::Body;
use axum::extract::State;
use events::operations::Operation;
use jiff::Timestamp;
use serde::Serialize;
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};

use super::kept::{Kept, internal, rejected};
use super::prices::{FileName, refusal};
use super::upload::Upload;
use crate::http::answer::{Answer, Envelope};
use crate::http::aside::aside;
use crate::http::entering::Managing;
use crate::http::error::ApiError;
use crate::http::idempotency::WriteParameters;
use crate::http::query::{FromParameters, Parameters, Query};
use crate::http::state::Api;
use crate::market::import::Strictness;
use crate::market::import::reference::{RecordKind, RecordsImported, import_records};
use crate::operations;

/// What the file is called, and what it holds.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Which {
    /// What it holds: `profiles`, `sector_weights`, `rates`, `factors` or `scenarios`.
    #[param(value_type = String, example = "rates")]
    kind: RecordKind,
    /// Its name without folders, for the report.
    #[param(value_type = String, example = "rates.csv")]
    file: FileName,
    /// `true`: store nothing of a file in which a row cannot be taken. Default `false`.
    #[param(value_type = Option<bool>, example = false)]
    strict: bool,
    /// Why, for the record; up to 500 characters.
    reason: Option<String>,
}

impl FromParameters for Which {
    fn read(parameters: &mut Parameters) -> Option<Self> {
        let (kind, file) = (parameters.required("kind"), parameters.required("file"));
        let strict = parameters.optional("strict").unwrap_or_default();
        let reason = parameters.optional("reason");
        Some(Self { kind: kind?, file: file?, strict, reason })
    }
}

/// What became of a file.
#[derive(Debug, Serialize, ToSchema)]
pub struct RecordsImportedView {
    /// Its name.
    #[schema(example = "rates.csv")]
    file: String,
    /// `imported`, or `imported_before`: the same bytes as the same records, and nothing changed.
    #[schema(value_type = String, example = "imported")]
    outcome: &'static str,
    /// The state of the market data that it made; null where it stored nothing new.
    #[schema(example = 4)]
    vintage: Option<i64>,
    /// When.
    imported_at: Timestamp,
    /// Records that were new.
    #[schema(example = 8)]
    records_added: u64,
    /// Records that got other values.
    #[schema(example = 0)]
    records_changed: u64,
    /// Records that were known; null where that was not counted.
    #[schema(example = 0)]
    records_unchanged: Option<u64>,
    /// What was found in the file: counts, rows not taken.
    #[schema(value_type = Object)]
    report: Value,
}

/// Imports reference data from a file: company profiles, sector weights and risk-free rates as CSV or JSON lines, a version
/// of the factor registry or of the stress scenarios as one JSON document.
///
/// Nothing is overwritten: other values are a new vintage. `http.import_bytes_max` bounds the file. It is recorded among the
/// acts before it begins, with what came of it after.
#[utoipa::path(post, path = "/api/v1/imports/reference", tag = "market", operation_id = "import_reference_data",
    extensions(("x-access" = json!("operation"))),
    params(Which, WriteParameters),
    request_body(content = String, content_type = "application/octet-stream", description = "The file as it is"),
    responses((status = 200, description = "What became of it", body = Envelope<RecordsImportedView>)))]
pub async fn import(
    State(api): State<Api>,
    Query(Which { kind, file: FileName(file), strict, reason }): Query<Which>,
    managing: Managing,
    body: Body,
) -> Result<Answer<RecordsImportedView>, ApiError> {
    let strictness = if strict { Strictness::Strict } else { Strictness::Lenient };
    let upload = Upload::receive(&api, &file, body).await?;
    let connected = api.log().connector().connect().await;
    let mut client = connected.map_err(|error| internal(error.into()))?;
    let at = events::time::now();
    let operation = Operation::import_reference(kind.name(), &file);
    let (operator, asked) = (managing.operator()?, managing.asked(upload.sha256()));
    let begun = api.app().journal.begin(&operator, operation, reason.as_deref().unwrap_or_default(), &asked);
    let begun = begun.await?;
    let work = move || async move {
        let imported = import_records(&mut client, upload.path(), kind, strictness, at).await;
        drop(upload);
        // Here, because the import goes on when nobody waits for it any more.
        begun.end_with(imported, operations::of_records).await
    };
    let (imported, position) = aside(&api, "importing reference data", work).await?.map_err(refusal)?;
    Ok(Answer::ok(&managing.caller, view(file, imported, at)?).at(position))
}

fn view(file: String, imported: RecordsImported, at: Timestamp) -> Result<RecordsImportedView, ApiError> {
    let kept = match imported {
        RecordsImported::Before(before) => Kept::before(before),
        RecordsImported::Refused(report) => return Err(rejected(report.rejected)),
        RecordsImported::Now { stored, report } => Kept::now(&stored, &report, at)?,
    };
    let Kept { outcome, vintage, imported_at, added, changed, unchanged, report } = kept;
    Ok(RecordsImportedView {
        file,
        outcome,
        vintage,
        imported_at,
        records_added: added,
        records_changed: changed,
        records_unchanged: unchanged,
        report,
    })
}
