//! A model as the API shows it.

use std::collections::BTreeSet;

use events::model::{ActiveModel, ModelSettings, Risk};
use events::policy::{FillRule, OrderType, PolicySpec};
use events::{Cash, Metadata, ModelId, Principal, Rate, Recorded, Symbol, Version};
use jiff::Timestamp;
use projections::models::ModelRow;
use serde::Serialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;

/// A policy by name and parameters.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct PolicyView {
    /// `builtin/buy-and-hold`, `builtin/equal-weight`, `builtin/sma-cross`, `builtin/momentum`,
    /// `builtin/mean-reversion` or `recorded`.
    #[schema(example = "builtin/sma-cross")]
    name: String,
    /// Its parameters; what is left out of a request has its default.
    #[schema(value_type = Object, example = json!({"fast": 10, "slow": 50}))]
    parameters: Map<String, Value>,
}

/// A trading model.
#[derive(Debug, Serialize, ToSchema)]
pub struct ModelView {
    /// Its id.
    #[schema(value_type = String, format = Uuid)]
    pub model_id: ModelId,
    /// Who created it.
    #[schema(value_type = String, example = "local")]
    pub owner: Principal,
    /// Its name in addresses; it never changes.
    #[schema(example = "golden-cross")]
    pub signature: String,
    /// Its settings.
    #[serde(flatten)]
    pub settings: SettingsView,
    /// How many runs it has had.
    #[schema(example = 3)]
    pub runs: i64,
    /// Version of its stream: what `If-Match` names.
    #[schema(value_type = i64, example = 4)]
    pub version: Version,
    /// When it was created.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
}

/// The settings of a model.
#[derive(Debug, Serialize, ToSchema)]
pub struct SettingsView {
    /// Name for people.
    #[schema(example = "Golden cross")]
    name: String,
    /// What it is for.
    description: Option<String>,
    /// What decides.
    #[schema(value_type = PolicyView)]
    policy: PolicySpec,
    /// The symbols that may be traded; null means all of the market store.
    #[schema(value_type = Option<Vec<String>>, example = json!(["AAPL", "MSFT"]))]
    symbols: Option<Vec<Symbol>>,
    /// Cash with which a run opens its account.
    #[schema(value_type = String, example = "10000")]
    initial_cash: Cash,
    /// Fee as a fraction of the executed value.
    #[schema(value_type = String, example = "0.001")]
    commission_rate: Rate,
    /// Price concession of market and stop orders, as a fraction.
    #[schema(value_type = String, example = "0.0005")]
    slippage_rate: Rate,
    /// The types of order that are not refused: `market`, `limit`, `stop`, `stop_limit`, `trailing_stop`, `bracket`,
    /// `oco`.
    #[schema(value_type = Vec<String>, example = json!(["market", "limit", "stop"]))]
    allowed_order_types: BTreeSet<OrderType>,
    /// At which price market orders fill: `open`, `next_open`, `same_close` or `next_close`; null means as the
    /// interval of the run suggests.
    #[schema(value_type = Option<String>, example = "open")]
    fill_rule: Option<FillRule>,
    /// What runs are compared with.
    #[schema(value_type = Option<String>, example = "QQQ")]
    benchmark: Option<Symbol>,
    /// What it may risk: the account, its gates, its rules.
    #[schema(value_type = Object)]
    risk: Risk,
}

impl From<ModelSettings> for SettingsView {
    fn from(settings: ModelSettings) -> Self {
        Self {
            name: settings.name,
            description: settings.description,
            policy: settings.policy,
            symbols: settings.symbols,
            initial_cash: settings.initial_cash,
            commission_rate: settings.commission_rate,
            slippage_rate: settings.slippage_rate,
            allowed_order_types: settings.allowed_order_types,
            fill_rule: settings.fill_rule,
            benchmark: settings.benchmark,
            risk: settings.risk,
        }
    }
}

impl From<ModelRow> for ModelView {
    fn from(row: ModelRow) -> Self {
        Self {
            model_id: row.model_id,
            owner: row.owner,
            signature: row.signature,
            settings: row.settings.into(),
            runs: row.runs,
            version: row.version,
            created_at: row.created_at,
            updated_at: row.updated_at,
        }
    }
}

impl ModelView {
    /// From its folded stream, with the stream's first and last event.
    pub(super) fn of_log(
        model_id: ModelId,
        model: &ActiveModel,
        version: Version,
        first: &Recorded,
        last: &Recorded,
    ) -> Self {
        let meta = first.meta.as_ref().and_then(|meta| serde_json::from_slice::<Metadata>(meta).ok());
        Self {
            model_id,
            owner: meta.map_or_else(Principal::local_owner, |meta| meta.principal),
            signature: model.signature.to_string(),
            settings: model.settings.clone().into(),
            runs: i64::try_from(model.runs.len()).unwrap_or(i64::MAX),
            version,
            created_at: first.recorded_at,
            updated_at: last.recorded_at,
        }
    }
}
