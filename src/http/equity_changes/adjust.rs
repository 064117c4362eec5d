//! `PUT /analytics/portfolio/{portfolio_id}/equity`

use axum::extract::State;
use events::portfolio::PortfolioAct;
use events::time::TradingDay;
use events::{Cash, PortfolioId};
use jiff::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;

use crate::http::answer::{Answer, Envelope};
use crate::http::body::{Body, FromMembers, Members};
use crate::http::books::{command, today};
use crate::http::error::ApiError;
use crate::http::idempotency::{ConditionParameters, WriteParameters, Writing};
use crate::http::path::Path;
use crate::http::state::Api;

/// Equity to be set.
#[derive(Debug, ToSchema)]
#[expect(dead_code, reason = "describes what FromMembers reads")]
pub struct AdjustEquity {
    /// The equity, not negative.
    #[schema(example = "120000")]
    equity_balance: String,
    /// The New York date at whose end it counts, by default today and never later.
    #[schema(format = Date)]
    adjustment_date: Option<String>,
    /// Why, up to 500 characters.
    notes: Option<String>,
}

/// What is asked.
#[derive(Debug)]
pub struct Wish {
    equity: Cash,
    date: TradingDay,
    notes: Option<String>,
}

impl FromMembers for Wish {
    fn read(members: &mut Members) -> Option<Self> {
        let equity = members.required("equity_balance");
        let date = members.optional("adjustment_date").unwrap_or_else(today);
        let notes = members.optional("notes");
        Some(Self { equity: equity?, date, notes })
    }
}

/// Equity that was set.
#[derive(Debug, Serialize, ToSchema)]
pub struct AdjustedEquity {
    /// The portfolio.
    #[schema(value_type = String, format = Uuid)]
    portfolio_id: PortfolioId,
    /// The equity.
    #[schema(value_type = String, example = "120000")]
    equity_balance: Cash,
    /// The date at whose end it counts.
    #[schema(value_type = String, format = Date)]
    adjustment_date: TradingDay,
    /// Why.
    notes: Option<String>,
    /// When it was set.
    updated_at: Timestamp,
}

/// Sets the equity at the end of a date: an adjustment of its own in the history, which neither P&L nor flows explain.
/// Another one of the same date replaces it.
#[utoipa::path(put, path = "/api/v1/analytics/portfolio/{portfolio_id}/equity", tag = "equity changes",
    operation_id = "adjust_equity", extensions(("x-access" = json!("own-portfolio"))),
    params(("portfolio_id" = Uuid, Path, description = "The portfolio"), WriteParameters, ConditionParameters),
    request_body = AdjustEquity,
    responses((status = 200, description = "The adjustment", body = Envelope<AdjustedEquity>),
        (status = 412, description = "The portfolio has another version than `If-Match` says",
            body = crate::http::problem::Problem, content_type = "application/problem+json")))]
pub async fn adjust(
    State(api): State<Api>,
    Path(portfolio_id): Path<PortfolioId>,
    writing: Writing,
    body: Body<Wish>,
) -> Result<Answer<AdjustedEquity>, ApiError> {
    let Wish { equity, date, notes } = body.value;
    let act = PortfolioAct::AdjustEquity { adjustment_date: date, equity, notes };
    let envelope = writing.envelope(command(act), body.hash);
    let receipt = api.app().portfolios.execute(portfolio_id, envelope).await?;
    let portfolio = api.portfolio_in_log(portfolio_id).await?;
    let set = portfolio.equity_adjustments.get(&date);
    let set = set.ok_or_else(|| ApiError::not_found("equity adjustment", date))?;
    let adjusted = AdjustedEquity {
        portfolio_id,
        equity_balance: set.equity,
        adjustment_date: date,
        notes: set.notes.clone(),
        updated_at: set.recorded_at,
    };
    Ok(Answer::written(&writing.caller, &receipt, adjusted))
}
