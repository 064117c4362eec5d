//! Beginning with positions that are kept elsewhere.

pub mod create_portfolio;
pub mod csv_template;

use events::time::TradingDay;

use super::books::today;
use super::error::ApiError;
use super::form::File;
use super::problem::FieldProblem;
use super::state::Api;
use crate::portfolio_import::{FILE_BYTES_MAX, FileFault, Sheet, TaggingError};

/// The field of the form that holds the file.
const FIELD: &str = "csv_file";

/// Reads a file of positions as of today, which is told beside it.
pub(super) async fn read_sheet(api: &Api, file: File) -> Result<(Sheet, TradingDay), ApiError> {
    let is_csv = |name: &String| name.to_ascii_lowercase().ends_with(".csv");
    if file.name.as_ref().is_some_and(|name| !is_csv(name)) {
        let problem = FieldProblem::new(FIELD, "unknown_format", "must be a file whose name ends in .csv");
        return Err(ApiError::Invalid(vec![FieldProblem {
            rule: Some("ERR_CSV_002".to_owned()),
            ..problem
        }]));
    }
    let today = today();
    let work = move || std::future::ready(Sheet::read(&file.bytes, today));
    let sheet = super::aside::aside(api, "reading positions", work).await?;
    Ok((sheet.map_err(unreadable)?, today))
}

/// Refuses a file in which a rule is broken, with all of them.
pub(super) fn refuse_faults(sheet: &Sheet) -> Result<(), ApiError> {
    if sheet.faults.is_empty() {
        return Ok(());
    }
    let problems = sheet.faults.iter().map(|fault| FieldProblem {
        row: Some(fault.row),
        value: fault.value.clone(),
        rule: fault.rule.map(str::to_owned),
        ..FieldProblem::new(fault.column.unwrap_or("row"), &fault.code, &fault.message)
    });
    Err(ApiError::Invalid(problems.collect()))
}

fn unreadable(fault: FileFault) -> ApiError {
    let rule = fault.rule().map(str::to_owned);
    let problem =
        |field: &str| FieldProblem { rule: rule.clone(), ..FieldProblem::new(field, fault.code(), &fault) };
    match &fault {
        FileFault::TooLarge => ApiError::TooLarge { limit: FILE_BYTES_MAX },
        FileFault::MissingColumns(columns) => {
            ApiError::Invalid(columns.iter().map(|column| problem(column.name())).collect())
        }
        _ => ApiError::Invalid(vec![problem(FIELD)]),
    }
}

impl From<TaggingError> for ApiError {
    fn from(error: TaggingError) -> Self {
        match error {
            TaggingError::Load(error) => error.into(),
            TaggingError::Create(error) => error.into(),
        }
    }
}
