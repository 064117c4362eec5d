//! `POST /portfolios/{portfolio_id}/import-csv`

use std::str::FromStr;

use axum::extract::State;
use axum::http::StatusCode;
use events::PortfolioId;
use events::portfolio::PortfolioAct;
use utoipa::ToSchema;

use crate::http::answer::{Answer, Envelope};
use crate::http::books::command;
use crate::http::error::ApiError;
use crate::http::form::{Fields, File, Form, FromForm};
use crate::http::idempotency::{ConditionParameters, WriteParameters, Writing};
use crate::http::onboarding::{read_sheet, refuse_faults};
use crate::http::path::Path;
use crate::http::state::Api;
use crate::portfolio_import::{ImportReport, Sheet, new_names, tags_of};

/// A file of positions.
#[derive(Debug, ToSchema)]
#[expect(dead_code, reason = "describes what FromForm reads")]
pub struct ImportPositions {
    /// The file: a table in UTF-8 with a header, up to 10 MiB and 10,000 rows.
    #[schema(format = Binary, content_media_type = "text/csv")]
    csv_file: String,
    /// `dry_run` looks only, and is the default; `append` enters the positions; `replace` enters them instead of all that
    /// there are, which then never existed.
    #[schema(example = "dry_run")]
    mode: Option<String>,
}

/// What an import does.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum Mode {
    #[default]
    DryRun,
    Append,
    Replace,
}

impl FromStr for Mode {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "dry_run" => Ok(Self::DryRun),
            "append" => Ok(Self::Append),
            "replace" => Ok(Self::Replace),
            _ => Err("must be dry_run, append or replace"),
        }
    }
}

/// What is asked.
#[derive(Debug)]
pub struct Wish {
    file: File,
    mode: Mode,
}

impl FromForm for Wish {
    fn read(fields: &mut Fields) -> Option<Self> {
        let mode = fields.optional("mode").unwrap_or_default();
        Some(Self { file: fields.file("csv_file")?, mode })
    }
}

/// Reads positions from a file. By default it only says what it would do: what was recognised, every broken rule of every
/// row, and what is odd. It enters all positions, or none where a rule is broken (422 with all of them).
#[utoipa::path(post, path = "/api/v1/portfolios/{portfolio_id}/import-csv", tag = "portfolios",
    operation_id = "import_positions", extensions(("x-access" = json!("own-portfolio"))),
    params(("portfolio_id" = Uuid, Path, description = "The portfolio"), WriteParameters, ConditionParameters),
    request_body(content = ImportPositions, content_type = "multipart/form-data"),
    responses((status = 200, description = "What would be done", body = Envelope<ImportReport>),
        (status = 201, description = "What was done", body = Envelope<ImportReport>),
        (status = 412, description = "It has another version than `If-Match` says",
            body = crate::http::problem::Problem, content_type = "application/problem+json")))]
pub async fn import(
    State(api): State<Api>,
    Path(portfolio_id): Path<PortfolioId>,
    writing: Writing,
    form: Form<Wish>,
) -> Result<Answer<ImportReport>, ApiError> {
    let Wish { file, mode } = form.value;
    let caller = &writing.caller;
    let (sheet, today) = read_sheet(&api, file).await?;
    let before = api.portfolio_in_log(portfolio_id).await?;
    let remarks = match mode {
        Mode::Replace => sheet.remarks(&events::Portfolio::default(), today),
        Mode::DryRun | Mode::Append => sheet.remarks(&before, today),
    };
    let book = tags_of(api.app(), &caller.principal).await?;
    let new_tags = new_names(&sheet, &book).into_iter().map(str::to_owned).collect();
    let report = ImportReport::of(&sheet, remarks, new_tags);
    if mode == Mode::DryRun {
        return Ok(Answer::ok(caller, report));
    }
    refuse_faults(&sheet)?;
    let mut sheet: Sheet = sheet;
    sheet.tag(api.app(), &caller.principal, writing.command_id, &caller.metadata()).await?;
    let lots = sheet.into_lots(writing.command_id);
    let act = match mode {
        Mode::Replace => PortfolioAct::ReplaceLots(lots),
        Mode::DryRun | Mode::Append => PortfolioAct::OpenLots(lots),
    };
    let envelope = writing.envelope(command(act), form.hash);
    let receipt = api.app().portfolios.execute(portfolio_id, envelope).await?;
    Ok(Answer::written(caller, &receipt, report.imported()).status(StatusCode::CREATED))
}
