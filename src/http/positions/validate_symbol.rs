//! `POST /positions/validate-symbol`

use axum::extract::State;
use events::position::InvestmentClass;
use events::{OptionContract, PositionSymbol, Symbol};
use projections::closes::Known;
use projections::instruments;
use serde::Serialize;
use utoipa::ToSchema;

use crate::http::answer::{Answer, Envelope};
use crate::http::body::{Body, FromMembers, Members};
use crate::http::error::ApiError;
use crate::http::idempotency::{WriteParameters, Writing};
use crate::http::state::Api;

/// A symbol to be looked at.
#[derive(Debug, ToSchema)]
#[expect(dead_code, reason = "describes what FromMembers reads")]
pub struct ValidateSymbol {
    /// The symbol as somebody typed it.
    #[schema(example = "aapl")]
    symbol: String,
}

/// What is asked.
#[derive(Debug)]
pub struct Wish(String);

impl FromMembers for Wish {
    fn read(members: &mut Members) -> Option<Self> {
        members.required("symbol").map(Self)
    }
}

/// What is known of a company or fund.
#[derive(Debug, Serialize, ToSchema)]
pub struct SymbolProfile {
    /// Its name.
    company_name: String,
    /// Its sector.
    sector: Option<String>,
    /// Its industry.
    industry: Option<String>,
}

/// Whether positions can have a symbol.
#[derive(Debug, Serialize, ToSchema)]
pub struct SymbolVerdict {
    /// Whether they can.
    valid: bool,
    /// The symbol as it is kept, or as it was typed if it is not valid.
    #[schema(example = "AAPL")]
    symbol: String,
    /// Why it is not valid, or what to know about it.
    message: Option<String>,
    /// The class that a position of it has unless another one is given.
    #[schema(value_type = Option<String>, example = "PUBLIC")]
    class_guess: Option<InvestmentClass>,
    /// Whether the market store has daily prices of it, or of the underlying.
    has_prices: bool,
    /// What is known of the company or fund behind it.
    profile: Option<SymbolProfile>,
}

/// Says whether positions can have a symbol, as what, and whether there are prices of it.
#[utoipa::path(post, path = "/api/v1/positions/validate-symbol", tag = "positions", operation_id = "validate_symbol",
    extensions(("x-access" = json!("signed-in"))), params(WriteParameters), request_body = ValidateSymbol,
    responses((status = 200, description = "A verdict", body = Envelope<SymbolVerdict>)))]
pub async fn validate(
    State(api): State<Api>,
    Writing { caller, .. }: Writing,
    Body { value: Wish(typed), .. }: Body<Wish>,
) -> Result<Answer<SymbolVerdict>, ApiError> {
    let typed = typed.trim();
    let (symbol, class, market) = match parsed(typed) {
        Ok(parsed) => parsed,
        Err(message) => {
            let verdict = SymbolVerdict {
                valid: false,
                symbol: typed.to_owned(),
                message: Some(message),
                class_guess: None,
                has_prices: false,
                profile: None,
            };
            return Ok(Answer::ok(&caller, verdict));
        }
    };
    let wanted: Vec<Symbol> = market.into_iter().collect();
    let closes = &api.app().closes;
    let vintage = closes.vintage(Known::Newest).await?;
    let has_prices = closes.histories(&wanted, vintage).await?.iter().any(Option::is_some);
    let profiles = instruments::profiles(&**api.shared().await?, &wanted, None).await?;
    let profile = profiles.into_values().next().map(|known| SymbolProfile {
        company_name: known.profile.company_name,
        sector: known.profile.sector,
        industry: known.profile.industry,
    });
    let unknown = "no prices are known: the position can be PRIVATE, or has no value until there are";
    let verdict = SymbolVerdict {
        valid: true,
        symbol,
        message: (!has_prices).then(|| unknown.to_owned()),
        class_guess: Some(class),
        has_prices,
        profile,
    };
    Ok(Answer::ok(&caller, verdict))
}

/// The symbol as it is kept, its class, and what the market calls it.
fn parsed(typed: &str) -> Result<(String, InvestmentClass, Option<Symbol>), String> {
    if OptionContract::looks_like(typed) {
        let contract: OptionContract =
            typed.parse().map_err(|error: events::option_contract::ContractError| error.to_string())?;
        return Ok((contract.occ_symbol(), InvestmentClass::Options, Some(contract.underlying)));
    }
    let symbol: PositionSymbol =
        typed.parse().map_err(|error: events::position::InvalidPositionSymbol| error.to_string())?;
    let market = symbol.traded();
    // What is too long for a market can only be private.
    let class = if market.is_some() { InvestmentClass::Public } else { InvestmentClass::Private };
    Ok((symbol.to_string(), class, market))
}
