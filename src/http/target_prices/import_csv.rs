//! `POST /target-prices/{portfolio_id}/import-csv`

use axum::extract::State;
use axum::http::StatusCode;
use events::PortfolioId;
use events::portfolio::ExistingTarget;
use serde::Serialize;
use utoipa::ToSchema;

use super::{created, sheet};
use crate::http::answer::{Answer, Envelope};
use crate::http::error::ApiError;
use crate::http::form::{Fields, File, Form, FromForm};
use crate::http::idempotency::{ConditionParameters, WriteParameters, Writing};
use crate::http::path::Path;
use crate::http::state::Api;

/// A file of target prices.
#[derive(Debug, ToSchema)]
#[expect(dead_code, reason = "describes what FromForm reads")]
pub struct ImportTargetPrices {
    /// The file: a table in UTF-8 with a header, up to 10 MiB and 5,000 rows. Its columns are `symbol`, `position_type`,
    /// `target_eoy`, `target_next_year`, `downside` and `current_price`; others are left alone.
    #[schema(format = Binary, content_media_type = "text/csv")]
    csv_file: String,
    /// Whether symbols and types that have target prices get those of the file; by default the file is refused then.
    update_existing: Option<bool>,
}

/// What is asked.
#[derive(Debug)]
pub struct Wish {
    file: File,
    existing: ExistingTarget,
}

impl FromForm for Wish {
    fn read(fields: &mut Fields) -> Option<Self> {
        let updates = fields.optional("update_existing").unwrap_or(false);
        let existing = if updates { ExistingTarget::Update } else { ExistingTarget::Refuse };
        Some(Self { file: fields.file("csv_file")?, existing })
    }
}

/// What an import did.
#[derive(Debug, Serialize, ToSchema)]
pub struct ImportedTargetPrices {
    /// Rows that created target prices.
    created: usize,
    /// Rows whose symbol and type had some, which are now as the row says.
    updated: usize,
}

/// Reads target prices from a file: all of them, or none where a rule is broken (422 with every broken rule of every row).
/// A row says all there is to say of its symbol and type: an empty cell is no target.
#[utoipa::path(post, path = "/api/v1/target-prices/{portfolio_id}/import-csv", tag = "target prices",
    operation_id = "import_target_prices", extensions(("x-access" = json!("own-portfolio"))),
    params(("portfolio_id" = Uuid, Path, description = "The portfolio"), WriteParameters, ConditionParameters),
    request_body(content = ImportTargetPrices, content_type = "multipart/form-data"),
    responses((status = 201, description = "What was done", body = Envelope<ImportedTargetPrices>),
        (status = 409, description = "A symbol and type has target prices already",
            body = crate::http::problem::Problem, content_type = "application/problem+json"),
        (status = 412, description = "The portfolio has another version than `If-Match` says",
            body = crate::http::problem::Problem, content_type = "application/problem+json")))]
pub async fn import(
    State(api): State<Api>,
    Path(portfolio_id): Path<PortfolioId>,
    writing: Writing,
    form: Form<Wish>,
) -> Result<Answer<ImportedTargetPrices>, ApiError> {
    let Wish { file, existing } = form.value;
    let drafts = sheet::read(&file.bytes).map_err(ApiError::Invalid)?;
    let (receipt, ids) = created(&api, portfolio_id, &writing, (drafts, form.hash), existing).await?;
    // The ids of a command are its own: those that are there now are what it created.
    let portfolio = api.portfolio_in_log(portfolio_id).await?;
    let created = ids.iter().filter(|id| portfolio.targets.contains_key(id)).count();
    let data = ImportedTargetPrices { created, updated: ids.len() - created };
    Ok(Answer::written(&writing.caller, &receipt, data).status(StatusCode::CREATED))
}
