//! `POST /onboarding/create-portfolio`

use axum::extract::State;
use axum::http::StatusCode;
use events::portfolio::{PortfolioAct, SettingsDraft};
use events::time::TradingDay;
use events::{Cash, PortfolioId};
use serde::Serialize;
use utoipa::ToSchema;

use super::{read_sheet, refuse_faults};
use crate::http::answer::{Answer, Envelope};
use crate::http::books::command;
use crate::http::error::ApiError;
use crate::http::form::{Fields, File, Form, FromForm};
use crate::http::idempotency::{WriteParameters, Writing};
use crate::http::state::Api;
use crate::portfolio_import::ImportReport;

/// A portfolio with its positions.
#[derive(Debug, ToSchema)]
#[expect(dead_code, reason = "describes what FromForm reads")]
pub struct CreateWithPositions {
    /// Name for people, up to 255 characters.
    #[schema(example = "Growth")]
    portfolio_name: String,
    /// Name of the account, up to 100 characters; unique among the portfolios that are not deleted.
    #[schema(example = "Broker 1234")]
    account_name: String,
    /// `taxable`, `ira`, `roth_ira`, `401k`, `403b`, `529`, `hsa`, `trust` or `other`.
    #[schema(example = "taxable")]
    account_type: String,
    /// Capital at the inception, above zero.
    #[schema(example = "485000")]
    equity_balance: String,
    /// The day on which that capital counts; by default the first day of an entry in the file.
    #[schema(format = Date)]
    inception_date: Option<String>,
    /// What it is for.
    description: Option<String>,
    /// Its positions: a table in UTF-8 with a header, up to 10 MiB and 10,000 rows.
    #[schema(format = Binary, content_media_type = "text/csv")]
    csv_file: String,
}

/// What is asked.
#[derive(Debug)]
pub struct Wish {
    draft: SettingsDraft,
    file: File,
}

impl FromForm for Wish {
    fn read(fields: &mut Fields) -> Option<Self> {
        let name = fields.required("portfolio_name");
        let account_name = fields.required("account_name");
        let account_type = fields.required("account_type");
        let equity: Option<Cash> = fields.required("equity_balance");
        if equity.is_some_and(|equity| !equity.is_positive()) {
            fields.report("equity_balance", "out_of_range", "must be above 0");
        }
        let inception_date: Option<TradingDay> = fields.optional("inception_date");
        let description = fields.optional("description");
        let file = fields.file("csv_file");
        let draft = SettingsDraft {
            name: name?,
            account_name: account_name?,
            account_type: account_type?,
            description,
            currency: None,
            opening_equity: equity,
            inception_date,
            is_active: None,
        };
        Some(Self { draft, file: file? })
    }
}

/// A portfolio that was opened with positions.
#[derive(Debug, Serialize, ToSchema)]
pub struct CreatedWithPositions {
    /// Its id.
    #[schema(value_type = String, format = Uuid)]
    portfolio_id: PortfolioId,
    /// What became of the file.
    import: ImportReport,
}

/// Opens a portfolio with the positions of a file: all of it, or nothing where a rule is broken.
#[utoipa::path(post, path = "/api/v1/onboarding/create-portfolio", tag = "portfolios",
    operation_id = "create_portfolio_with_positions", extensions(("x-access" = json!("signed-in"))),
    params(WriteParameters),
    request_body(content = CreateWithPositions, content_type = "multipart/form-data"),
    responses((status = 201, description = "The portfolio", body = Envelope<CreatedWithPositions>)))]
pub async fn create(
    State(api): State<Api>,
    writing: Writing,
    form: Form<Wish>,
) -> Result<Answer<CreatedWithPositions>, ApiError> {
    let Wish { mut draft, file } = form.value;
    let caller = &writing.caller;
    let (mut sheet, today) = read_sheet(&api, file).await?;
    refuse_faults(&sheet)?;
    draft.inception_date = draft.inception_date.or_else(|| sheet.first_entry_date());
    let portfolio_id = PortfolioId::derived(&[b"create", writing.command_id.uuid().as_bytes()]);
    let siblings = api.siblings(caller, Some(portfolio_id)).await?;
    let remarks = sheet.remarks(&events::Portfolio::default(), today);
    let tags = sheet.tag(api.app(), &caller.principal, writing.command_id, &caller.metadata()).await?;
    let import = ImportReport::of(&sheet, remarks, tags).imported();
    let lots = sheet.into_lots(writing.command_id);
    let act = PortfolioAct::OpenWithLots { draft: Box::new(draft), siblings, lots };
    let envelope = writing.envelope(command(act), form.hash);
    let receipt = api.app().portfolios.execute(portfolio_id, envelope).await?;
    Ok(Answer::written(caller, &receipt, CreatedWithPositions { portfolio_id, import })
        .status(StatusCode::CREATED)
        .location(&format!("/api/v1/portfolios/{portfolio_id}")))
}
