//! `POST /target-prices/{portfolio_id}/export`

use std::fmt::Write as _;
use std::str::FromStr;

use axum::extract::State;
use axum::response::Response;
use events::{PortfolioId, Price};
use serde::Serialize;
use utoipa::ToSchema;

use super::TargetPriceView;
use super::outlook::Outlook;
use super::sheet::COLUMNS;
use crate::http::body::{Body, FromMembers, Members};
use crate::http::books::AsOf;
use crate::http::caller::Caller;
use crate::http::error::ApiError;
use crate::http::path::Path;
use crate::http::state::Api;
use crate::http::table::{self, cell};

/// Which file.
#[derive(Debug, ToSchema)]
#[expect(dead_code, reason = "describes what FromMembers reads")]
pub struct ExportTargetPrices {
    /// `csv`, which is the default and can be imported again, or `json`.
    #[schema(example = "csv")]
    format: Option<String>,
    /// Whether what follows from them is told, too: ids, times and expected returns. By default no.
    include_metadata: Option<bool>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Format {
    Csv,
    Json,
}

impl FromStr for Format {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "csv" => Ok(Self::Csv),
            "json" => Ok(Self::Json),
            _ => Err("must be csv or json"),
        }
    }
}

/// What is asked.
#[derive(Debug)]
pub struct Wish {
    format: Format,
    include_metadata: bool,
}

impl FromMembers for Wish {
    const MAY_BE_EMPTY: bool = true;

    fn read(members: &mut Members) -> Option<Self> {
        let format: Option<String> = members.optional("format");
        let include_metadata = members.optional("include_metadata").unwrap_or(false);
        match format.as_deref().unwrap_or("csv").parse() {
            Ok(format) => Some(Self { format, include_metadata }),
            Err(message) => {
                members.report("format", "invalid", message);
                None
            }
        }
    }
}

/// Target prices without what follows from them.
#[derive(Debug, Serialize)]
struct Bare<'a> {
    symbol: &'a str,
    position_type: &'static str,
    target_price_eoy: Option<Price>,
    target_price_next_year: Option<Price>,
    downside_target_price: Option<Price>,
    current_price: Option<Price>,
}

impl<'a> Bare<'a> {
    fn of(target: &'a TargetPriceView) -> Self {
        Self {
            symbol: target.symbol.as_str(),
            position_type: target.position_type.name(),
            target_price_eoy: target.target_price_eoy,
            target_price_next_year: target.target_price_next_year,
            downside_target_price: target.downside_target_price,
            current_price: target.current_price,
        }
    }
}

/// Gives the target prices of a portfolio as a file.
#[utoipa::path(post, path = "/api/v1/target-prices/{portfolio_id}/export", tag = "target prices",
    operation_id = "export_target_prices", extensions(("x-access" = json!("own-portfolio"))),
    params(("portfolio_id" = Uuid, Path, description = "The portfolio")), request_body = ExportTargetPrices,
    responses((status = 200, description = "A table, or a JSON list", content(
        (String = "text/csv"), (Vec<TargetPriceView> = "application/json")))))]
pub async fn export(
    State(api): State<Api>,
    caller: Caller,
    Path(portfolio_id): Path<PortfolioId>,
    body: Body<Wish>,
) -> Result<Response, ApiError> {
    api.caught_up().await?;
    let reading = api.reading(&caller, portfolio_id, AsOf::default()).await?;
    let all = Outlook::of(&api, reading).await?.all();
    let Wish { format, include_metadata } = body.value;
    let name = format!("target-prices-{portfolio_id}");
    Ok(match format {
        Format::Csv => table::file(&format!("{name}.csv"), rows(&all, include_metadata)),
        Format::Json => {
            let written = if include_metadata {
                serde_json::to_string(&all)
            } else {
                serde_json::to_string(&all.iter().map(Bare::of).collect::<Vec<_>>())
            };
            let operation = "writing target prices as JSON";
            let text = written.map_err(|source| ApiError::Internal { operation, source: source.into() })?;
            table::attachment(&format!("{name}.json"), "application/json", text)
        }
    })
}

/// The columns that an import reads, and behind them those that it leaves alone.
fn rows(all: &[TargetPriceView], include_metadata: bool) -> String {
    let more = "expected_return_eoy,expected_return_next_year,downside_return,id,created_at,updated_at";
    let mut rows = COLUMNS.join(",");
    if include_metadata {
        let _ = write!(rows, ",{more}");
    }
    rows.push_str("\r\n");
    let price = |price: Option<Price>| price.map(|price| price.to_string()).unwrap_or_default();
    let number = |number: Option<f64>| number.map(|number| number.to_string()).unwrap_or_default();
    for target in all {
        // Writing to a string does not fail.
        let _ = write!(
            rows,
            "{},{},{},{},{},{}",
            cell(target.symbol.as_str()),
            target.position_type,
            price(target.target_price_eoy),
            price(target.target_price_next_year),
            price(target.downside_target_price),
            price(target.current_price)
        );
        if include_metadata {
            let _ = write!(
                rows,
                ",{},{},{},{},{},{}",
                number(target.expected_return_eoy),
                number(target.expected_return_next_year),
                number(target.downside_return),
                target.id(),
                target.created_at,
                target.updated_at
            );
        }
        rows.push_str("\r\n");
    }
    rows
}
