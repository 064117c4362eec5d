//! A portfolio as the API shows it.

use events::position::AccountType;
use events::{Cash, PortfolioId, Position, Principal, Version};
use jiff::Timestamp;
use jiff::civil::Date;
use projections::portfolios::HistoryEntry;
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::http::books::Reading;
use crate::http::error::ApiError;

/// A portfolio.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct PortfolioView {
    /// Its id.
    #[schema(value_type = String, format = Uuid)]
    id: PortfolioId,
    /// Whose it is.
    #[schema(value_type = String)]
    user_id: Principal,
    /// Name for people.
    #[schema(example = "Growth")]
    name: String,
    /// Name of the account that holds it; unique among its owner's.
    #[schema(example = "Broker 1234")]
    account_name: String,
    /// `taxable`, `ira`, `roth_ira`, `401k`, `403b`, `529`, `hsa`, `trust` or `other`.
    #[schema(value_type = String, example = "taxable")]
    account_type: AccountType,
    /// What it is for.
    description: Option<String>,
    /// What its amounts are in.
    #[schema(example = "USD")]
    currency: String,
    /// Equity on the date: what it began with, what it earned since, and what came and went; null where nobody said
    /// what it began with.
    #[schema(value_type = Option<String>, example = "100000")]
    pub(in crate::http) equity_balance: Option<Cash>,
    /// Capital at the inception.
    #[schema(value_type = Option<String>, example = "100000")]
    opening_equity: Option<Cash>,
    /// The day on which that capital counts.
    #[schema(value_type = String, format = Date)]
    inception_date: Date,
    /// Whether its owner uses it.
    pub(in crate::http) is_active: bool,
    /// How many lots are open on the date.
    #[schema(example = 12)]
    position_count: usize,
    /// Cash and all that is held, less what is owed: the equity.
    #[schema(value_type = Option<String>, example = "104211.5")]
    net_asset_value: Option<Cash>,
    /// Version of its stream: what `If-Match` names.
    #[schema(value_type = i64, example = 4)]
    pub version: Version,
    /// When it was opened.
    created_at: Timestamp,
    /// When it was last changed.
    updated_at: Timestamp,
    /// When it was deleted, while it is.
    deleted_at: Option<Timestamp>,
}

/// The portfolios of somebody.
#[derive(Debug, Serialize, ToSchema)]
pub struct PortfoliosView {
    /// One page of them.
    pub portfolios: Vec<PortfolioView>,
    /// How many there are on the page.
    pub total_count: usize,
    /// How many of them are used.
    pub active_count: usize,
    /// What they are worth together; null where one of them is not known.
    #[schema(value_type = Option<String>, example = "104211.5")]
    pub net_asset_value: Option<Cash>,
}

impl PortfolioView {
    /// A portfolio on a date.
    pub(in crate::http) async fn of(reading: &Reading) -> Result<Self, ApiError> {
        let equity = reading.equity().await?;
        let portfolio = reading.portfolio();
        let none = || ApiError::not_found("portfolio", reading.book.portfolio_id);
        let settings = portfolio.settings.clone().ok_or_else(none)?;
        Ok(Self {
            id: reading.book.portfolio_id,
            user_id: reading.book.owner.clone(),
            name: settings.name,
            account_name: settings.account_name,
            account_type: settings.account_type,
            description: settings.description,
            currency: settings.currency.to_string(),
            equity_balance: equity,
            opening_equity: settings.opening_equity,
            inception_date: settings.inception_date,
            is_active: settings.is_active,
            position_count: portfolio.holdings_on(reading.date).len(),
            net_asset_value: equity,
            version: reading.book.version,
            created_at: settings.created_at,
            updated_at: settings.updated_at,
            deleted_at: settings.closed_at,
        })
    }
}

/// One event of a portfolio.
#[derive(Debug, Serialize, ToSchema)]
pub struct HistoryEntryView {
    /// Where the log recorded it.
    #[schema(value_type = i64, example = 1042)]
    position: Position,
    /// The version of the portfolio after it.
    #[schema(value_type = i64, example = 4)]
    version: Version,
    /// What happened.
    #[serde(rename = "type")]
    #[schema(example = "LotOpened")]
    event_type: String,
    /// What it is about: `settings`, `lot`, `equity_change`, `equity_adjustment`, `mark` or `target`.
    #[schema(example = "lot")]
    kind: String,
    /// Which of that kind.
    key: String,
    /// What it says.
    #[schema(value_type = Object)]
    data: Value,
    /// Who did it.
    #[schema(value_type = String)]
    principal: Principal,
    /// The administrator who acted as them, where one did.
    #[schema(value_type = Option<String>)]
    impersonated_by: Option<Principal>,
    /// In which request.
    request_id: Option<String>,
    /// By which command.
    command_id: Uuid,
    /// When the log learned it.
    recorded_at: Timestamp,
}

impl From<HistoryEntry> for HistoryEntryView {
    fn from(entry: HistoryEntry) -> Self {
        Self {
            position: entry.position,
            version: entry.version,
            event_type: entry.event_type,
            kind: entry.kind,
            key: entry.key,
            data: entry.event,
            principal: entry.principal,
            impersonated_by: entry.impersonated_by,
            request_id: entry.request_id,
            command_id: entry.command_id.uuid(),
            recorded_at: entry.recorded_at,
        }
    }
}
