//! `PUT /portfolios/{portfolio_id}`

use axum::extract::State;
use events::PortfolioId;
use events::portfolio::{PortfolioAct, SettingsChange};
use utoipa::ToSchema;

use super::PortfolioView;
use crate::http::answer::{Answer, Envelope};
use crate::http::body::{Body, FromMembers, Members};
use crate::http::books::command;
use crate::http::error::ApiError;
use crate::http::idempotency::{ConditionParameters, WriteParameters, Writing};
use crate::http::path::Path;
use crate::http::state::Api;

/// What is to change. What is left out stays; null clears what may be absent.
#[derive(Debug, ToSchema)]
#[expect(dead_code, reason = "describes what FromMembers reads")]
pub struct ChangePortfolio {
    /// Name for people.
    #[schema(example = "Growth and income")]
    name: Option<String>,
    /// Name of the account.
    account_name: Option<String>,
    /// What kind of account.
    account_type: Option<String>,
    /// What it is for.
    description: Option<String>,
    /// Three letters.
    currency: Option<String>,
    /// Equity from today on: recorded as an adjustment with today's date, so that the past stays as it was.
    #[schema(example = "120000")]
    equity_balance: Option<String>,
    /// The day on which the opening equity counts.
    #[schema(format = Date)]
    inception_date: Option<String>,
    /// Whether it is used; the last active one stays so.
    is_active: Option<bool>,
}

impl FromMembers for SettingsChange {
    fn read(members: &mut Members) -> Option<Self> {
        Some(Self {
            name: members.change("name"),
            account_name: members.change("account_name"),
            account_type: members.change("account_type"),
            description: members.clearable("description"),
            currency: members.change("currency"),
            equity: members.change("equity_balance"),
            inception_date: members.change("inception_date"),
            is_active: members.change("is_active"),
        })
    }
}

/// Changes the settings that are given.
#[utoipa::path(put, path = "/api/v1/portfolios/{portfolio_id}", tag = "portfolios", operation_id = "change_portfolio",
    extensions(("x-access" = json!("own-portfolio"))),
    params(("portfolio_id" = Uuid, Path, description = "Its id"), WriteParameters, ConditionParameters),
    request_body = ChangePortfolio,
    responses((status = 200, description = "The portfolio after the change", body = Envelope<PortfolioView>),
        (status = 412, description = "It has another version than `If-Match` says",
            body = crate::http::problem::Problem, content_type = "application/problem+json")))]
pub async fn change(
    State(api): State<Api>,
    Path(portfolio_id): Path<PortfolioId>,
    writing: Writing,
    body: Body<SettingsChange>,
) -> Result<Answer<PortfolioView>, ApiError> {
    let siblings = api.siblings(&writing.caller, Some(portfolio_id)).await?;
    let act = PortfolioAct::Change { change: Box::new(body.value), siblings };
    let envelope = writing.envelope(command(act), body.hash);
    let receipt = api.app().portfolios.execute(portfolio_id, envelope).await?;
    let reading = api.written_book(&writing.caller, portfolio_id, &receipt).await?;
    Ok(Answer::written(&writing.caller, &receipt, PortfolioView::of(&reading).await?))
}
