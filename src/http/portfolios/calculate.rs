//! `POST /portfolios/{portfolio_id}/calculate`

use actors::CommandEnvelope;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use events::time::now;
use events::valuation::{Beside, ValuationAct, ValuationCommand};
use events::{CalculationId, CommandId, PortfolioId};
use serde::Serialize;
use utoipa::ToSchema;

use crate::http::answer::{Answer, Envelope};
use crate::http::body::{Body, FromMembers, Members};
use crate::http::error::ApiError;
use crate::http::idempotency::{WriteParameters, Writing};
use crate::http::path::Path;
use crate::http::state::Api;

/// Names the calculation that a change of a portfolio asked for.
pub const X_RECALCULATION_JOB: HeaderName = HeaderName::from_static("x-recalculation-job");

/// What if one is running.
#[derive(Debug, ToSchema)]
#[expect(dead_code, reason = "describes what FromMembers reads")]
pub struct CalculateBody {
    /// `true`: ask for one more although one is running, which may have begun with older facts. By default that is refused
    /// with 409.
    force: Option<bool>,
}

/// What is read of it.
#[derive(Debug)]
pub struct Wish(Beside);

impl FromMembers for Wish {
    const MAY_BE_EMPTY: bool = true;

    fn read(members: &mut Members) -> Option<Self> {
        let force = members.optional("force").unwrap_or(false);
        Some(Self(if force { Beside::Others } else { Beside::Nothing }))
    }
}

/// A calculation that was asked for.
#[derive(Debug, Serialize, ToSchema)]
pub struct CalculationAsked {
    /// The portfolio.
    #[schema(value_type = String, format = Uuid)]
    portfolio_id: PortfolioId,
    /// The calculation.
    #[schema(value_type = String, format = Uuid)]
    batch_run_id: CalculationId,
    /// `running`.
    #[schema(value_type = String, example = "running")]
    status: &'static str,
    /// In words.
    message: &'static str,
    /// Where to ask how it stands.
    poll_url: String,
}

/// Asks for the snapshots of a portfolio to be computed anew, by any worker. The request is in the log: whatever happens to
/// this process or to the worker, it is done or failed in the end.
#[utoipa::path(post, path = "/api/v1/portfolios/{portfolio_id}/calculate", tag = "portfolios",
    operation_id = "calculate_portfolio", extensions(("x-access" = json!("own-portfolio"))),
    params(("portfolio_id" = Uuid, Path, description = "The portfolio"), WriteParameters),
    request_body(content = Option<CalculateBody>),
    responses((status = 202, description = "It is asked for", body = Envelope<CalculationAsked>)))]
pub async fn calculate(
    State(api): State<Api>,
    Path(portfolio_id): Path<PortfolioId>,
    writing: Writing,
    Body { value: Wish(beside), hash }: Body<Wish>,
) -> Result<Answer<CalculationAsked>, ApiError> {
    let portfolio = api.portfolio_in_log(portfolio_id).await?;
    if portfolio.active().is_none() {
        return Err(ApiError::not_found("portfolio", portfolio_id));
    }
    let calculation_id = CalculationId::derived(&[b"calculate", writing.command_id.uuid().as_bytes()]);
    let envelope = writing.envelope(request(calculation_id, beside), hash);
    let envelope = CommandEnvelope { expected: None, ..envelope };
    let receipt = api.app().valuations.execute(portfolio_id, envelope).await?;
    let poll_url = format!("/api/v1/portfolios/{portfolio_id}/batch-status/{calculation_id}");
    let asked = CalculationAsked {
        portfolio_id,
        batch_run_id: calculation_id,
        status: "running",
        message: "A worker computes its snapshots.",
        poll_url: poll_url.clone(),
    };
    Ok(Answer::ok(&writing.caller, asked)
        .at(receipt.position)
        .status(StatusCode::ACCEPTED)
        .location(&poll_url))
}

/// The same under the path of the portfolio's analytics.
#[utoipa::path(post, path = "/api/v1/analytics/portfolio/{portfolio_id}/calculate", tag = "analytics",
    operation_id = "calculate_analytics_portfolio", extensions(("x-access" = json!("own-portfolio"))),
    params(("portfolio_id" = Uuid, Path, description = "The portfolio"), WriteParameters),
    request_body(content = Option<CalculateBody>),
    responses((status = 202, description = "It is asked for", body = Envelope<CalculationAsked>)))]
pub async fn calculate_analytics(
    api: State<Api>,
    portfolio_id: Path<PortfolioId>,
    writing: Writing,
    body: Body<Wish>,
) -> Result<Answer<CalculationAsked>, ApiError> {
    calculate(api, portfolio_id, writing, body).await
}

fn request(calculation_id: CalculationId, beside: Beside) -> ValuationCommand {
    ValuationCommand { at: now(), act: ValuationAct::Request { calculation_id, beside } }
}

impl Api {
    /// Asks for a calculation after a change, and names it in a header. The change is done whatever comes of this: a
    /// valuation that is behind is found anyway.
    pub(in crate::http) async fn recalculate(
        &self,
        writing: &Writing,
        portfolio_id: PortfolioId,
    ) -> HeaderMap {
        let change = writing.command_id.uuid();
        let parts: [&[u8]; 2] = [b"recalculate", change.as_bytes()];
        let calculation_id = CalculationId::derived(&parts);
        let command = request(calculation_id, Beside::Others);
        let envelope = CommandEnvelope::new(command, CommandId::derived(&parts));
        let envelope = envelope.with_metadata(writing.caller.metadata());
        match self.app().valuations.execute(portfolio_id, envelope).await {
            Ok(_) => HeaderValue::from_str(&calculation_id.to_string())
                .map(|value| HeaderMap::from_iter([(X_RECALCULATION_JOB, value)]))
                .unwrap_or_default(),
            Err(error) => {
                tracing::warn!(error = %error, "A change asks for no calculation: {error}");
                HeaderMap::new()
            }
        }
    }
}
