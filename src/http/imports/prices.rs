//! `POST /imports/prices`

use std::str::FromStr;

use axum::body::Body;
use axum::extract::State;
use events::causes::whole_chain;
use events::operations::Operation;
use events::{Interval, Symbol};
use jiff::Timestamp;
use serde::Serialize;
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};

use super::kept::{Kept, internal, rejected};
use super::upload::Upload;
use crate::http::answer::{Answer, Envelope};
use crate::http::aside::aside;
use crate::http::entering::Managing;
use crate::http::error::ApiError;
use crate::http::idempotency::WriteParameters;
use crate::http::query::{FromParameters, Parameters, Query};
use crate::http::state::Api;
use crate::market::import::{ImportError, ImportOptions, Imported, Strictness, import_path};
use crate::operations;

/// Longest name of a file.
const NAME_BYTES_MAX: usize = 200;

/// The name of a file, without folders.
#[derive(Debug)]
pub(super) struct FileName(pub(super) String);

/// The text cannot be the name of a file.
#[derive(Debug, thiserror::Error)]
#[error("must be the name of a file without folders, up to {NAME_BYTES_MAX} bytes")]
pub(super) struct NoFileName;

impl FromStr for FileName {
    type Err = NoFileName;

    fn from_str(text: &str) -> Result<Self, NoFileName> {
        let is_path = text.contains(['/', '\\']) || text.chars().any(char::is_control);
        let is_folder = text.is_empty() || text == "." || text == "..";
        if is_path || is_folder || text.len() > NAME_BYTES_MAX {
            return Err(NoFileName);
        }
        Ok(Self(text.to_owned()))
    }
}

/// What the file is called, and what to believe instead of it.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Which {
    /// Its name without folders, for the report; where nothing else does, it says the symbol.
    #[param(value_type = String, example = "closes.csv")]
    file: FileName,
    /// `true`: store nothing of a file in which a row cannot be taken. Default `false`.
    #[param(value_type = Option<bool>, example = false)]
    strict: bool,
    /// The symbol of a file of one symbol, instead of what the file or its name says.
    #[param(value_type = Option<String>, example = "AAPL")]
    symbol: Option<Symbol>,
    /// Length of the bars, instead of what the file says: `1d`, `60min` or `1min`.
    #[param(value_type = Option<String>, example = "1d")]
    interval: Option<Interval>,
    /// Time zone of stamps without offset.
    #[param(example = "America/New_York")]
    zone: Option<String>,
    /// Why, for the record; up to 500 characters.
    reason: Option<String>,
}

impl FromParameters for Which {
    fn read(parameters: &mut Parameters) -> Option<Self> {
        let file = parameters.required("file");
        let strict = parameters.optional("strict").unwrap_or_default();
        let symbol = parameters.optional("symbol");
        let interval = parameters.optional("interval");
        let zone = parameters.optional("zone");
        let reason = parameters.optional("reason");
        Some(Self { file: file?, strict, symbol, interval, zone, reason })
    }
}

/// What became of a file.
#[derive(Debug, Serialize, ToSchema)]
pub struct ImportedView {
    /// Its name.
    #[schema(example = "closes.csv")]
    file: String,
    /// `imported`, or `imported_before`: the same bytes with the same options, and nothing changed.
    #[schema(value_type = String, example = "imported")]
    outcome: &'static str,
    /// The state of the price history that it made; null where it stored nothing new.
    #[schema(example = 4)]
    vintage: Option<i64>,
    /// When.
    imported_at: Timestamp,
    /// Bars that were new.
    #[schema(example = 8)]
    bars_added: u64,
    /// Bars that got other values.
    #[schema(example = 0)]
    bars_changed: u64,
    /// Bars that were known; null where that was not counted.
    #[schema(example = 0)]
    bars_unchanged: Option<u64>,
    /// What was found in the file: counts, rows not taken, warnings.
    #[schema(value_type = Object)]
    report: Value,
}

/// Imports prices from a file: CSV of closes or bars, or JSON price series, plain or gzip. The format is recognised.
///
/// Everything in it is stored at once or, where it cannot be read, nothing. The price history is never overwritten: other
/// values of known bars are a new vintage. The same file twice changes nothing. `http.import_bytes_max` bounds it. It is
/// recorded among the acts before it begins, with what came of it after.
#[utoipa::path(post, path = "/api/v1/imports/prices", tag = "market", operation_id = "import_prices",
    extensions(("x-access" = json!("operation"))),
    params(Which, WriteParameters),
    request_body(content = String, content_type = "application/octet-stream", description = "The file as it is"),
    responses((status = 200, description = "What became of it", body = Envelope<ImportedView>)))]
pub async fn import(
    State(api): State<Api>,
    Query(Which { file: FileName(file), strict, symbol, interval, zone, reason }): Query<Which>,
    managing: Managing,
    body: Body,
) -> Result<Answer<ImportedView>, ApiError> {
    let options = ImportOptions { symbol, interval, zone, ..ImportOptions::default() };
    let strictness = if strict { Strictness::Strict } else { Strictness::Lenient };
    let upload = Upload::receive(&api, &file, body).await?;
    let connected = api.log().connector().connect().await;
    let mut client = connected.map_err(|error| internal(error.into()))?;
    let at = events::time::now();
    let operation = Operation::import_prices(&file);
    let (operator, asked) = (managing.operator()?, managing.asked(upload.sha256()));
    let begun = api.app().journal.begin(&operator, operation, reason.as_deref().unwrap_or_default(), &asked);
    let begun = begun.await?;
    let work = move || async move {
        let imported = import_path(&mut client, upload.path(), options, strictness, at).await;
        drop(upload);
        // Here, because the import goes on when nobody waits for it any more.
        begun.end_with(imported, operations::of_prices).await
    };
    let (imported, position) = aside(&api, "importing prices", work).await?.map_err(refusal)?;
    Ok(Answer::ok(&managing.caller, view(file, imported, at)?).at(position))
}

fn view(file: String, imported: Imported, at: Timestamp) -> Result<ImportedView, ApiError> {
    let kept = match imported {
        Imported::Before(before) => Kept::before(before),
        Imported::Now { stored, report } => Kept::now(&stored, &report, at)?,
    };
    let Kept { outcome, vintage, imported_at, added, changed, unchanged, report } = kept;
    Ok(ImportedView {
        file,
        outcome,
        vintage,
        imported_at,
        bars_added: added,
        bars_changed: changed,
        bars_unchanged: unchanged,
        report,
    })
}

/// What is wrong with the file is the sender's; what is wrong with the store is ours.
pub(super) fn refusal(error: ImportError) -> ApiError {
    let code = match error {
        ImportError::Store(error) => return error.into(),
        ImportError::Reference(error) => return error.into(),
        ImportError::Report(error) => return internal(error.into()),
        ImportError::Strict { report } => return rejected(report.rejected),
        ImportError::UnknownZone { .. } => return ApiError::invalid("zone", "unknown", error),
        ImportError::Empty { .. } => "empty",
        ImportError::UnknownFormat { .. } | ImportError::NotRecords { .. } => "unknown_format",
        ImportError::TooManyRows { .. } => "too_many_rows",
        ImportError::LineTooLong { .. } => "line_too_long",
        ImportError::Read { .. } | ImportError::Changed { .. } => "unreadable",
    };
    ApiError::invalid("body", code, whole_chain(&error))
}
