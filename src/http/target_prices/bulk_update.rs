//! `PUT /target-prices/{portfolio_id}/bulk-update`

use axum::extract::State;
use events::portfolio::{BULK_MAX, Portfolio, PortfolioAct, TargetEdit, TargetName};
use events::position::{PositionSymbol, PositionType};
use events::{PortfolioId, TargetId};
use serde::Serialize;
use utoipa::ToSchema;

use super::draft::read_edit;
use super::{TargetPriceView, written};
use crate::http::answer::{Answer, Envelope};
use crate::http::body::{Body, FromMembers, Members};
use crate::http::books::command;
use crate::http::error::ApiError;
use crate::http::idempotency::{ConditionParameters, WriteParameters, Writing};
use crate::http::path::Path;
use crate::http::state::Api;

/// Changes of target prices.
#[derive(Debug, ToSchema)]
#[expect(dead_code, reason = "describes what FromMembers reads")]
pub struct ChangeTargetPrices {
    /// 1 to 500 changes: all of them are made, or none.
    updates: Vec<TargetPriceUpdate>,
}

/// A change of the target prices of a symbol and type. What is left out stays; null clears.
#[derive(Debug, ToSchema)]
#[expect(dead_code, reason = "describes what FromMembers reads")]
pub struct TargetPriceUpdate {
    /// What they are of.
    #[schema(example = "AAPL")]
    symbol: String,
    /// Which way the positions look; by default `LONG`.
    position_type: Option<String>,
    /// At the end of the year.
    #[schema(example = "235")]
    target_price_eoy: Option<String>,
    /// At the end of the next year.
    target_price_next_year: Option<String>,
    /// If it goes badly.
    downside_target_price: Option<String>,
    /// The price now, above zero.
    current_price: Option<String>,
}

/// What is asked.
#[derive(Debug)]
pub struct Wish(Vec<TargetEdit>);

impl FromMembers for Wish {
    fn read(members: &mut Members) -> Option<Self> {
        let edits = members.rows("updates", |members| {
            let symbol: Option<PositionSymbol> = members.required("symbol");
            let position_type = members.optional("position_type").unwrap_or(PositionType::Long);
            let edit = |symbol| read_edit(members, TargetName::Of(symbol, position_type));
            symbol.map(edit)
        });
        if let Some(count) = edits.as_ref().map(Vec::len).filter(|count| *count > BULK_MAX) {
            members.report("updates", "too_long", format!("at most {BULK_MAX}, not {count}"));
        }
        edits.map(Self)
    }
}

/// Target prices that were changed.
#[derive(Debug, Serialize, ToSchema)]
pub struct UpdatedTargetPrices {
    /// How many.
    updated: usize,
    /// They after the change, in the order in which they were sent.
    target_prices: Vec<TargetPriceView>,
}

/// Changes target prices by symbol and type, all of them or none; every row that breaks a rule is reported.
#[utoipa::path(put, path = "/api/v1/target-prices/{portfolio_id}/bulk-update", tag = "target prices",
    operation_id = "change_target_prices", extensions(("x-access" = json!("own-portfolio"))),
    params(("portfolio_id" = Uuid, Path, description = "The portfolio"), WriteParameters, ConditionParameters),
    request_body = ChangeTargetPrices,
    responses((status = 200, description = "They after the change", body = Envelope<UpdatedTargetPrices>),
        (status = 412, description = "The portfolio has another version than `If-Match` says",
            body = crate::http::problem::Problem, content_type = "application/problem+json")))]
pub async fn change(
    State(api): State<Api>,
    Path(portfolio_id): Path<PortfolioId>,
    writing: Writing,
    body: Body<Wish>,
) -> Result<Answer<UpdatedTargetPrices>, ApiError> {
    let Wish(edits) = body.value;
    let named: Vec<TargetName> = edits.iter().map(|edit| edit.target.clone()).collect();
    let envelope = writing.envelope(command(PortfolioAct::ChangeTargets(edits)), body.hash);
    let receipt = api.app().portfolios.execute(portfolio_id, envelope).await?;
    let portfolio = api.portfolio_in_log(portfolio_id).await?;
    let ids: Vec<TargetId> = named.iter().filter_map(|name| id_of(&portfolio, name)).collect();
    let target_prices = written(&api, &writing.caller, portfolio_id, &receipt, &ids).await?;
    let data = UpdatedTargetPrices { updated: target_prices.len(), target_prices };
    Ok(Answer::written(&writing.caller, &receipt, data))
}

fn id_of(portfolio: &Portfolio, name: &TargetName) -> Option<TargetId> {
    match name {
        TargetName::Id(id) => Some(*id),
        TargetName::Of(symbol, position_type) => {
            portfolio.target_of(symbol, *position_type).map(|(id, _)| id)
        }
    }
}
