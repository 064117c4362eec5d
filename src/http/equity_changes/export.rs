//! `GET /portfolios/{portfolio_id}/equity-changes/export`

use std::fmt::Write as _;

use axum::extract::State;
use axum::response::Response;
use events::PortfolioId;
use projections::Projection;
use projections::portfolios::Portfolios;
use utoipa::IntoParams;

use super::{Dates, EquityChangeView};
use crate::http::books::{AsOf, AsOfParameters};
use crate::http::caller::Caller;
use crate::http::error::ApiError;
use crate::http::path::Path;
use crate::http::position::{AtLeast, PositionParameters};
use crate::http::query::{FromParameters, Parameters, Query};
use crate::http::state::Api;
use crate::http::table::{self, cell};

/// Which flows, in which form.
#[derive(Debug)]
pub struct Which {
    dates: Dates,
    as_of: AsOf,
}

/// The same for the documentation.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "describes what Which reads")]
pub struct WhichParameters {
    /// `csv`, which is also the default.
    #[param(example = "csv")]
    format: Option<String>,
    /// The first date.
    #[param(format = Date)]
    start_date: Option<String>,
    /// The last date, included.
    #[param(format = Date)]
    end_date: Option<String>,
}

impl FromParameters for Which {
    fn read(parameters: &mut Parameters) -> Option<Self> {
        let format: Option<String> = parameters.optional("format");
        if format.is_some_and(|format| format != "csv") {
            parameters.report("format", "EQUITY_010", "must be csv");
        }
        Some(Self { dates: Dates::read(parameters), as_of: AsOf::read(parameters) })
    }
}

/// Gives the contributions and withdrawals of a portfolio as a table (CSV), the oldest first. Another format than `csv`
/// answers `EQUITY_010`.
#[utoipa::path(get, path = "/api/v1/portfolios/{portfolio_id}/equity-changes/export", tag = "equity changes",
    operation_id = "export_equity_changes", extensions(("x-access" = json!("rows"))),
    params(("portfolio_id" = Uuid, Path, description = "The portfolio"), WhichParameters, AsOfParameters,
        PositionParameters),
    responses((status = 200, description = "A table", body = String, content_type = "text/csv")))]
pub async fn export(
    State(api): State<Api>,
    caller: Caller,
    Path(portfolio_id): Path<PortfolioId>,
    Query(which): Query<Which>,
    at_least: AtLeast,
) -> Result<Response, ApiError> {
    at_least.shown_by(&api, &[Portfolios::NAME]).await?;
    let reading = api.reading(&caller, portfolio_id, which.as_of).await?;
    let mut rows = "change_date,change_type,amount,notes,id\r\n".to_owned();
    for (_, change) in EquityChangeView::all(&reading) {
        if change.deleted_at.is_some()
            || !which.dates.hold(change.change_date)
            || change.change_date > reading.date
        {
            continue;
        }
        let notes = cell(change.notes.as_deref().unwrap_or_default());
        // Writing to a string does not fail.
        let _ = write!(
            rows,
            "{},{},{},{notes},{}\r\n",
            change.change_date, change.change_type, change.amount, change.id
        );
    }
    Ok(table::file(&format!("equity-changes-{portfolio_id}.csv"), rows))
}
