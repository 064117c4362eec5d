//! `POST /portfolios`

use axum::extract::State;
use axum::http::StatusCode;
use events::PortfolioId;
use events::portfolio::{PortfolioAct, SettingsDraft};
use utoipa::ToSchema;

use super::PortfolioView;
use crate::http::answer::{Answer, Envelope};
use crate::http::body::{Body, FromMembers, Members};
use crate::http::books::command;
use crate::http::error::ApiError;
use crate::http::idempotency::{WriteParameters, Writing};
use crate::http::state::Api;

/// A portfolio to be opened.
#[derive(Debug, ToSchema)]
#[expect(dead_code, reason = "describes what FromMembers reads")]
pub struct CreatePortfolio {
    /// Name for people, up to 255 characters.
    #[schema(example = "Growth")]
    name: String,
    /// Name of the account, up to 100 characters; unique among the portfolios that are not deleted.
    #[schema(example = "Broker 1234")]
    account_name: String,
    /// `taxable`, `ira`, `roth_ira`, `401k`, `403b`, `529`, `hsa`, `trust` or `other`.
    #[schema(example = "taxable")]
    account_type: String,
    /// What it is for, up to 1,000 characters.
    description: Option<String>,
    /// Three letters; by default `USD`.
    #[schema(example = "USD")]
    currency: Option<String>,
    /// Capital at the inception, not negative.
    #[schema(example = "100000")]
    equity_balance: Option<String>,
    /// The day on which that capital counts; by default today in New York, and never later.
    #[schema(format = Date)]
    inception_date: Option<String>,
    /// Whether it is used; by default yes.
    is_active: Option<bool>,
}

impl FromMembers for SettingsDraft {
    fn read(members: &mut Members) -> Option<Self> {
        let name = members.required("name");
        let account_name = members.required("account_name");
        let account_type = members.required("account_type");
        let description = members.optional("description");
        let currency = members.optional("currency");
        let opening_equity = members.optional("equity_balance");
        let inception_date = members.optional("inception_date");
        let is_active = members.optional("is_active");
        Some(Self {
            name: name?,
            account_name: account_name?,
            account_type: account_type?,
            description,
            currency,
            opening_equity,
            inception_date,
            is_active,
        })
    }
}

/// Opens a portfolio. One more than the limit answers 403, a taken account name 409.
#[utoipa::path(post, path = "/api/v1/portfolios", tag = "portfolios", operation_id = "create_portfolio",
    extensions(("x-access" = json!("signed-in"))),
    params(WriteParameters), request_body = CreatePortfolio,
    responses((status = 201, description = "The portfolio", body = Envelope<PortfolioView>, headers(
        ("Location" = String, description = "Its address"),
        ("ETag" = String, description = "Its version"),
        ("X-Tape-Position" = i64, description = "Where the log recorded it")))))]
pub async fn create(
    State(api): State<Api>,
    writing: Writing,
    body: Body<SettingsDraft>,
) -> Result<Answer<PortfolioView>, ApiError> {
    let portfolio_id = PortfolioId::derived(&[b"create", writing.command_id.uuid().as_bytes()]);
    let siblings = api.siblings(&writing.caller, Some(portfolio_id)).await?;
    let act = PortfolioAct::Open { draft: Box::new(body.value), siblings };
    let envelope = writing.envelope(command(act), body.hash);
    let receipt = api.app().portfolios.execute(portfolio_id, envelope).await?;
    let reading = api.written_book(&writing.caller, portfolio_id, &receipt).await?;
    Ok(Answer::written(&writing.caller, &receipt, PortfolioView::of(&reading).await?)
        .status(StatusCode::CREATED)
        .location(&format!("/api/v1/portfolios/{portfolio_id}")))
}
